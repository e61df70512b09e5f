"""Sweeps over HTTP: networks at the points of a space."""

import time
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from normlab.client.comparisons import arm_document
from normlab.client.dataset_lookup import DatasetsOfService
from normlab.client.events import JobEvent, follow
from normlab.client.formats import ChartFormat
from normlab.client.pages import pages, several
from normlab.client.specs import Spec
from normlab.client.transport import Transport, path_of
from normlab.documents.states import StudyState
from normlab.documents.sweeps import SweepDocument, SweepList, SweepSummary


class Sweeps:
    """The sweeps of a service, as ``Client.sweeps``; ``Client.sweep`` runs one.

    Example:
        Which learning rate suits this network, and how much does it matter?

        >>> from normlab import Client
        >>> spec = {"architecture": "baseline", "dataset": "digits", "training": {"epochs": 1}}
        >>> with Client() as client:
        ...     sweep = client.sweep(
        ...         {"baseline": spec},
        ...         {"training.optimizer.learning_rate": {"log": [0.01, 1], "per_decade": 1}},
        ...         seeds=2,
        ...     )
        >>> len(sweep.arms[0].points), sweep.result.arms["baseline"].best.number in (0, 1, 2)
        (3, True)
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._lookup = DatasetsOfService(transport)

    def create(
        self,
        arms: Mapping[str, Spec],
        space: Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
        **fields: Any,
    ) -> SweepDocument:
        """Ask for a sweep, and return it as it begins.

        Args:
            arms: By name, a spec without seed, a preset's name, or a Keras model.
            space: By a dotted path or JSON pointer into the spec: ``{"log": [low, high], "per_decade": 3}``,
                ``{"linear": [low, high], "steps": 5}``, ``{"integer": [low, high]}`` or ``{"choices": […]}``.
            idempotency_key: Sending a request twice with the same key makes one sweep.
            **fields: ``strategy`` (``grid``, ``random``, ``tpe``, ``cma_es``, ``successive_halving``), ``budget``
                (``{"jobs": 60}``), ``seeds``, ``metric``, ``widen``, ``delta``, ``confidence``, ``seed``,
                ``base_seed``, ``at_once``, ``fresh``, ``name``.

        Raises:
            ServiceError: ``problems`` says what is wrong with the request.
        """
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        listed = [{"name": name, "spec": arm_document(spec, self._lookup)} for name, spec in arms.items()]
        body = {"arms": listed, "space": dict(space), **fields}
        return self._transport.fetch(SweepDocument, "POST", "/sweeps", json=body, headers=headers)

    def run(
        self,
        arms: Mapping[str, Spec],
        space: Mapping[str, Any],
        *,
        timeout_seconds: float | None = None,
        **fields: Any,
    ) -> SweepDocument:
        """``create`` and ``wait``."""
        return self.wait(self.create(arms, space, **fields).id, timeout_seconds)

    def get(self, sweep_id: str) -> SweepDocument:
        """One sweep with all that is known so far."""
        return self._transport.fetch(SweepDocument, "GET", path_of("sweeps", sweep_id))

    def list(
        self,
        *,
        state: StudyState | Collection[StudyState] | None = None,
        name: str | None = None,
        id_part: str | None = None,
    ) -> Iterator[SweepSummary]:
        """All sweeps that match, newest first; further pages are fetched as they are needed.

        Args:
            state: One state, or any of several.
            name: Exactly this name.
            id_part: Ids that begin or end with this.
        """
        return pages(
            lambda parameters: self._transport.fetch(SweepList, "GET", "/sweeps", params=parameters),
            {"state": several(state), "name": name, "id": id_part},
        )

    def wait(self, sweep_id: str, timeout_seconds: float | None = None) -> SweepDocument:
        """Wait until a sweep has ended, and return it, however it ended.

        Raises:
            TimeoutError: It has not ended in the time given.
        """
        deadline = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        for _ in follow(self._transport, path_of("sweeps", sweep_id, "events"), deadline=deadline):
            pass
        return self.get(sweep_id)

    def events(self, sweep_id: str, *, last_event_id: str | None = None) -> Iterator[JobEvent]:
        """A sweep's events (``state``, ``points``, ``job``, ``point``) to its end, as they happen.

        Lost connections are made anew, as for the events of a job.
        """
        return follow(self._transport, path_of("sweeps", sweep_id, "events"), last_event_id=last_event_id)

    def cancel(self, sweep_id: str) -> SweepDocument:
        """End it, and those of its jobs that nobody else waits for."""
        return self._transport.fetch(SweepDocument, "POST", path_of("sweeps", sweep_id, "cancel"))

    def delete(self, sweep_id: str, *, with_jobs: bool = False) -> None:
        """Delete a sweep that does not run, and if asked the jobs that were made for it."""
        parameters = {"with_jobs": "true" if with_jobs else "false"}
        self._transport.request("DELETE", path_of("sweeps", sweep_id), params=parameters)

    def chart(self, sweep_id: str, name: str, chart_format: ChartFormat | str = ChartFormat.PNG) -> bytes:
        """A chart: ``response_curve``, ``parallel_coordinates`` or ``expected_best``."""
        accept = {"Accept": ChartFormat(chart_format).media_type}
        return self._transport.request(
            "GET", path_of("sweeps", sweep_id, "charts", name), headers=accept
        ).content
