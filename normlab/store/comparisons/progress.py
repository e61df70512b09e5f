"""How a comparison goes on while its jobs end. Any number of processes may do it at once."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import Session

from normlab.documents.events import EventKind
from normlab.documents.states import ComparisonState, ComparisonStopReason, JobState
from normlab.store.clock import database_now
from normlab.store.comparisons import comparisons
from normlab.store.comparisons import events as comparison_events
from normlab.store.comparisons.replicates import add_replicates
from normlab.store.comparisons.tables import Comparison, ComparisonJob
from normlab.store.jobs.tables import Job

_FINAL = [state for state in JobState if state.final]


def with_news(session: Session) -> Sequence[str]:
    """The ids of running comparisons of which a job has ended that their events have not told."""
    return session.scalars(_running().where(_has_job(Job.state.in_(_FINAL), _UNTOLD))).all()


def complete(session: Session) -> Sequence[str]:
    """The ids of running comparisons all of whose jobs have ended: to be decided, continued or finished."""
    return session.scalars(_running().where(~_has_job(or_(Job.state.not_in(_FINAL), _UNTOLD)))).all()


_UNTOLD = or_(ComparisonJob.ended.is_(None), ComparisonJob.ended != Job.state)
"""A job that failed, was told, was retried and has succeeded is news again."""


def _has_job(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    jobs = select(ComparisonJob).join(Job, Job.id == ComparisonJob.job_id)
    return exists(jobs.where(ComparisonJob.comparison_id == Comparison.id, *conditions))


def _running() -> Any:
    return select(Comparison.id).where(Comparison.state == ComparisonState.RUNNING).order_by(Comparison.id)


def note_ended_jobs(session: Session, comparison_id: str) -> None:
    """Store an event for each job that has ended since last time, and for each pair that is complete with
    it."""
    comparison = comparisons.lock(session, comparison_id)
    if comparison is None or comparison.state is not ComparisonState.RUNNING:
        return
    members = comparisons.members(session, comparison_id)
    names = {arm.position: arm.name for arm in comparison.arms}
    fresh = [member for member in members if member.job.state.final and member.ended != member.job.state]
    for member in fresh:
        member.ended = member.job.state
        data = {
            "arm": names[member.arm],
            "seed": member.seed,
            "job": member.job_id,
            "state": member.ended,
            "reused": member.reused,
        }
        comparison_events.append(session, comparison, EventKind.JOB, data)
    unfinished = {member.replicate for member in members if not member.job.state.final}
    for replicate in sorted({member.replicate for member in fresh} - unfinished):
        group = [member for member in members if member.replicate == replicate]
        failed = [names[member.arm] for member in group if member.ended is not JobState.SUCCEEDED]
        seed = comparison.base_seed + replicate
        data = {"seed": seed, "complete": not failed, "failed_arms": failed}
        comparison_events.append(session, comparison, EventKind.PAIR, data)
    comparison.updated_at = database_now()


def go_on(session: Session, comparison_id: str, *, expected: int, count: int, max_attempts: int) -> list[str]:
    """Add replicates to a running comparison that still has as many as ``expected``; else nothing is done.

    Gives the ids of the jobs that were made: ring for them when this is committed.
    """
    comparison = _unchanged(session, comparison_id, expected)
    if comparison is None:
        return []
    count = min(count, comparison.max_replicates - comparison.replicates)
    comparison.updated_at = database_now()
    return add_replicates(session, comparison, count, max_attempts=max_attempts)


def end(
    session: Session,
    comparison_id: str,
    *,
    expected: int,
    state: ComparisonState,
    reason: ComparisonStopReason,
    verdicts: list[dict[str, Any]],
) -> bool:
    """End a running comparison that still has as many replicates as ``expected``; False: somebody was faster."""
    comparison = _unchanged(session, comparison_id, expected)
    if comparison is None:
        return False
    comparison.state, comparison.stop_reason, comparison.verdicts = state, reason, verdicts
    comparison.finished_at = comparison.updated_at = database_now()
    data = {"state": state, "reason": reason, "verdicts": verdicts}
    comparison_events.append(session, comparison, EventKind.STATE, data)
    return True


def _unchanged(session: Session, comparison_id: str, expected: int) -> Comparison | None:
    comparison = comparisons.lock(session, comparison_id)
    if comparison is None or comparison.state is not ComparisonState.RUNNING:
        return None
    return comparison if comparison.replicates == expected else None
