"""The queue as the owner of a waiting job sees it: its place, what it waits for, and when it will start.

What is ahead of a job is counted by the database in the queue's index, without reading a row: some hundredths of a
microsecond for each. Which arms they are is looked at for the first of the queue only.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from math import floor
from typing import Any, NamedTuple

import orjson
from sqlalchemy import ColumnElement, Select, bindparam, func, or_, select, text

from normlab.documents.states import JobState
from normlab.spec import Device
from normlab.store.base import table_of
from normlab.store.clock import Moment, moment, seconds_between
from normlab.store.jobs import workers
from normlab.store.jobs.tables import SUCCEEDED, Job
from normlab.store.json_sql import each_text, json_array, json_group, json_text
from normlab.store.likely import likely
from normlab.store.prepared import Prepared, Transaction, written

_MEASURED_JOBS = 200
"""Run times are the means of so many jobs that succeeded last."""
KNOWN_ARMS = 200
"""Of so many jobs at the head of the queue the arms are looked at; those behind are taken to be as long on average."""
_LINE_FOR_EACH = 4
"""Of several that are asked for, so many for each are gone through from the first one on, to find others of its
priority."""
_ROUNDING = 1e-9


_jobs = table_of(Job).c
_ORDER = (_jobs.priority.desc(), _jobs.queued_at, _jobs.id)
_QUEUED = _jobs.state == written(JobState.QUEUED)


def _in_queue(*columns: Any) -> Select[Any]:
    """From jobs that wait, by the queue's index."""
    return select(*columns).where(_QUEUED).with_hint(
        _jobs.id.table, "INDEXED BY ix_jobs_queue", dialect_name="sqlite"
    )  # fmt: skip


_PRIORITY, _QUEUED_AT, _ID = (
    bindparam(name, type_=_jobs[name].type) for name in ("priority", "queued_at", "id")
)


def _count(*conditions: ColumnElement[bool]) -> Any:
    return _in_queue(func.count()).where(*conditions).scalar_subquery()


# Each is a stretch of the index; one condition for all of them would be looked at for each job.
_AHEAD = Prepared(
    select(
        _count(_jobs.priority > _PRIORITY)
        + _count(_jobs.priority == _PRIORITY, _jobs.queued_at < _QUEUED_AT)
        + _count(_jobs.priority == _PRIORITY, _jobs.queued_at == _QUEUED_AT, _jobs.id < _ID)
    )
)
_not_earlier = (_jobs.queued_at >= _QUEUED_AT, or_(_jobs.queued_at > _QUEUED_AT, _jobs.id >= _ID))
_LINE = Prepared(
    _in_queue(_jobs.id)
    .where(_jobs.priority == _PRIORITY, *_not_earlier)
    .order_by(*_ORDER)
    .limit(bindparam("limit"))
)
_WANTED = Prepared(
    select(
        _jobs.id,
        _jobs.arm_digest,
        _jobs.priority,
        _jobs.queued_at,
        json_text(_jobs.spec, "resources", "device"),
    ).where(_jobs.id.op("IN")(each_text(bindparam("job_ids"))), _QUEUED)
)
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


def _all(*columns: Any) -> Any:
    """An array of these columns of all rows, each an array."""
    return select(json_group(json_array(*columns))).scalar_subquery()


_runs = RUN_SECONDS.subquery().c
_running = _jobs.id.table.alias("running").c
_first_arms = (
    _in_queue((-_jobs.priority).label("last"), _jobs.queued_at, _jobs.id, _jobs.arm_digest)
    .order_by(*_ORDER)
    .limit(bindparam("limit"))
    .subquery()
    .c
)
_WORK = Prepared(
    select(
        _all(_runs.arm_digest, _runs.runs, _runs.seconds),
        select(
            json_group(
                json_array(
                    _running.arm_digest, _running.started_at, json_text(_running.progress, "estimated_end_at")
                )
            )
        )
        .where(_running.state == written(JobState.RUNNING))
        .scalar_subquery(),
        _all(*_first_arms),
    )
)
"""All that estimates are made of, as three arrays in any order: how long the last runs were, what runs, what waits."""


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
    queued_at: Moment
    device: str
    """That it asks for."""

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Waiting":
        """From a job's columns."""
        device = row["spec"]["resources"]["device"]
        return cls(row["id"], row["arm_digest"], row["priority"], row["queued_at"], device)

    @property
    def order(self) -> tuple[int, Moment, str]:
        """What the queue is sorted by."""
        return (-self.priority, self.queued_at, self.id)

    @property
    def place(self) -> dict[str, Any]:
        """Its place in that order, as statements take it."""
        return {"priority": self.priority, "queued_at": self.queued_at, "id": self.id}


