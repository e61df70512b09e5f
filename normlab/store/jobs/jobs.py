"""Jobs as their owners see them: create, look up, cancel, retry. Lists are in ``listing.py``, deleting is in
``store/deletion.py``.
"""

from collections.abc import Collection
from typing import Any

from sqlalchemy import delete as sql_delete
from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session, make_transient_to_detached

from normlab.documents.events import EventKind
from normlab.documents.states import JobState, WarningCode
from normlab.errors import NotFoundError, StateError
from normlab.spec import JobSpec, learning_warnings
from normlab.store import measurements
from normlab.store.base import Base, table_of
from normlab.store.clock import database_now
from normlab.store.identifiers import new_id
from normlab.store.jobs import events
from normlab.store.jobs.retry import FRESH_COUNT, MAX_ATTEMPTS
from normlab.store.jobs.tables import Epoch, Job, JobTag
from normlab.store.jobs.transitions import lock, move, update_job

_jobs = table_of(Job)
_INSERT = (
    insert(_jobs)
    .values(created_at=database_now(), queued_at=database_now(), updated_at=database_now())
    .returning(_jobs.c.created_at, _jobs.c.queued_at, _jobs.c.updated_at)
)
_INSERT_TAGS = insert(table_of(JobTag))
_LATER = {column.name for column in _jobs.c if column.nullable} - {"name", "max_runtime_seconds"}
"""What is not known of a new job."""


def create(
    session: Session,
    spec: JobSpec,
    *,
    max_attempts: int = MAX_ATTEMPTS,
) -> Job:
    """Store a new job, queued, with what makes learning hard in its spec as warnings.

    Ring the notifier when the transaction has been committed.
    """
    job_id = new_id("job")
    names = dict.fromkeys(spec.tags)
    tags = [JobTag(job_id=job_id, tag=tag, position=position) for position, tag in enumerate(names)]
    job = Job(
        id=job_id,
        name=spec.name,
        tags=tags,
        state=JobState.QUEUED,
        spec=spec.to_document(),
        spec_digest=spec.digest,
        arm_digest=spec.arm_digest,
        priority=spec.priority,
        max_runtime_seconds=spec.max_runtime_seconds,
        attempt=0,
        lost_attempts=0,
        max_attempts=max_attempts,
        event_count=1,
        **dict.fromkeys(_LATER),
    )
    stored = session.execute(_INSERT, _columns(job)).one()
    if tags:
        session.execute(_INSERT_TAGS, [_columns(tag) for tag in tags])
    job.created_at, job.queued_at, job.updated_at = stored
    for row in (job, *tags):  # as if they had been read, which would cost as much as all else
        make_transient_to_detached(row)
    session.add(job)
    events.append(session, job, EventKind.STATE, {"state": JobState.QUEUED, "reason": "created"})
    for warning in learning_warnings(spec):
        update_job(session, Job.id == job_id, values={})
        data = {"code": WarningCode.HARD_TO_LEARN, "detail": str(warning)}
        events.append(session, job, EventKind.WARNING, data)
    return job


def _columns(row: Base) -> dict[str, Any]:
    """The values that a new row has, by column."""
    columns = table_of(type(row)).c
    return {name: value for name, value in vars(row).items() if name in columns}


def find(session: Session, job_id: str) -> Job | None:
    """The job, or None."""
    return session.get(Job, job_id)


def get(session: Session, job_id: str) -> Job:
    """The job.

    Raises:
        NotFoundError: there is none.
    """
    job = find(session, job_id)
    if job is None:
        raise NotFoundError(f"there is no job {job_id}")
    return job


def keep(session: Session, job_id: str) -> Job:
    """The job, which nobody deletes until the transaction's end.

    Raises:
        NotFoundError: there is none.
    """
    query = select(Job).where(Job.id == job_id).with_for_update(read=True, key_share=True)
    job = session.scalars(query, execution_options={"populate_existing": True}).one_or_none()
    return job or get(session, job_id)


def get_many(session: Session, job_ids: Collection[str]) -> list[Job]:
    """These jobs, in this order.

    Raises:
        NotFoundError: one of them is missing.
    """
    found = {job.id: job for job in session.scalars(select(Job).where(Job.id.in_(job_ids)))}
    missing = [job_id for job_id in job_ids if job_id not in found]
    if missing:
        raise NotFoundError(f"there is no job {', '.join(missing)}")
    return [found[job_id] for job_id in job_ids]


def request_cancel(session: Session, job_id: str) -> Job:
    """Cancel the job: at once if it is queued; if it is running, its attempt is told and can only end as
    cancelled.

    Asking again changes nothing.

    Raises:
        NotFoundError: there is no such job.
        StateError: it has succeeded or failed.
    """
    lock(session, job_id)  # a queued one may be claimed, a running one put back, just now
    job = move(
        session, JobState.CANCELLED, Job.id == job_id, Job.state == JobState.QUEUED, reason="cancelled"
    )
    if job is not None:
        return job
    asked = {"cancel_requested_at": func.coalesce(Job.cancel_requested_at, database_now())}
    job = update_job(session, Job.id == job_id, Job.state == JobState.RUNNING, values=asked, event=False)
    if job is not None:
        return job
    job = get(session, job_id)
    if job.state is not JobState.CANCELLED:
        raise StateError(
            f"job {job_id} has already {job.state}; only a queued or running job can be cancelled"
        )
    return job


def retry(session: Session, job_id: str) -> Job:
    """Queue a failed or cancelled job again, keeping its history. Ring the notifier after the commit.

    Its epochs and measurements go: it is trained anew, from a checkpoint only if there still is one, and a curve is of
    one run.

    Raises:
        NotFoundError: there is no such job.
        StateError: it has neither failed nor been cancelled.
    """
    afresh: dict[str, Any] = dict.fromkeys(
        (
            "started_at",
            "finished_at",
            "cancel_requested_at",
            "progress",
            "result",
            "timings",
            "error_code",
            "error_detail",
        )
    )
    afresh |= {"queued_at": database_now(), **FRESH_COUNT}
    ended = Job.state.in_([JobState.FAILED, JobState.CANCELLED])
    lock(session, job_id)
    job = move(session, JobState.QUEUED, Job.id == job_id, ended, reason="retried", values=afresh)
    if job is None:
        state = get(session, job_id).state
        raise StateError(f"job {job_id} is {state}; only a failed or cancelled job can be retried")
    session.execute(sql_delete(Epoch).where(Epoch.job_id == job_id))
    measurements.forget(session, job_id)
    return job
