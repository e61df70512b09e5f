"""Which studies use a job, whatever their kind."""

from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session, aliased

from normlab.documents.states import StudyState
from normlab.store.studies.tables import Study, StudyMember


def users_of(session: Session, job_id: str) -> list[str]:
    """The ids of the studies that use a job."""
    return [
        study_id
        for table in StudyMember.__subclasses__()
        for study_id in session.scalars(select(table.study_id).where(table.job_id == job_id).distinct())
    ]


def own_jobs(kind: type[Study], study_id: str, *, unless: StudyState | None = None) -> Any:
    """A query for the ids of the jobs that were made for a study and that no other one uses; with ``unless``, that
    no other one in this state uses."""
    table = kind.member_table
    used = [_used_by_another(other, table, study_id, unless) for other in Study.__subclasses__()]
    return (
        select(table.job_id)
        .where(table.study_id == study_id, table.reused.is_(False), ~or_(*used))
        .order_by(table.job_id)
    )


def _used_by_another(
    kind: type[Study], table: type[StudyMember], study_id: str, state: StudyState | None
) -> ColumnElement[bool]:
    member = aliased(kind.member_table)
    used = and_(member.job_id == table.job_id, member.study_id != study_id)
    if state is None:
        return exists().where(used)
    return exists().where(used, kind.id == member.study_id, kind.state == state)
