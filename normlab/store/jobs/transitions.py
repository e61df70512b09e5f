"""The one place where a job's state changes."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from normlab.documents.events import EventKind
from normlab.documents.states import JobState
from normlab.store.clock import database_now
from normlab.store.jobs import events
from normlab.store.jobs.figures import FIGURES
from normlab.store.jobs.states import sources
from normlab.store.jobs.tables import Job, JobTag

_RELEASED: dict[str, Any] = {"worker": None, "lease_expires_at": None}


def lock(session: Session, job_id: str) -> Job | None:
    """The job as it now is, which nobody else changes or deletes until the transaction's end; None: there is none.

    Whoever looks first and then changes needs it: on Postgres others may write in between.
    """
    query = select(Job).where(Job.id == job_id).with_for_update()
    return session.scalars(query, execution_options={"populate_existing": True}).one_or_none()


def move(
    session: Session,
    to: JobState,
    *conditions: ColumnElement[bool],
    reason: str,
    values: dict[str, Any] | None = None,
) -> Job | None:
    """Bring the job that fulfils all ``conditions`` into the state ``to``, and store the event that says so.

    One UPDATE, which looks at the present state itself: whoever comes second, or from a state that does not
    lead to ``to``, changes no row and gets None. ``reason`` is a short word for the history. The conditions
    must select one job at most.
    """
    values = _values_in(to) | (values or {})
    job = update_job(session, Job.state.in_(sources(to)), *conditions, values=values)
    if job is not None:
        if job.tags:
            _copy_to_tags(session, [job.id], values)
        events.append(session, job, EventKind.STATE, {"state": to, "reason": reason})
    return job


def move_all(
    session: Session, to: JobState, job_ids: Collection[str], *conditions: ColumnElement[bool], reason: str
) -> None:
    """The same of all of these jobs that fulfil the conditions, with two statements. The caller has locked them."""
    moved = (
        update(Job)
        .where(Job.id.in_(job_ids), Job.state.in_(sources(to)), *conditions)
        .values({**_values_in(to), "updated_at": database_now(), "event_count": Job.event_count + 1})
        .returning(Job.id, Job.event_count, Job.updated_at, Job.attempt)
    )
    rows = session.execute(moved, execution_options={"synchronize_session": False}).all()
    _copy_to_tags(session, [row.id for row in rows], {"state": to})
    events.append_to_all(session, rows, EventKind.STATE, {"state": to, "reason": reason})


def _values_in(state: JobState) -> dict[str, Any]:
    """What a job's row holds when it comes into a state."""
    values: dict[str, Any] = {"state": state}
    if state is not JobState.RUNNING:
        values |= _RELEASED
    if state.final:
        values["finished_at"] = database_now()
    return values


def _copy_to_tags(session: Session, job_ids: Collection[str], values: dict[str, Any]) -> None:
    """Lists of the jobs with a tag look at the tag's rows alone."""
    copied = {name: values[name] for name in ("state", *FIGURES) if name in values}
    statement = update(JobTag).where(JobTag.job_id.in_(job_ids)).values(copied)
    session.execute(statement, execution_options={"synchronize_session": False})


def update_job(
    session: Session, *conditions: ColumnElement[bool], values: dict[str, Any], event: bool = True
) -> Job | None:
    """UPDATE the one job that fulfils the conditions and give its new row; None if there is none.

    With ``event`` the job's number of events is raised, and the caller stores the event of that number.
    """
    values = {"updated_at": database_now(), **values}
    if event:
        values["event_count"] = Job.event_count + 1
    statement = update(Job).where(*conditions).values(values).returning(Job)
    options = {"synchronize_session": False, "populate_existing": True}
    return session.scalars(statement, execution_options=options).one_or_none()
