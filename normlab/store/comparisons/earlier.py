"""Comparisons that were asked for before another one, and may have looked at the same runs."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, and_, bindparam, func, select
from sqlalchemy.orm import Session, defer

from normlab.documents.states import JobState, StudyState
from normlab.store.comparisons.tables import Comparison, ComparisonArm, ComparisonJob

MOST = 200
"""So many earlier comparisons are looked at, the oldest: far fewer use up the error that there is to spend."""


@dataclass(frozen=True)
class EarlierComparison:
    """A comparison with what it has seen, or will have seen when it ends."""

    comparison: Comparison
    replicates: int
    """How many have jobs, or have them at most."""
    pairs: int
    """How many are complete, or will be at most."""


def earlier_comparisons(
    session: Session, digests: Collection[str], *, metric: str, before: str | None = None
) -> list[EarlierComparison]:
    """The comparisons by a metric that have two arms with these digests, oldest first; ``before`` is the id of the one
    that was made after them. Their results are not read. One that has failed has said nothing: it is not among them.

    One that still runs counts with all pairs that it may have: it was asked for first.
    """
    query = (
        select(Comparison)
        .where(_counts(ComparisonArm.arm_digest.in_(digests), metric))
        .options(defer(Comparison.result))
        .order_by(Comparison.id)
    )
    if before is not None:
        query = query.where(Comparison.id < before)
    earlier = session.scalars(query.limit(MOST)).all()
    complete = _complete_pairs(session, [item for item in earlier if item.state.final])
    return [
        EarlierComparison(item, item.replicates, complete.get(item.id, 0))
        if item.state.final
        else EarlierComparison(item, item.max_replicates, item.max_replicates)
        for item in earlier
    ]


def _counts(digest_matches: ColumnElement[bool], metric: Any) -> ColumnElement[bool]:
    """Whether a comparison is by a metric and has two arms whose digest matches."""
    shared = (
        select(ComparisonArm.comparison_id)
        .where(digest_matches)
        .group_by(ComparisonArm.comparison_id)
        .having(func.count() > 1)
    )
    return and_(
        Comparison.id.in_(shared),
        Comparison.state != StudyState.FAILED,
        Comparison.question["metric"].as_string() == metric,
    )


_THIS: BindParameter[str] = bindparam("comparison_id")
_ITS_DIGESTS = select(ComparisonArm.arm_digest).where(ComparisonArm.comparison_id == _THIS)
_ITS_METRIC = select(Comparison.question["metric"].as_string()).where(Comparison.id == _THIS)
_VERSIONS = (
    select(Comparison.id, Comparison.event_count)
    .where(
        _counts(ComparisonArm.arm_digest.in_(_ITS_DIGESTS), _ITS_METRIC.scalar_subquery()),
        Comparison.id < _THIS,
    )
    .order_by(Comparison.id)
    .limit(MOST)
)


def earlier_versions(session: Session, comparison_id: str) -> list[tuple[str, int]]:
    """What of ``earlier_comparisons`` of a comparison changes whenever one of them does: ids and numbers of events."""
    rows = session.execute(_VERSIONS, {"comparison_id": comparison_id})
    return [(earlier_id, event_count) for earlier_id, event_count in rows]


def _complete_pairs(session: Session, comparisons: Sequence[Comparison]) -> dict[str, int]:
    """How many replicates of each of these comparisons, which have ended, had a job that succeeded for every arm."""
    arms = {item.id: len(item.arms) for item in comparisons}
    query = (
        select(ComparisonJob.study_id, func.count())
        .where(ComparisonJob.study_id.in_(arms), ComparisonJob.ended == JobState.SUCCEEDED)
        .group_by(ComparisonJob.study_id, ComparisonJob.replicate)
    )
    complete: dict[str, int] = {}
    for study_id, succeeded in session.execute(query):
        complete[study_id] = complete.get(study_id, 0) + (succeeded == arms[study_id])
    return complete
