"""What happened to each comparison, numbered from 1 without gaps, as the events of jobs are."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from normlab.documents.events import EventKind
from normlab.store.clock import database_now
from normlab.store.comparisons.tables import Comparison, ComparisonEvent


def append(
    session: Session, comparison: Comparison, kind: EventKind, data: dict[str, Any]
) -> ComparisonEvent:
    """Store an event of a comparison whose row the caller has locked, so that numbers are seen in order."""
    comparison.event_count += 1
    event = ComparisonEvent(
        comparison_id=comparison.id, number=comparison.event_count, kind=kind, at=database_now(), data=data
    )
    session.add(event)
    return event


def after(
    session: Session, comparison_id: str, number: int = 0, *, limit: int = 500
) -> Sequence[ComparisonEvent]:
    """The events of a comparison whose number is larger than ``number``, in order, at most ``limit``."""
    query = (
        select(ComparisonEvent)
        .where(ComparisonEvent.comparison_id == comparison_id, ComparisonEvent.number > number)
        .order_by(ComparisonEvent.number)
        .limit(limit)
    )
    return session.scalars(query).all()
