"""Comparisons over HTTP: arms that are trained with the same seeds, and what follows from it."""

import time
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from normlab.client.dataset_lookup import DatasetsOfService
from normlab.client.events import JobEvent, follow
from normlab.client.formats import ChartFormat, ReportFormat
from normlab.client.pages import pages, several
from normlab.client.specs import Spec, spec_document
from normlab.client.transport import Transport, path_of
from normlab.documents.comparisons import ComparisonDocument, ComparisonList, ComparisonSummary
from normlab.documents.mechanism import MechanismsDocument
from normlab.documents.states import StudyState
from normlab.spec import Datasets, JobSpec


class Comparisons:
    """The comparisons of a service, as ``Client.comparisons``.

    Example:
        Ask whether batch normalization helps; ``verdicts[0].sentence`` says it in words:

        >>> from normlab import Client
        >>> spec = {"dataset": "digits", "training": {"epochs": 1}}
        >>> arms = {"without": "baseline", "with": "baseline_with_batch_norm"}
        >>> with Client() as client:
        ...     comparison = client.comparisons.run(
        ...         {arm: {"architecture": preset, **spec} for arm, preset in arms.items()}, replicates=3
        ...     )
        >>> comparison.progress.pairs, comparison.verdicts[0].b
        (3, 'with')
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._lookup = DatasetsOfService(transport)

    def create(
        self,
        arms: Mapping[str, Spec],
        *,
        base_seeds: Mapping[str, int] | None = None,
        idempotency_key: str | None = None,
        **fields: Any,
    ) -> ComparisonDocument:
        """Ask for a comparison, and return it as it begins.

        Args:
            arms: By name, a spec without seed, a preset's name, or a Keras model.
            base_seeds: By an arm's name its first seed, for arms that are not to share the seeds of the others.
            idempotency_key: Sending a request twice with the same key makes one comparison.
            **fields: ``replicates`` (a number, or ``{"start": 5, "max": 20}``), ``metric``, ``confidence``,
                ``equivalence_margin``, ``target_accuracy``, ``base_seed``, ``fresh``, ``name``.

        Raises:
            ServiceError: ``problems`` says what is wrong with the request.
        """
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        own = {name: {"base_seed": seed} for name, seed in (base_seeds or {}).items()}
        listed = [
            {"name": name, "spec": arm_document(spec, self._lookup), **own.get(name, {})}
            for name, spec in arms.items()
        ]
        body = {"arms": listed, **fields}
        return self._transport.fetch(ComparisonDocument, "POST", "/comparisons", json=body, headers=headers)

    def run(
        self, arms: Mapping[str, Spec], *, timeout_seconds: float | None = None, **fields: Any
    ) -> ComparisonDocument:
        """``create`` and ``wait``."""
        return self.wait(self.create(arms, **fields).id, timeout_seconds)

    def get(self, comparison_id: str) -> ComparisonDocument:
        """One comparison with all that is known so far."""
        return self._transport.fetch(ComparisonDocument, "GET", path_of("comparisons", comparison_id))

    def list(
        self,
        *,
        state: StudyState | Collection[StudyState] | None = None,
        name: str | None = None,
        id_part: str | None = None,
    ) -> Iterator[ComparisonSummary]:
        """All comparisons that match, newest first; further pages are fetched as they are needed.

        Args:
            state: One state, or any of several.
            name: Exactly this name.
            id_part: Ids that begin or end with this.
        """
        return pages(
            lambda parameters: self._transport.fetch(
                ComparisonList, "GET", "/comparisons", params=parameters
            ),
            {"state": several(state), "name": name, "id": id_part},
        )

    def wait(self, comparison_id: str, timeout_seconds: float | None = None) -> ComparisonDocument:
        """Wait until a comparison has ended, and return it, however it ended.

        Raises:
            TimeoutError: It has not ended in the time given.
        """
        deadline = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        for _ in follow(self._transport, path_of("comparisons", comparison_id, "events"), deadline=deadline):
            pass
        return self.get(comparison_id)

    def events(self, comparison_id: str, *, last_event_id: str | None = None) -> Iterator[JobEvent]:
        """A comparison's events (``state``, ``replicates``, ``job``, ``pair``) to its end, as they happen.

        Lost connections are made anew, as for the events of a job.
        """
        return follow(
            self._transport, path_of("comparisons", comparison_id, "events"), last_event_id=last_event_id
        )

    def cancel(self, comparison_id: str) -> ComparisonDocument:
        """End it, and those of its jobs that nobody else waits for."""
        return self._transport.fetch(
            ComparisonDocument, "POST", path_of("comparisons", comparison_id, "cancel")
        )

    def delete(self, comparison_id: str, *, with_jobs: bool = False) -> None:
        """Delete a comparison that does not run, and if asked the jobs that were made for it."""
        parameters = {"with_jobs": "true" if with_jobs else "false"}
        self._transport.request("DELETE", path_of("comparisons", comparison_id), params=parameters)

    def chart(
        self, comparison_id: str, name: str, chart_format: ChartFormat | str = ChartFormat.PNG
    ) -> bytes:
        """A chart such as ``learning_curves``; ``links.charts`` of a comparison has the names."""
        accept = {"Accept": ChartFormat(chart_format).media_type}
        return self._transport.request(
            "GET", path_of("comparisons", comparison_id, "charts", name), headers=accept
        ).content

    def mechanism(self, comparison_id: str) -> MechanismsDocument:
        """What differs inside the networks of each pair of arms, where, and from when on."""
        return self._transport.fetch(
            MechanismsDocument, "GET", path_of("comparisons", comparison_id, "mechanism")
        )

    def report(self, comparison_id: str, report_format: ReportFormat | str = ReportFormat.HTML) -> str:
        """The report: one HTML page that loads nothing, or Markdown."""
        accept = {"Accept": ReportFormat(report_format).media_type}
        return self._transport.request(
            "GET", path_of("comparisons", comparison_id, "report"), headers=accept
        ).text

    def bundle(self, comparison_id: str) -> bytes:
        """The archive (ZIP) with which ``normlab reproduce`` does it all again."""
        return self._transport.request("GET", path_of("comparisons", comparison_id, "bundle")).content


def arm_document(spec: Spec, datasets: Datasets) -> dict[str, Any]:
    """The spec of an arm as it is sent: without a seed."""
    document = spec_document(spec, {}, datasets)
    if isinstance(spec, JobSpec):
        del document["training"]["seed"]  # each pair, or point, has its own
    return document
