"""Jobs as their owners see them: create, look up, cancel, retry. Lists are in ``listing.py``, deleting is in
``store/deletion.py``.
"""

from collections.abc import Collection
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, make_transient_to_detached

from normlab.documents.states import JobState
from normlab.errors import NotFoundError, StateError
from normlab.spec import JobSpec
from normlab.store.base import table_of
from normlab.store.clock import database_now, moment
from normlab.store.jobs import creation, reports
from normlab.store.jobs.retry import FRESH_COUNT, MAX_ATTEMPTS
from normlab.store.jobs.tables import Job, JobTag
from normlab.store.jobs.transitions import lock, move, move_all, update_job

_NULLS = dict.fromkeys(column.name for column in table_of(Job).c if column.nullable)
"""What a row holds where nothing is said."""


def create(session: Session, spec: JobSpec, *, max_attempts: int = MAX_ATTEMPTS) -> Job:
    """Store a new job, queued, with what makes learning hard in its spec as warnings.

    Ring the notifier when the transaction has been committed. For many at once: ``creation.store``.
    """
    new = creation.NewJob.of(spec, max_attempts=max_attempts)
    at = moment(creation.store(session, [new]))
    tags = [JobTag(**row) for row in new.tag_rows()]
    job = Job(tags=tags, **{**_NULLS, **new.row(at)})
    for row in (job, *tags):  # as if they had been read, which would cost as much as all else
        make_transient_to_detached(row)
    session.add(job)
    return job


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


def request_cancel_of_all(session: Session, job_ids: Collection[str]) -> None:
    """The same of those of these jobs that have not ended."""
    # As all who lock several jobs do, or two would wait for each other.
    session.execute(select(Job.id).where(Job.id.in_(job_ids)).order_by(Job.id).with_for_update())
    move_all(session, JobState.CANCELLED, job_ids, Job.state == JobState.QUEUED, reason="cancelled")
    asked = {
        "cancel_requested_at": func.coalesce(Job.cancel_requested_at, database_now()),
        "updated_at": database_now(),
    }
    running = (Job.id.in_(job_ids), Job.state == JobState.RUNNING)
    session.execute(
        update(Job).where(*running).values(asked), execution_options={"synchronize_session": False}
    )


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
    reports.forget(session, job_id)
    return job
