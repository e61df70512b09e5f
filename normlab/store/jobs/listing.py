"""Which jobs a list has, and in which order, page by page."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from normlab.documents.jobs import JobOrder
from normlab.documents.states import JobState
from normlab.errors import NotFoundError
from normlab.store.base import table_of
from normlab.store.identifiers import is_part_of
from normlab.store.jobs.rows import JobRow
from normlab.store.jobs.tables import Job, JobTag

_jobs, _tags = table_of(Job).c, table_of(JobTag).c


@dataclass(frozen=True)
class JobFilter:
    """Which jobs to list; a field left empty filters nothing, several must all be fulfilled."""

    states: Collection[JobState] = ()
    """Any of these."""
    tags: Collection[str] = ()
    """All of these."""
    name: str | None = None
    dataset: str | None = None
    preset: str | None = None
    id_part: str | None = None
    """The beginning or the end of the id, with or without its prefix."""
    spec_digest: str | None = None
    arm_digest: str | None = None


@dataclass(frozen=True)
class JobPage:
    """Some jobs in order; ``next_cursor`` is None on the last page."""

    jobs: Sequence[JobRow]
    next_cursor: str | None


def page(
    session: Session,
    wanted: JobFilter = JobFilter(),
    *,
    order: JobOrder = JobOrder.NEWEST,
    limit: int = 50,
    cursor: str | None = None,
) -> JobPage:
    """A page of jobs. ``cursor`` is the ``next_cursor`` of the page before.

    By age, jobs that come in between two pages neither shift nor repeat any. By a figure, jobs that get theirs
    meanwhile can.

    Raises:
        NotFoundError: the job at which the page before ended is gone, and the order is by a figure of it.
    """
    query = _filtered(select(table_of(Job)), wanted).limit(limit + 1)
    if order in (JobOrder.NEWEST, JobOrder.OLDEST):
        newest = order is JobOrder.NEWEST
        query = query.order_by(_jobs.id.desc() if newest else _jobs.id)
        if cursor is not None:
            query = query.where(_jobs.id < cursor if newest else _jobs.id > cursor)
    else:
        figure = _figure(order)
        query = query.order_by(figure.desc(), _jobs.id.desc())
        if cursor is not None:
            query = query.where(_behind(session, figure, cursor))
    rows = session.execute(query).all()
    return JobPage(rows[:limit], rows[limit - 1].id if len(rows) > limit else None)


def _filtered(query: Select[Any], wanted: JobFilter) -> Select[Any]:
    if wanted.states:
        query = query.where(_jobs.state.in_(set(wanted.states)))
    if tags := set(wanted.tags):
        with_tags = select(_tags.job_id).where(_tags.tag.in_(tags)).group_by(_tags.job_id)
        query = query.where(_jobs.id.in_(with_tags.having(func.count() == len(tags))))
    if wanted.id_part is not None:
        query = query.where(is_part_of(_jobs.id, "job", wanted.id_part))
    columns: dict[str, Any] = {
        "name": _jobs.name,
        "dataset": _jobs.spec["dataset", "name"].as_string(),
        "preset": _jobs.spec["architecture", "preset"].as_string(),
        "spec_digest": _jobs.spec_digest,
        "arm_digest": _jobs.arm_digest,
    }
    for field, column in columns.items():
        if (value := getattr(wanted, field)) is not None:
            query = query.where(column == value)
    return query


def _figure(order: JobOrder) -> ColumnElement[float]:
    """What to sort by, the largest first; below everything for jobs that have no such figure."""
    figure = _jobs.result[order.value].as_float()
    return func.coalesce(-figure if order is JobOrder.TRAIN_SECONDS else figure, float("-1e300"))


def _behind(session: Session, figure: ColumnElement[float], cursor: str) -> ColumnElement[bool]:
    if session.scalar(select(_jobs.id).where(_jobs.id == cursor)) is None:
        raise NotFoundError(
            f"job {cursor}, at which the page before ended, is deleted: begin without a cursor"
        )
    # The database computes both sides, so that they are equal to the last bit where they should be.
    last = select(figure).where(_jobs.id == cursor).scalar_subquery()
    return or_(figure < last, and_(figure == last, _jobs.id < cursor))