def places(where: Transaction, job_ids: Collection[str]) -> dict[str, Place]:
    """The places of those of the jobs that wait."""
    found = _WANTED.rows(where, job_ids=orjson.dumps(list(job_ids)).decode())
    wanted = [Waiting(*job) for job in found]
    return places_of(where, wanted, workers.workforce(where)) if wanted else {}


def places_of(where: Transaction, wanted: Sequence[Waiting], force: workers.Workforce) -> dict[str, Place]:
    """The places of jobs that wait, which are all that they seem to be.

    The estimate takes every job ahead to run as long as jobs of its arm did, or else as all jobs did.
    """
    ahead = _ahead(where, wanted)
    missing = {job.id: _missing(force, gpu=job.device == Device.GPU) for job in wanted}
    starts = _Starts(where, force, max(ahead.values())) if None in missing.values() else None
    found = {}
    for job_id, count in ahead.items():
        lacks = missing[job_id]
        start = starts.after(count) if starts and not lacks else None
        found[job_id] = Place(count + 1, lacks or "its turn", start)
    return found


def _ahead(where: Transaction, wanted: Sequence[Waiting]) -> dict[str, int]:
    """How many are ahead of each, in the queue's order."""
    first, *others = sorted(wanted, key=lambda job: job.order)
    before = _count_ahead(where, first)
    if not others:
        return {first.id: before}
    # Those of a page of jobs are neighbours in the queue.
    line = _LINE.rows(where, **first.place, limit=_LINE_FOR_EACH * len(wanted))
    places = {job_id: before + count for count, (job_id,) in enumerate(line)}
    return {
        job.id: places[job.id] if job.id in places else _count_ahead(where, job) for job in (first, *others)
    }


def _count_ahead(where: Transaction, job: Waiting) -> int:
    ((count,),) = _AHEAD.rows(where, **job.place)
    return int(count)


def _missing(force: workers.Workforce, *, gpu: bool) -> str | None:
    if force.children == 0:
        return "a worker: none is there"
    if gpu and force.with_gpu == 0:
        return "a worker with a GPU: none is there"
    return None


class _Starts:
    """When a job starts that has others ahead of it, if each of them goes to the process that is free first."""

    def __init__(self, where: Transaction, force: workers.Workforce, most_ahead: int) -> None:
        ((last, running, first),) = _WORK.rows(where, limit=min(most_ahead, KNOWN_ARMS))
        self._seconds = _run_seconds(orjson.loads(last))
        if not self._seconds:
            return
        self._now = moment(force.at)
        ends = [
            _end(end, self._now if began is None else moment(began), self._of(arm))
            for arm, began, end in orjson.loads(running)
        ]
        free = [max(0.0, (end - self._now).total_seconds()) for end in ends]
        self._free = sorted(free + [0.0] * (force.children - len(free)))
        self._work = [0.0, *accumulate(self._of(arm) for *_, arm in sorted(orjson.loads(first)))]
        """Of so many jobs at the head of the queue together, in seconds."""

    def after(self, ahead: int) -> datetime | None:
        """Behind so many jobs; None if no job was measured yet."""
        if not self._seconds:
            return None
        known = min(ahead, len(self._work) - 1)
        each = self._work[known] / known if known else self._seconds[""]
        work = self._work[known] + (ahead - known) * each
        return self._now + timedelta(seconds=_start(self._free, ahead, work))

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


def _end(estimated: str | None, began: datetime, usual_seconds: float) -> datetime:
    return datetime.fromisoformat(estimated) if estimated else began + timedelta(seconds=usual_seconds)


def _run_seconds(found: Sequence[tuple[str, int, float]]) -> dict[str, float]:
    """Mean run times by arm, and of all under the empty name; nothing if no job has succeeded yet."""
    runs = [(arm, count, seconds) for arm, count, seconds in found if count]
    if not runs:
        return {}
    means: dict[str, float] = {arm: seconds / count for arm, count, seconds in runs}
    return means | {"": sum(seconds for _, _, seconds in runs) / sum(count for _, count, _ in runs)}


IN_QUEUE = (_AHEAD, _LINE, _WORK)
"""What looks at jobs that wait, other than by their ids."""
