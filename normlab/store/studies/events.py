"""What happened to each study, numbered from 1 without gaps, as the events of jobs are."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from normlab.documents.events import EventKind
from normlab.store.clock import database_now
from normlab.store.studies.tables import Study, StudyEvent


def append(session: Session, study: Study, kind: EventKind, data: dict[str, Any]) -> None:
    """Store an event of a study whose row the caller has locked, so that numbers are seen in order."""
    study.event_count += 1
    study.updated_at = database_now()
    session.add(
        study.event_table(
            study_id=study.id, number=study.event_count, kind=kind, at=database_now(), data=data
        )
    )


def after(
    session: Session, kind: type[Study], study_id: str, number: int = 0, *, limit: int = 500
) -> Sequence[StudyEvent]:
    """The events of a study whose number is larger than ``number``, in order, at most ``limit``."""
    table = kind.event_table
    query = (
        select(table)
        .where(table.study_id == study_id, table.number > number)
        .order_by(table.number)
        .limit(limit)
    )
    return session.scalars(query).all()
