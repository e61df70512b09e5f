"""The queue as the owner of a waiting job sees it: its place, what it waits for, and when it will start.

What is ahead of a job is counted by the database in the queue's index, by arms, without reading a row: a place costs
little however long the queue is.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import floor
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from normlab.documents.states import JobState
from normlab.store.clock import database_now
from normlab.store.jobs import workers
from normlab.store.jobs.leases import QUEUE_ORDER, needs_gpu
from normlab.store.jobs.tables import Job

_MEASURED_JOBS = 200
"""Run times are the means of so many jobs that succeeded last."""
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Place:
    """A waiting job's place."""

    position: int
    """1 for the next."""
    waiting_for: str
    """A short sentence."""
    estimated_start_at: datetime | None
    """From measured run times; None as long as there are none, or nobody is there who could train it."""


def places(session: Session, job_ids: Collection[str]) -> dict[str, Place]:
    """The places of those of the jobs that wait.

    The estimate takes every job ahead to run as long as jobs of its arm did, or else as all jobs did.
    """
    wanted = session.execute(
        select(Job.id, Job.priority, Job.queued_at, needs_gpu().label("gpu"))
        .where(Job.id.in_(job_ids), Job.state == JobState.QUEUED)
        .order_by(*QUEUE_ORDER)
    ).all()
    if not wanted:
        return {}
    gpu = {job.id: job.gpu for job in wanted}
    first, last = wanted[0], wanted[-1]
    before_first = _before(first.priority, first.queued_at, first.id)
    before_last = _before(last.priority, last.queued_at, last.id)
    ahead = _arms_where(session, before_first)
    # Those of a page of jobs are neighbours in the queue, so this reads few others.
    line = session.execute(
        select(Job.id, Job.arm_digest)
        .where(Job.state == JobState.QUEUED, ~before_first, or_(before_last, Job.id == last.id))
        .order_by(*QUEUE_ORDER)
    )
    force = workers.workforce(session)
    starts = _Starts(session, force)
    found = {}
    for job_id, arm in line:
        if job_id in gpu:
            missing = _missing(force, gpu=gpu[job_id])
            start = None if missing else starts.after(ahead)
            found[job_id] = Place(ahead.total() + 1, missing or "its turn", start)
        ahead[arm] += 1
    return found


def _before(priority: int, queued_at: datetime, job_id: str) -> ColumnElement[bool]:
    """Whether a job goes before the one of which these are the place in the order."""
    earlier = or_(Job.queued_at < queued_at, and_(Job.queued_at == queued_at, Job.id < job_id))
    return or_(Job.priority > priority, and_(Job.priority == priority, earlier))


def _arms_where(session: Session, condition: ColumnElement[bool]) -> Counter[str]:
    """How many waiting jobs of each arm fulfil a condition."""
    query = select(Job.arm_digest, func.count()).where(Job.state == JobState.QUEUED, condition)
    counts = session.execute(query.group_by(Job.arm_digest))
    return Counter(dict(counts.all()))


def _missing(force: workers.Workforce, *, gpu: bool) -> str | None:
    if force.children == 0:
        return "a worker: none is there"
    if gpu and force.with_gpu == 0:
        return "a worker with a GPU: none is there"
    return None


class _Starts:
    """When a job starts that has others ahead of it, if each of them goes to the process that is free first."""

    def __init__(self, session: Session, force: workers.Workforce) -> None:
        self._seconds = _run_seconds(session)
        if not self._seconds:
            return
        self._now = session.scalars(select(database_now())).one()
        running = session.execute(
            select(Job.arm_digest, Job.started_at, Job.progress).where(Job.state == JobState.RUNNING)
        )
        ends = [_end(progress, began or self._now, self._of(arm)) for arm, began, progress in running]
        free = [max(0.0, (end - self._now).total_seconds()) for end in ends]
        self._free = sorted(free + [0.0] * (force.children - len(free)))

    def after(self, ahead: Counter[str]) -> datetime | None:
        """Behind so many jobs of these arms; None if no job was measured yet."""
        if not self._seconds:
            return None
        work = sum(count * self._of(arm) for arm, count in ahead.items())
        return self._now + timedelta(seconds=_start(self._free, ahead.total(), work))

    def _of(self, arm: str) -> float:
        return self._seconds.get(arm, self._seconds[""])


def _start(free: Sequence[float], jobs: int, work: float) -> float:
    """When the next job starts on processes that are ``free`` (in order) then, behind so many jobs with so much work.

    Jobs are taken to be equally long: with one process that makes no difference, with more of them the start may be
    off by the longest job ahead. All in seconds.
    """
    # Were the work divisible, the processes that take part would all end at the same time.
    level = free[0]
    for taking_part in range(1, len(free) + 1):
        level = (work + sum(free[:taking_part])) / taking_part
        if taking_part == len(free) or level <= free[taking_part]:
            break
    if not work:
        return level
    # Each of them starts its last job less than a job's length before: these are the starts that come into question.
    each = work / jobs
    rounds = [floor((level - moment) / each + _ROUNDING) for moment in free[:taking_part]]
    starts = sorted(moment + count * each for moment, count in zip(free, rounds, strict=False))
    return starts[min(jobs - sum(rounds), len(starts) - 1)]


def _end(progress: dict[str, Any] | None, began: datetime, usual_seconds: float) -> datetime:
    estimated = (progress or {}).get("estimated_end_at")
    return datetime.fromisoformat(estimated) if estimated else began + timedelta(seconds=usual_seconds)


def _run_seconds(session: Session) -> dict[str, float]:
    """Mean run times by arm, and of all under the empty name; nothing if no job has succeeded yet."""
    last = (
        select(Job.arm_digest, Job.started_at, Job.finished_at)
        .where(Job.state == JobState.SUCCEEDED)
        .order_by(Job.finished_at.desc())
        .limit(_MEASURED_JOBS)
    )
    measured: dict[str, list[float]] = {}
    for arm, started_at, finished_at in session.execute(last):
        if started_at is not None and finished_at is not None:
            for key in (arm, ""):
                measured.setdefault(key, []).append((finished_at - started_at).total_seconds())
    return {arm: sum(times) / len(times) for arm, times in measured.items()}
