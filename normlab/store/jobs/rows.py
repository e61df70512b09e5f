"""Jobs as plain rows of their table: reading one costs a third of what loading a ``Job`` does."""

from typing import Any, NamedTuple, Self, TypeAlias

from sqlalchemy import Row, bindparam, select
from sqlalchemy.orm import Session

from normlab.errors import NotFoundError
from normlab.store.base import table_of
from normlab.store.jobs.tables import Job
from normlab.store.prepared import Prepared, Transaction

JobRow: TypeAlias = Row[Any]
"""All columns of a job; its tags are apart."""

_jobs = table_of(Job)
_ONE = select(_jobs).where(_jobs.c.id == bindparam("job_id"))
_VERSION = Prepared(select(_jobs.c.state, _jobs.c.event_count).where(_jobs.c.id == bindparam("job_id")))


def get(session: Session, job_id: str) -> JobRow:
    """The job.

    Raises:
        NotFoundError: there is none.
    """
    row = session.execute(_ONE, {"job_id": job_id}).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no job {job_id}")
    return row


class JobVersion(NamedTuple):
    """What changes whenever a job's state, epochs or measurements do, each of which is an event; progress is none."""

    state: str
    event_count: int

    @classmethod
    def of(cls, job: JobRow) -> Self:
        """Of a job that has been read."""
        return cls(job.state, job.event_count)


def version(where: Transaction, job_id: str) -> JobVersion:
    """The version of a job at the moment that the transaction sees.

    Raises:
        NotFoundError: there is none.
    """
    found = _VERSION.rows(where, job_id=job_id)
    if not found:
        raise NotFoundError(f"there is no job {job_id}")
    return JobVersion._make(found[0])
