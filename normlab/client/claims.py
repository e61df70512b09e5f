"""Claims over HTTP: which are known, and trials of them."""

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from normlab.client.dataset_lookup import DatasetsOfService
from normlab.client.events import JobEvent, follow
from normlab.client.pages import pages, several
from normlab.client.specs import Spec, spec_document
from normlab.client.transport import Transport, path_of
from normlab.documents.claims import ClaimDocument, ClaimList, TrialDocument, TrialList, TrialSummary
from normlab.documents.states import StudyState
from normlab.spec import JobSpec


class Claims:
    """The claims that a service knows, and its trials, as ``Client.claims``.

    Example:
        Ask whether batch normalization trains faster; ``outcomes[0].sentence`` says it with its numbers:

        >>> from normlab import Client
        >>> spec = {"dataset": "digits", "training": {"epochs": 2}}
        >>> arms = ("baseline", "baseline_with_batch_norm")
        >>> with Client() as client:
        ...     trial = client.claims.run(
        ...         {arm: {"architecture": arm, **spec} for arm in arms}, claims=["faster"], seeds=3
        ...     )
        >>> trial.pairs, trial.outcomes[0].claim
        (3, 'faster')
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._lookup = DatasetsOfService(transport)

    def known(self) -> Sequence[ClaimDocument]:
        """All claims with definition, source, what is run, and what it costs."""
        return self._transport.fetch(ClaimList, "GET", "/claims").data

    def create(
        self,
        arms: Mapping[str, Spec],
        *,
        base_seeds: Mapping[str, int] | None = None,
        idempotency_key: str | None = None,
        **fields: Any,
    ) -> TrialDocument:
        """Ask for a trial, and return it as it begins.

        Args:
            arms: By name, without the change and with it: a spec without seed, a preset's name, or a Keras model.
            base_seeds: By an arm's name its first seed, for arms that are not to share the seeds of the other.
            idempotency_key: Sending a request twice with the same key makes one trial.
            **fields: ``claims`` (names; all without it), ``seeds``, ``base_seed``, ``confidence``, ``target_accuracy``,
                ``budget`` (``{"seconds": …, "jobs": …}``), ``fresh``, ``name``.

        Raises:
            ServiceError: ``problems`` says what is wrong with the request.
        """
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        own = {name: {"base_seed": seed} for name, seed in (base_seeds or {}).items()}
        listed = [
            {"name": name, "spec": self._spec(spec), **own.get(name, {})} for name, spec in arms.items()
        ]
        body = {"arms": listed, **fields}
        return self._transport.fetch(TrialDocument, "POST", "/claims", json=body, headers=headers)

    def run(
        self, arms: Mapping[str, Spec], *, timeout_seconds: float | None = None, **fields: Any
    ) -> TrialDocument:
        """``create`` and ``wait``."""
        return self.wait(self.create(arms, **fields).id, timeout_seconds)

    def get(self, trial_id: str) -> TrialDocument:
        """One trial with all that is known so far."""
        return self._transport.fetch(TrialDocument, "GET", path_of("claims", trial_id))

    def list(
        self,
        *,
        state: StudyState | Collection[StudyState] | None = None,
        name: str | None = None,
        id_part: str | None = None,
    ) -> Iterator[TrialSummary]:
        """All trials that match, newest first; further pages are fetched as they are needed."""
        return pages(
            lambda parameters: self._transport.fetch(TrialList, "GET", "/claims/trials", params=parameters),
            {"state": several(state), "name": name, "id": id_part},
        )

    def wait(self, trial_id: str, timeout_seconds: float | None = None) -> TrialDocument:
        """Wait until a trial has ended, and return it, however it ended.

        Raises:
            TimeoutError: It has not ended in the time given.
        """
        deadline = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        for _ in follow(self._transport, path_of("claims", trial_id, "events"), deadline=deadline):
            pass
        return self.get(trial_id)

    def events(self, trial_id: str, *, last_event_id: str | None = None) -> Iterator[JobEvent]:
        """A trial's events (``state``, ``replicates``, ``job``) to its end, as they happen."""
        return follow(self._transport, path_of("claims", trial_id, "events"), last_event_id=last_event_id)

    def cancel(self, trial_id: str) -> TrialDocument:
        """End it, and those of its jobs that nobody else waits for."""
        return self._transport.fetch(TrialDocument, "POST", path_of("claims", trial_id, "cancel"))

    def delete(self, trial_id: str, *, with_jobs: bool = False) -> None:
        """Delete a trial that does not run, and if asked the jobs that were made for it."""
        parameters = {"with_jobs": "true" if with_jobs else "false"}
        self._transport.request("DELETE", path_of("claims", trial_id), params=parameters)

    def report(self, trial_id: str) -> str:
        """The page of a trial that has ended: HTML that loads nothing."""
        return self._transport.request("GET", path_of("claims", trial_id, "report")).text

    def _spec(self, spec: Spec) -> dict[str, Any]:
        document = spec_document(spec, {}, self._lookup)
        if isinstance(spec, JobSpec):
            del document["training"]["seed"]  # each pair has its own
        return document
