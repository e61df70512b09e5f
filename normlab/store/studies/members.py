"""The jobs of a study: making them or finding ones that can be used, and reading them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import insert, inspect, select
from sqlalchemy.orm import InstrumentedAttribute, Session, joinedload, lazyload

from normlab.store.jobs import creation
from normlab.store.jobs.creation import NewJob
from normlab.store.jobs.tables import Job
from normlab.store.studies.reuse import usable
from normlab.store.studies.tables import Study, StudyMember

AnyMember = TypeVar("AnyMember", bound=StudyMember)


@dataclass(frozen=True)
class NewMember:
    """A member that a study is to have."""

    job: NewJob
    """To be stored if no other job can stand for it."""
    place: Mapping[str, Any]
    """The values of the columns that its kind of study adds to a member."""


def add(
    session: Session,
    study: Study,
    wanted: Sequence[NewMember],
    *,
    fresh: bool,
    figure: str | None = None,
    probes: Collection[str] = (),
) -> list[str]:
    """Give a study further members: a job that can be used again for each, or else a new one. The study's row is
    locked, or new and flushed. ``figure`` is a field that the result of a job needs to be used again, ``probes`` are
    those that have to measure in it.

    Gives the ids of the jobs that were made: notify a worker of them when this is committed.
    """
    jobs = [member.job for member in wanted]
    usable_jobs = [None] * len(jobs) if fresh else usable(session, jobs, figure=figure, probes=probes)
    made = [member.job for member, found in zip(wanted, usable_jobs, strict=True) if found is None]
    creation.store(session, made)
    rows = [
        {"job_id": found or member.job.id, "reused": found is not None, **member.place}
        for member, found in zip(wanted, usable_jobs, strict=True)
    ]
    table = study.member_table
    if rows:
        session.connection().execute(insert(table).values(study_id=study.id), rows)
    return [job.id for job in made]


def of(
    session: Session, table: type[AnyMember], study_id: str, *columns: InstrumentedAttribute[Any]
) -> Sequence[AnyMember]:
    """The members of a study in order, each with its job; with ``columns``, only these of each job are read."""
    job = joinedload(table.job)
    if columns:
        job = job.load_only(*columns, raiseload=True).options(lazyload(Job.tags))
    query = select(table).where(table.study_id == study_id).options(job).order_by(*inspect(table).primary_key)
    return session.scalars(query).all()
