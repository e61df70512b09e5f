"""Takes care of jobs that nobody takes care of.

Any number of processes may do it at once, because all it does is conditional.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from normlab.documents.states import JobState
from normlab.store import idempotency
from normlab.store.clock import seconds_from_now
from normlab.store.database import Database
from normlab.store.jobs import leases, retry, workers
from normlab.store.jobs.tables import Job


@dataclass(frozen=True)
class Swept:
    """What a sweep found."""

    taken_back: tuple[str, ...]
    """Ids of the jobs whose lease had run out."""
    waiting: tuple[str, ...]
    """Ids of jobs that have been queued for longer than the grace, first in the queue first; not of those that no
    worker could take."""


def sweep(database: Database, *, grace_seconds: float = 2.0, limit: int = 1000) -> Swept:
    """Take back expired leases, and say of which jobs the workers should be notified again.

    A job that was queued within the last ``grace_seconds`` is left out: the one that queued it notifies. So is one that
    asks for a GPU while no process that trains has one.
    """
    with database.read() as session:
        expired = session.execute(
            select(Job.id, Job.attempt).where(Job.state == JobState.RUNNING, retry.lease_has_expired())
        ).all()
    taken_back = [job_id for job_id, attempt in expired if _take_back(database, job_id, attempt)]
    with database.read() as session:
        has_gpu = workers.workforce(session).with_gpu > 0
        waiting = session.scalars(
            select(Job.id)
            .where(
                Job.state == JobState.QUEUED,
                Job.queued_at < seconds_from_now(-grace_seconds),
                *([] if has_gpu else [~leases.needs_gpu()]),
            )
            .order_by(*leases.QUEUE_ORDER)
            .limit(limit)
        ).all()
    with database.write() as session:
        idempotency.forget_old(session)
    database.checkpoint()
    return Swept(taken_back=tuple(taken_back), waiting=tuple(waiting))


def take_back_dead(session: Session, worker_prefix: str, living: Collection[str]) -> list[str]:
    """Take back the running jobs of a worker's children that are dead, without waiting for their lease.

    ``worker_prefix`` is what the ``worker`` names of all its children begin with, ``living`` the whole names
    of those that live. Gives the jobs' ids.
    """
    dead = [
        (job_id, attempt) for job_id, attempt, worker in _held(session, worker_prefix) if worker not in living
    ]
    return [job_id for job_id, attempt in dead if leases.lose(session, job_id, attempt, reason="child_died")]


def put_back(session: Session, worker_prefix: str, *, reason: str) -> list[str]:
    """Put the running jobs of a worker that ends back, all of whose children are dead, without counting the attempt.

    ``worker_prefix`` is what the ``worker`` names of its children begin with. Gives the jobs' ids.
    """
    held = _held(session, worker_prefix)
    return [job_id for job_id, attempt, _ in held if leases.release(session, job_id, attempt, reason=reason)]


def _held(session: Session, worker_prefix: str) -> Sequence[Row[str, int, str | None]]:
    mine = Job.worker.startswith(worker_prefix, autoescape=True)
    query = select(Job.id, Job.attempt, Job.worker).where(Job.state == JobState.RUNNING, mine)
    return session.execute(query).all()


def over(session: Session, job_ids: Collection[str]) -> set[str]:
    """Those of the jobs that are over or deleted, so that nobody needs what they left in a worker's folders."""
    going = session.scalars(
        select(Job.id).where(Job.id.in_(job_ids), Job.state.in_([JobState.QUEUED, JobState.RUNNING]))
    )
    return set(job_ids) - set(going)


def _take_back(database: Database, job_id: str, attempt: int) -> bool:
    # Another reaper or a late heartbeat may have been faster; looked at again within the UPDATE's
    # transaction.
    with database.write() as session:
        still = select(Job.id).where(Job.id == job_id, retry.lease_has_expired()).with_for_update()
        if session.scalar(still) is None:
            return False
        return leases.lose(session, job_id, attempt, reason="lease_expired") is not None
