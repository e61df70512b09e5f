"""The rule by which a job that exists can stand for a spec.

The numbers are the same if the digests are (``JobSpec.digest``), the device that was asked for, and what changes the
numbers of the environment (``Effect.DECIDES``). What else matters to the one who asks:

===================  ===========================  ============================  ==================================
\\                    the job has succeeded        the job runs                  the job is queued
===================  ===========================  ============================  ==================================
environment          that of the newest job that  unknown, as it would be of a  unknown, as it would be of a new
                     has succeeded with this      new job                       job
                     device: there jobs run now
max_runtime_seconds  any: it has finished         at least the spec's           at least the spec's
priority             any                          any: it waits no more         at least the spec's
probes               any, or those that are       any, or those that are        any, or those that are
                     needed                       needed                        needed
cancellation         (none)                       not asked for                 (none)
===================  ===========================  ============================  ==================================

A job that may run for a shorter time could fail where the spec's own would not; None, no limit, is the longest. A
queued job of a lower priority would let the asker wait behind jobs that the asker goes before. Its priority is not
raised, since it belongs to somebody else's plan: a job is made beside it, which costs time and changes nothing. Probes
change no number, so a job may stand for a spec that asks for others: what it did not measure is then not there, and
comes only with a job of its own (``reuse: false``), or to an asker who names the probes that it needs, as trials do. A
job that has succeeded before a figure was kept that the asker needs of it does not have it, and cannot stand for one
that will.

Of several that can be used: one that has succeeded, else one that runs, else one that is queued; the newest of these.
Of thousands with one digest, the newest ``LOOKED_AT`` in each state are looked at.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, func, null, select, text
from sqlalchemy.orm import Session

from normlab.documents.states import JobState
from normlab.spec.environment import Effect, fields_with
from normlab.spec.probes import STANDARD
from normlab.store.jobs.creation import NewJob
from normlab.store.jobs.tables import SUCCEEDED, Job
from normlab.store.likely import likely

LOOKED_AT = 20
"""So many jobs of one digest and state, the newest, are looked at: older ones are of older environments."""
_PREFERENCE = (JobState.SUCCEEDED, JobState.RUNNING, JobState.QUEUED)


@dataclass(frozen=True)
class Candidate:
    """A job that computes what a spec asks for."""

    id: str
    state: JobState
    priority: int
    max_runtime_seconds: float | None
    environment: Mapping[str, Any] | None
    figure: float | None
    """The one of its result that is needed; None where none is, or where it has not got it."""
    probes: Any
    """As its spec has them."""

    def serves(
        self,
        new: NewJob,
        environment: Mapping[str, Any] | None,
        *,
        with_figure: bool,
        with_probes: Collection[str] = (),
    ) -> bool:
        """Whether it can stand for a job that would now run in this environment."""
        if not set(with_probes) <= _names(self.probes):
            return False
        if self.state is JobState.SUCCEEDED:
            has_it = not with_figure or self.figure is not None
            return has_it and _what_counts(self.environment) == environment
        if self.state is JobState.QUEUED and self.priority < new.columns["priority"]:
            return False
        return _longest(self.max_runtime_seconds) >= _longest(new.columns["max_runtime_seconds"])


def usable(
    session: Session, wanted: Sequence[NewJob], *, figure: str | None = None, probes: Collection[str] = ()
) -> list[str | None]:
    """For each job that is wanted the id of one that can stand for it, or None. None of them is deleted until the
    commit. ``figure`` is a field that those that have succeeded need in their result; ``probes`` are those that have to
    measure in it."""
    environments = {
        device: _present_environment(session, device) for device in {_device(new) for new in wanted}
    }
    by_digest = candidates(session, {_digest(new) for new in wanted}, figure)
    chosen: list[str | None] = []
    for new in wanted:
        possible = by_digest.get((_digest(new), _device(new)), [])
        serving = [
            job
            for job in possible
            if job.serves(new, environments[_device(new)], with_figure=figure is not None, with_probes=probes)
        ]
        best = min(serving, key=lambda job: _PREFERENCE.index(job.state), default=None)
        chosen.append(best.id if best else None)
    return chosen


def candidates(
    session: Session, digests: set[str], figure: str | None = None
) -> dict[tuple[str, str], list[Candidate]]:
    """Jobs of these digests that may stand for others, by digest and device, the newest first."""
    result: ColumnElement[Any] = null() if figure is None else Job.result[(figure,)].as_float()
    device = Job.spec[("resources", "device")].as_string()
    age = func.row_number().over(partition_by=(Job.spec_digest, Job.state), order_by=Job.id.desc())
    possible = (
        select(Job.id, age.label("age"))
        .where(Job.spec_digest.in_(digests), Job.state.in_(_PREFERENCE), Job.cancel_requested_at.is_(None))
        .subquery()
    )
    query = (
        select(
            Job.spec_digest,
            device,
            Job.id,
            Job.state,
            Job.priority,
            Job.max_runtime_seconds,
            Job.environment,
            result,
            Job.spec["probes"],
        )
        .where(
            Job.id.in_(select(possible.c.id).where(possible.c.age <= LOOKED_AT)),
            # Looked at again when they are locked: on Postgres others may write in between.
            Job.state.in_(_PREFERENCE),
            Job.cancel_requested_at.is_(None),
        )
        .order_by(Job.id)  # as all who lock several jobs do, or two would wait for each other
        .with_for_update(read=True, key_share=True)
    )
    found: dict[tuple[str, str], list[Candidate]] = {}
    for digest, device_name, *job in reversed(session.execute(query).all()):
        found.setdefault((digest, device_name), []).append(Candidate(*job))
    return found


def _present_environment(session: Session, device: str) -> dict[str, Any] | None:
    """In which the newest job that asked for this device succeeded; new jobs most likely will, too."""
    return _what_counts(session.scalar(newest_environment(device)))


def newest_environment(device: str) -> Select[dict[str, Any] | None]:
    """The environment of the job that was the last to succeed with this device; found from that end of the index, not
    by sorting all that have succeeded."""
    return (
        select(Job.environment)
        .where(likely(text(SUCCEEDED)), Job.spec[("resources", "device")].as_string() == device)
        .order_by(Job.finished_at.desc(), Job.id.desc())
        .limit(1)
    )


def _what_counts(environment: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return (
        None
        if environment is None
        else {field: environment.get(field) for field in fields_with(Effect.DECIDES)}
    )


def _names(probes: Any) -> set[str]:
    """The probes that a stored spec asks for; jobs of before there were probes have none."""
    match probes:
        case "standard":
            return set(STANDARD)
        case list():
            return {each if isinstance(each, str) else each["name"] for each in probes}
    return set()


def _longest(max_runtime_seconds: float | None) -> float:
    return float("inf") if max_runtime_seconds is None else max_runtime_seconds


def _digest(new: NewJob) -> str:
    digest: str = new.columns["spec_digest"]
    return digest


def _device(new: NewJob) -> str:
    device: str = new.columns["spec"]["resources"]["device"]
    return device
