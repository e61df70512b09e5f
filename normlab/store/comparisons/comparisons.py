"""Comparisons as their owners see them: create, look up, list, cancel, delete.

How one goes on while its jobs end is in ``comparison_progress``. Whoever changes a comparison has locked its row
first, and whoever locks jobs as well locks them afterwards.
"""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete as sql_delete
from sqlalchemy import exists, select
from sqlalchemy.orm import Session, aliased, joinedload

from normlab.documents.events import EventKind
from normlab.documents.states import ComparisonState, ComparisonStopReason
from normlab.errors import NotFoundError, StateError
from normlab.spec import JobSpec
from normlab.store.clock import database_now
from normlab.store.comparisons import events as comparison_events
from normlab.store.comparisons.replicates import add_replicates
from normlab.store.comparisons.tables import Comparison, ComparisonArm, ComparisonJob
from normlab.store.identifiers import new_id
from normlab.store.jobs import jobs


@dataclass(frozen=True)
class Arm:
    """One side of a comparison; the seed in its spec does not count."""

    name: str
    spec: JobSpec
    base_seed: int | None = None
    """Its first seed, where that is not the comparison's."""


@dataclass(frozen=True)
class NewComparison:
    """What is to be compared. ``question`` is kept as it is, for those who analyse."""

    arms: Sequence[Arm]
    question: dict[str, Any]
    base_seed: int
    replicates: int
    """How many get their jobs at once."""
    max_replicates: int
    fresh: bool = False
    name: str | None = None


@dataclass(frozen=True)
class ComparisonPage:
    """Some comparisons, newest first; ``next_cursor`` is None on the last page."""

    comparisons: Sequence[Comparison]
    next_cursor: str | None


def create(session: Session, new: NewComparison, *, max_attempts: int = 3) -> Comparison:
    """Store a comparison with its first jobs. Ring for those that are queued when this is committed."""
    comparison = Comparison(
        id=new_id("cmp"),
        name=new.name,
        state=ComparisonState.RUNNING,
        created_at=database_now(),
        updated_at=database_now(),
        question=new.question,
        base_seed=new.base_seed,
        replicates=0,
        max_replicates=new.max_replicates,
        fresh=new.fresh,
        event_count=0,
        arms=[
            ComparisonArm(
                position=position,
                name=arm.name,
                spec=_without_seed(arm.spec.to_document()),
                arm_digest=arm.spec.arm_digest,
                base_seed=arm.base_seed,
            )
            for position, arm in enumerate(new.arms)
        ],
    )
    session.add(comparison)
    session.flush()
    created = {"state": ComparisonState.RUNNING, "reason": "created"}
    comparison_events.append(session, comparison, EventKind.STATE, created)
    add_replicates(session, comparison, new.replicates, max_attempts=max_attempts)
    session.flush()
    session.refresh(comparison)
    return comparison


def find(session: Session, comparison_id: str) -> Comparison | None:
    """The comparison, or None."""
    return session.get(Comparison, comparison_id)


def get(session: Session, comparison_id: str) -> Comparison:
    """The comparison.

    Raises:
        NotFoundError: there is none.
    """
    comparison = find(session, comparison_id)
    if comparison is None:
        raise NotFoundError(f"there is no comparison {comparison_id}")
    return comparison


def members(session: Session, comparison_id: str) -> Sequence[ComparisonJob]:
    """Which job stands for which arm and replicate, each with its job; by replicate, then by arm."""
    query = (
        select(ComparisonJob)
        .where(ComparisonJob.comparison_id == comparison_id)
        .options(joinedload(ComparisonJob.job))
        .order_by(ComparisonJob.replicate, ComparisonJob.arm)
    )
    return session.scalars(query).all()


