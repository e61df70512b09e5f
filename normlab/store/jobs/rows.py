"""Jobs as plain rows of their table, for answers: reading one costs a third of what loading a ``Job`` does."""

from collections.abc import Collection
from typing import Any, TypeAlias

from sqlalchemy import Row, bindparam, select
from sqlalchemy.orm import Session

from normlab.errors import NotFoundError
from normlab.store.base import table_of
from normlab.store.jobs.tables import Job, JobTag

JobRow: TypeAlias = Row[Any]
"""All columns of a job; its tags are apart."""

_jobs, _tags = table_of(Job).c, table_of(JobTag).c
_ONE = select(table_of(Job)).where(_jobs.id == bindparam("job_id"))
_SOME = select(table_of(Job)).where(_jobs.id.in_(bindparam("job_ids", expanding=True)))
_TAGS = (
    select(_tags.job_id, _tags.tag)
    .where(_tags.job_id.in_(bindparam("job_ids", expanding=True)))
    .order_by(_tags.job_id, _tags.position)
)


def get(session: Session, job_id: str) -> JobRow:
    """The job.

    Raises:
        NotFoundError: there is none.
    """
    row = session.execute(_ONE, {"job_id": job_id}).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no job {job_id}")
    return row


def get_many(session: Session, job_ids: Collection[str]) -> list[JobRow]:
    """Those of these jobs that there are, in this order."""
    found = {row.id: row for row in session.execute(_SOME, {"job_ids": list(job_ids)})}
    return [found[job_id] for job_id in job_ids if job_id in found]


def tags(session: Session, job_ids: Collection[str]) -> dict[str, list[str]]:
    """The tags of these jobs as they were given; every id is a key of the answer."""
    given: dict[str, list[str]] = {job_id: [] for job_id in job_ids}
    for job_id, tag in session.execute(_TAGS, {"job_ids": list(given)}):
        given[job_id].append(tag)
    return given
