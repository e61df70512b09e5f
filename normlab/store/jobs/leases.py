"""Who has a job: claim, lease, and giving it back.

Only the current attempt may write, and only while the job is running: every function that takes an attempt's
number changes nothing, and says so, once that attempt has lost the job.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from normlab.documents.states import FailureCode, JobState
from normlab.spec import Device
from normlab.store.clock import database_now
from normlab.store.jobs import retry
from normlab.store.jobs.tables import Job
from normlab.store.jobs.transitions import lock, move, update_job

QUEUE_ORDER = (Job.priority.desc(), Job.queued_at, Job.id)
"""Highest priority first, then longest queued; the index ``ix_jobs_queue`` has it."""

LOOKAHEAD = 4
TOGETHER = timedelta(seconds=1)
"""Of so many jobs that were queued within such a time, one goes first that its taker has trained the arm of."""


@dataclass(frozen=True)
class Heartbeat:
    """What an attempt that still has its job learns from a heartbeat."""

    cancel_requested: bool


def owned(job_id: str, attempt: int) -> ColumnElement[bool]:
    """The fence: the job is running, and this is the attempt that has it."""
    return and_(Job.id == job_id, Job.attempt == attempt, Job.state == JobState.RUNNING)


def needs_gpu() -> ColumnElement[bool]:
    """Whether a job's spec asks for a GPU."""
    wants_gpu: ColumnElement[bool] = Job.spec[("resources", "device")].as_string() == Device.GPU.value
    return wants_gpu


def claim(session: Session, job_id: str, *, worker: str, lease_seconds: float) -> Job | None:
    """Take this job, if it is queued; None if somebody else was faster or it is over."""
    return _claim(session, Job.id == job_id, worker=worker, lease_seconds=lease_seconds)


def claim_next(
    session: Session,
    *,
    worker: str,
    lease_seconds: float,
    has_gpu: bool = False,
    trained: Collection[str] = (),
) -> Job | None:
    """Take the job at the head of the queue: highest priority, then longest queued. None if nothing waits.

    Jobs that ask for a GPU are passed over by whoever has none. ``trained`` are the digests of arms that this process
    has compiled. If one of them is within ``LOOKAHEAD`` and waits since the same moment as the head, as the jobs of one
    comparison do, it goes before the head: the head is compiled by whoever comes next. No later job gets ahead of it.
    """
    waiting = (
        select(Job.id, Job.arm_digest, Job.priority, Job.queued_at)
        .where(Job.state == JobState.QUEUED, *([] if has_gpu else [~needs_gpu()]))
        .order_by(*QUEUE_ORDER)
    )
    if trained:
        rows = session.execute(waiting.limit(LOOKAHEAD)).all()
        for row in rows:
            together = row.priority == rows[0].priority and row.queued_at - rows[0].queued_at <= TOGETHER
            if together and row.arm_digest in trained:
                job = claim(session, row.id, worker=worker, lease_seconds=lease_seconds)
                if job is not None:
                    return job
    head = waiting.with_only_columns(Job.id).limit(1).with_for_update(skip_locked=True).scalar_subquery()
    return _claim(session, Job.id == head, worker=worker, lease_seconds=lease_seconds)


def _claim(session: Session, which: ColumnElement[bool], *, worker: str, lease_seconds: float) -> Job | None:
    return move(
        session,
        JobState.RUNNING,
        which,
        reason="claimed",
        values={
            "attempt": Job.attempt + 1,
            "worker": worker,
            "lease_expires_at": retry.lease_end(lease_seconds),
            "started_at": func.coalesce(Job.started_at, database_now()),
            "progress": None,
        },
    )


def heartbeat(session: Session, job_id: str, attempt: int, *, lease_seconds: float) -> Heartbeat | None:
    """Renew the lease and learn whether the job is to be cancelled. None: this attempt has lost the job.

    A lease that ran out is renewed all the same as long as nobody has taken the job back.
    """
    values = {"lease_expires_at": retry.lease_end(lease_seconds), "updated_at": Job.updated_at}
    job = update_job(session, owned(job_id, attempt), values=values, event=False)
    return None if job is None else Heartbeat(cancel_requested=job.cancel_requested_at is not None)


def release(session: Session, job_id: str, attempt: int, *, reason: str = "released") -> Job | None:
    """Put the job back into the queue without counting the attempt as lost: the worker shuts down.

    A job whose cancellation was asked for ends as cancelled instead.
    """
    mine = owned(job_id, attempt)
    lock(session, job_id)  # its cancellation may be asked for just now
    return move(
        session, JobState.CANCELLED, mine, Job.cancel_requested_at.is_not(None), reason="cancelled"
    ) or move(session, JobState.QUEUED, mine, reason=reason)


def lose(session: Session, job_id: str, attempt: int, *, reason: str) -> Job | None:
    """Take the job away from an attempt that died or fell silent.

    By the rule in ``retry``; if its cancellation was asked for it is cancelled.
    """
    mine = owned(job_id, attempt)
    lock(session, job_id)  # its cancellation may be asked for just now
    asked_for = Job.cancel_requested_at.is_not(None)
    return (
        move(session, JobState.CANCELLED, mine, asked_for, reason="cancelled", values=retry.LOST)
        or move(
            session,
            JobState.FAILED,
            mine,
            retry.is_last_attempt(),
            reason=FailureCode.LOST_WORKER,
            values=retry.LOST_FOR_GOOD,
        )
        or move(session, JobState.QUEUED, mine, reason=reason, values=retry.LOST)
    )