def page(
    session: Session,
    *,
    states: Sequence[ComparisonState] = (),
    name: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> ComparisonPage:
    """A page of comparisons, newest first. ``cursor`` is the ``next_cursor`` of the page before."""
    query = select(Comparison).order_by(Comparison.id.desc()).limit(limit + 1)
    if states:
        query = query.where(Comparison.state.in_(states))
    if name is not None:
        query = query.where(Comparison.name == name)
    if cursor is not None:
        query = query.where(Comparison.id < cursor)
    found = session.scalars(query).all()
    return ComparisonPage(found[:limit], found[limit - 1].id if len(found) > limit else None)


def lock(session: Session, comparison_id: str) -> Comparison | None:
    """The comparison as it now is, which nobody else changes until the transaction's end; None: it is gone."""
    # In SQLite a writing transaction is alone anyway.
    query = select(Comparison).where(Comparison.id == comparison_id).with_for_update()
    return session.scalars(query, execution_options={"populate_existing": True}).one_or_none()


def cancel(session: Session, comparison_id: str) -> Comparison:
    """End a running comparison, and cancel the jobs that were made for it and that no other one waits for.

    Asking again changes nothing.

    Raises:
        NotFoundError: there is no such comparison.
        StateError: it has ended in another way.
    """
    comparison = _locked(session, comparison_id)
    if comparison.state is ComparisonState.CANCELLED:
        return comparison
    if comparison.state is not ComparisonState.RUNNING:
        raise StateError(
            f"comparison {comparison_id} is {comparison.state}; only a running comparison can be cancelled"
        )
    comparison.state, comparison.stop_reason = ComparisonState.CANCELLED, ComparisonStopReason.CANCELLED
    comparison.finished_at = comparison.updated_at = database_now()
    data = {"state": ComparisonState.CANCELLED, "reason": ComparisonStopReason.CANCELLED}
    comparison_events.append(session, comparison, EventKind.STATE, data)
    for member in members(session, comparison_id):
        member.ended = member.job.state if member.job.state.final else None  # only these count from now on
    for job_id in session.scalars(_own_jobs(comparison_id, unless=ComparisonState.RUNNING)).all():
        if not jobs.get(session, job_id).state.final:
            _cancel_job(session, job_id)
    session.flush()
    session.refresh(comparison)
    return comparison


def delete(session: Session, comparison_id: str, *, with_jobs: bool = False) -> list[str]:
    """Delete a comparison that does not run; ``with_jobs`` also those jobs that were made for it and that no
    other comparison uses.

    Gives the deleted jobs' ids: delete their files from the artifact store after the commit.

    Raises:
        NotFoundError: there is no such comparison.
        StateError: it is running, or one of the jobs that should be deleted is.
    """
    comparison = _locked(session, comparison_id)
    if comparison.state is ComparisonState.RUNNING:
        raise StateError(f"comparison {comparison_id} is running; cancel it first")
    doomed = list(session.scalars(_own_jobs(comparison_id))) if with_jobs else []
    session.execute(sql_delete(Comparison).where(Comparison.id == comparison_id))
    for job_id in doomed:
        jobs.delete(session, job_id)
    return doomed


def _locked(session: Session, comparison_id: str) -> Comparison:
    return lock(session, comparison_id) or get(session, comparison_id)


def _own_jobs(comparison_id: str, unless: ComparisonState | None = None) -> Any:
    """The ids of jobs made for this comparison that no other one uses (or none in the state ``unless``)."""
    other = aliased(ComparisonJob)
    used = select(other.job_id).where(
        other.job_id == ComparisonJob.job_id, other.comparison_id != comparison_id
    )
    if unless is not None:
        used = used.join(Comparison, Comparison.id == other.comparison_id).where(Comparison.state == unless)
    return (
        select(ComparisonJob.job_id)
        .where(ComparisonJob.comparison_id == comparison_id, ComparisonJob.reused.is_(False), ~exists(used))
        .order_by(ComparisonJob.job_id)
    )


def _cancel_job(session: Session, job_id: str) -> None:
    with contextlib.suppress(StateError):  # it has ended since we looked
        jobs.request_cancel(session, job_id)


def _without_seed(document: dict[str, Any]) -> dict[str, Any]:
    training = {field: value for field, value in document["training"].items() if field != "seed"}
    return {**document, "training": training}
