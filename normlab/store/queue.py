"""The queue as the owner of a waiting job sees it: its place, what it waits for, and when it will start."""

import heapq
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from normlab.store import workers
from normlab.store.claims import needs_gpu
from normlab.store.clock import database_now
from normlab.store.models import Job
from normlab.store.states import JobState

_MEASURED_JOBS = 200
"""Run times are the means of so many jobs that succeeded last."""


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

    The estimate assumes that every job ahead runs as long as jobs of its arm did, or else as all jobs did.
    """
    line = session.execute(
        select(Job.id, Job.arm_digest, needs_gpu())
        .where(Job.state == JobState.QUEUED)
        .order_by(Job.priority.desc(), Job.queued_at, Job.id)
    ).all()
    if not set(job_ids) & {job_id for job_id, _, _ in line}:
        return {}
    force = workers.workforce(session)
    starts = _starts(session, force, [arm for _, arm, _ in line])
    found = {}
    for position, ((job_id, _, gpu), start) in enumerate(zip(line, starts, strict=True), 1):
        if job_id in job_ids:
            missing = _missing(force, gpu=gpu)
            found[job_id] = Place(position, missing or "its turn", None if missing else start)
    return found


def _missing(force: workers.Workforce, *, gpu: bool) -> str | None:
    if force.children == 0:
        return "a worker: none is there"
    if gpu and force.with_gpu == 0:
        return "a worker with a GPU: none is there"
    return None


def _starts(session: Session, force: workers.Workforce, arms: Sequence[str]) -> Iterator[datetime | None]:
    """When the jobs of the line will start, if each goes to the process that is free first."""
    seconds = _run_seconds(session)
    if not seconds or force.children == 0:
        yield from (None for _ in arms)
        return
    now = session.scalars(select(database_now())).one()
    usual = seconds[""]
    running = session.execute(
        select(Job.arm_digest, Job.started_at, Job.progress).where(Job.state == JobState.RUNNING)
    )
    free_at = [
        max(now, _end(progress, began or now, seconds.get(arm, usual))) for arm, began, progress in running
    ]
    free_at += [now] * (force.children - len(free_at))
    heapq.heapify(free_at)
    for arm in arms:
        start = free_at[0]
        yield start
        heapq.heapreplace(free_at, start + timedelta(seconds=seconds.get(arm, usual)))


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
