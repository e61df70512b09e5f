"""The queue as the owner of a waiting job sees it: its place, what it waits for, and when it will start.

What is ahead of a job is counted by the database in the queue's index, by arms, without reading a row: a place costs
little however long the queue is.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import floor
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, bindparam, func, literal_column, or_, select, text
from sqlalchemy.orm import Session

from normlab.documents.states import JobState
from normlab.spec import Device
from normlab.store.base import table_of
from normlab.store.clock import seconds_between
from normlab.store.jobs import workers
from normlab.store.jobs.leases import needs_gpu
from normlab.store.jobs.tables import SUCCEEDED, Job
from normlab.store.likely import likely

_MEASURED_JOBS = 200
"""Run times are the means of so many jobs that succeeded last."""
_ROUNDING = 1e-9


_jobs = table_of(Job).c  # statements on the table are made once, and give plain rows


def _before(name: str) -> ColumnElement[bool]:
    """Whether a job goes before the one whose place in the order the parameters ``name``… hold."""
    priority, queued_at = (
        bindparam(f"{name}_priority", type_=_jobs.priority.type),
        bindparam(f"{name}_queued_at", type_=_jobs.queued_at.type),
    )
    earlier = or_(
        _jobs.queued_at < queued_at, and_(_jobs.queued_at == queued_at, _jobs.id < bindparam(f"{name}_id"))
    )
    return or_(_jobs.priority > priority, and_(_jobs.priority == priority, earlier))


_ORDER = (_jobs.priority.desc(), _jobs.queued_at, _jobs.id)
_QUEUED = _jobs.state == JobState.QUEUED
_WANTED = select(_jobs.id, _jobs.arm_digest, _jobs.priority, _jobs.queued_at, needs_gpu()).where(
    _jobs.id.in_(bindparam("job_ids", expanding=True)), _QUEUED
)
# An expression, or SQLite, once it has statistics, reads the whole index of arms, with each of its rows.
_arm = _jobs.arm_digest.concat(literal_column("''")).label("arm")
_ARMS_AHEAD = select(_arm, func.count()).where(_QUEUED, _before("first")).group_by(_arm)
# Those of a page of jobs are neighbours in the queue, so this reads few others.
_LINE = (
    select(_jobs.id, _jobs.arm_digest)
    .where(_QUEUED, ~_before("first"), or_(_before("last"), _jobs.id == bindparam("last_id")))
    .order_by(*_ORDER)
)
_RUNNING = select(_jobs.arm_digest, _jobs.started_at, _jobs.progress).where(_jobs.state == JobState.RUNNING)
_last = (
    select(_jobs.arm_digest, seconds_between(_jobs.started_at, _jobs.finished_at).label("seconds"))
    .where(likely(text(SUCCEEDED)))
    .order_by(_jobs.finished_at.desc())
    .limit(_MEASURED_JOBS)
    .subquery()
    .c
)
RUN_SECONDS = select(
    _last.arm_digest, func.count(_last.seconds).label("runs"), func.sum(_last.seconds).label("seconds")
).group_by(_last.arm_digest)
"""How many of the jobs that ended last each arm has, and their seconds together."""


@dataclass(frozen=True)
class Place:
    """A waiting job's place."""

    position: int
    """1 for the next."""
    waiting_for: str
    """A short sentence."""
    estimated_start_at: datetime | None
    """From measured run times; None as long as there are none, or nobody is there who could train it."""


class Waiting(NamedTuple):
    """What of a waiting job decides its place."""

    id: str
    arm_digest: str
    priority: int
    queued_at: datetime
    gpu: bool
    """Whether it needs one."""

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Waiting":
        """From a job's columns."""
        gpu = row["spec"]["resources"]["device"] == Device.GPU
        return cls(row["id"], row["arm_digest"], row["priority"], row["queued_at"], gpu)

    @property
    def order(self) -> tuple[int, datetime, str]:
        """What the queue is sorted by."""
        return (-self.priority, self.queued_at, self.id)


def places(session: Session | Connection, job_ids: Collection[str]) -> dict[str, Place]:
    """The places of those of the jobs that wait."""
    wanted = [Waiting(*job) for job in session.execute(_WANTED, {"job_ids": list(job_ids)})]
    return places_of(session, wanted, workers.workforce(session)) if wanted else {}


def places_of(
    session: Session | Connection, wanted: Sequence[Waiting], force: workers.Workforce
) -> dict[str, Place]:
    """The places of jobs that wait, which are all that they seem to be.

    The estimate takes every job ahead to run as long as jobs of its arm did, or else as all jobs did.
    """
    wanted = sorted(wanted, key=lambda job: job.order)
    ends = {
        f"{name}_{column}": getattr(job, column)
        for name, job in (("first", wanted[0]), ("last", wanted[-1]))
        for column in ("priority", "queued_at", "id")
    }
    ahead: Counter[str] = Counter(dict(session.execute(_ARMS_AHEAD, ends).all()))
    missing = {job.id: _missing(force, gpu=job.gpu) for job in wanted}
    starts = _Starts(session, force) if None in missing.values() else None
    line = session.execute(_LINE, ends) if len(wanted) > 1 else [(wanted[0].id, wanted[0].arm_digest)]
    found = {}
    for job_id, arm in line:
        if job_id in missing:
            lacks = missing[job_id]
            start = starts.after(ahead) if starts and not lacks else None
            found[job_id] = Place(ahead.total() + 1, lacks or "its turn", start)
        ahead[arm] += 1
    return found


def _missing(force: workers.Workforce, *, gpu: bool) -> str | None:
    if force.children == 0:
        return "a worker: none is there"
    if gpu and force.with_gpu == 0:
        return "a worker with a GPU: none is there"
    return None


class _Starts:
    """When a job starts that has others ahead of it, if each of them goes to the process that is free first."""

    def __init__(self, session: Session | Connection, force: workers.Workforce) -> None:
        self._seconds = _run_seconds(session)
        if not self._seconds:
            return
        self._now = force.at
        running = session.execute(_RUNNING)
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


def _run_seconds(session: Session | Connection) -> dict[str, float]:
    """Mean run times by arm, and of all under the empty name; nothing if no job has succeeded yet."""
    runs = [run for run in session.execute(RUN_SECONDS) if run.runs]
    if not runs:
        return {}
    means: dict[str, float] = {run.arm_digest: run.seconds / run.runs for run in runs}
    return means | {"": sum(run.seconds for run in runs) / sum(run.runs for run in runs)}
