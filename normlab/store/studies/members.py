"""The jobs of a study: making them or finding ones that can be used, and reading them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import inspect, select
from sqlalchemy.orm import InstrumentedAttribute, Session, joinedload, lazyload

from normlab.spec import JobSpec
from normlab.store.jobs import jobs
from normlab.store.jobs.tables import Job
from normlab.store.studies.reuse import usable
from normlab.store.studies.tables import Study, StudyMember

AnyMember = TypeVar("AnyMember", bound=StudyMember)


@dataclass(frozen=True)
class NewMember:
    """A member that a study is to have."""

    spec: JobSpec
    place: Mapping[str, Any]
    """The values of the columns that its kind of study adds to a member."""


def add(
    session: Session, study: Study, wanted: Sequence[NewMember], *, fresh: bool, max_attempts: int
) -> list[str]:
    """Give a study further members: a job that can be used again for each, or else a new one. The study's row is
    locked or new.

    Gives the ids of the jobs that were made: notify a worker of them when this is committed.
    """
    usable_jobs = [None] * len(wanted) if fresh else usable(session, [member.spec for member in wanted])
    made = []
    for member, usable_job in zip(wanted, usable_jobs, strict=True):
        job_id = usable_job or jobs.create(session, member.spec, max_attempts=max_attempts).id
        if usable_job is None:
            made.append(job_id)
        reused = usable_job is not None
        session.add(study.member_table(study_id=study.id, job_id=job_id, reused=reused, **member.place))
    return made


def of(
    session: Session, table: type[AnyMember], study_id: str, *columns: InstrumentedAttribute[Any]
) -> Sequence[AnyMember]:
    """The members of a study in order, each with its job; with ``columns``, only these of each job are read."""
    job = joinedload(table.job)
    if columns:
        job = job.load_only(*columns, raiseload=True).options(lazyload(Job.tags))
    query = select(table).where(table.study_id == study_id).options(job).order_by(*inspect(table).primary_key)
    return session.scalars(query).all()
