"""What happened to each job, numbered from 1 as it happened.

The number is taken by the UPDATE that changes the job, whose lock on the row lasts until the commit: an event
can be seen only when all before it can, however many processes write. So a reader that has seen number N asks
for what came after N, and neither misses nor repeats one. Gaps are where a newer event has taken the place of one that
said less (``replace_measured``), and where an earlier version kept progress as events; it is a column of the job's row.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import Row, bindparam, delete, insert, select
from sqlalchemy.orm import Session

from normlab.documents.events import EventKind
from normlab.store.base import table_of
from normlab.store.jobs.tables import MEASURED, TOLD_OF_JOBS, Event, Job

EventRow: TypeAlias = Row[Any]
"""An event as a plain row of its table."""

_events = table_of(Event)
_INSERT = insert(_events)
_DELETE_MEASURED = delete(_events).where(_events.c.job_id == bindparam("job"), MEASURED)
_OF_KINDS = (
    select(_events)
    .where(
        _events.c.job_id.in_(bindparam("job_ids", expanding=True)),
        TOLD_OF_JOBS,
        _events.c.kind.in_(bindparam("kinds", expanding=True)),
    )
    .order_by(_events.c.job_id, _events.c.number)
)


def append(session: Session, job: Job, kind: EventKind, data: dict[str, Any]) -> None:
    """Store an event under ``job.event_count``, which the caller's statement has just raised by one."""
    event = {"job_id": job.id, "number": job.event_count, "kind": kind, "at": job.updated_at}
    session.execute(_INSERT, event | {"attempt": job.attempt, "data": data})


def replace_measured(session: Session, job: Job, data: dict[str, Any]) -> None:
    """Store an event that says up to where there are measurements, in place of the one that said less.

    Whoever has not read that one learns the same from this: so there is one a job, however long it is measured.
    """
    session.execute(_DELETE_MEASURED, {"job": job.id})
    append(session, job, EventKind.MEASURED, data)


def append_to_all(
    session: Session, jobs: Sequence[Row[str, int, datetime, int]], kind: EventKind, data: dict[str, Any]
) -> None:
    """The same for several jobs, of which ``id``, ``event_count``, ``updated_at`` and ``attempt`` are given."""
    if jobs:
        session.execute(
            _INSERT,
            [
                {
                    "job_id": job.id,
                    "number": job.event_count,
                    "kind": kind,
                    "at": job.updated_at,
                    "attempt": job.attempt,
                    "data": data,
                }
                for job in jobs
            ],
        )


def after(session: Session, job_id: str, number: int = 0, *, limit: int = 500) -> Sequence[Event]:
    """The events of a job whose number is larger than ``number``, in order, at most ``limit``."""
    query = (
        select(Event).where(Event.job_id == job_id, Event.number > number).order_by(Event.number).limit(limit)
    )
    return session.scalars(query).all()


def history(session: Session, job_id: str) -> Sequence[EventRow]:
    """The job's ``state`` events in order; their data has ``state`` and ``reason``."""
    return histories(session, [job_id])[job_id]


def histories(
    session: Session, job_ids: Iterable[str], kinds: Collection[EventKind] = (EventKind.STATE,)
) -> dict[str, list[EventRow]]:
    """The events of several jobs, states, warnings or both, with one query; every id is a key of the answer."""
    found: dict[str, list[EventRow]] = {job_id: [] for job_id in job_ids}
    for event in session.execute(_OF_KINDS, {"job_ids": list(found), "kinds": list(kinds)}):
        found[event.job_id].append(event)
    return found
