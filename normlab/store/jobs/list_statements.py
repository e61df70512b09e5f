"""The statements of lists of jobs: which index each walks.

A list of the jobs with one value (of a name, a tag, …), in any states and any order, walks an index that has this
order. Where several values are wanted at once, it walks the index of the rarest of them, and looks at each job there
for the others: at most as many as have that value.
"""

from collections.abc import Mapping, Sequence
from enum import Enum, auto
from functools import lru_cache, partial
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, bindparam, func, literal_column, select

from normlab.documents.jobs import JobOrder
from normlab.documents.states import JobState
from normlab.store.base import table_of
from normlab.store.index_walks import (
    Condition,
    PartShape,
    Statement,
    Walk,
    behind,
    is_part,
    merged,
    part_arms,
)
from normlab.store.jobs.figures import NO_FIGURE
from normlab.store.jobs.tables import Job, JobTag
from normlab.store.prepared import Prepared, Transaction

ENOUGH = 1000
"""So many jobs of each value are counted to find the rarest."""
FEW = 200
"""If no more ids than this have the part that is wanted, a list by a figure sorts these."""

_jobs, _tags = table_of(Job), table_of(JobTag)
_ALL = Walk(_jobs.c.id, _jobs.c.state, indexes="ix_jobs")
_BY_END = Walk(_jobs.c.id, _jobs.c.state, (_jobs.c.id_end == bindparam("id_end"),))


class Place(Enum):
    """Where in its order a page begins."""

    FIRST = auto()
    BY_FIGURE = auto()
    """Behind a job with a figure, ``:cursor`` with ``:figure``."""
    BY_AGE = auto()
    """Behind the job ``:cursor``, among jobs that are in order of their age."""


class Wanted(NamedTuple):
    """What is wanted of jobs, but for the values, which are parameters of the statements."""

    keys: tuple[str, ...]
    """``name``, ``preset``, ``dataset``, ``tag0``, …"""
    states: tuple[JobState, ...] | None = None
    part: PartShape | None = None


WALK_PART = "id"
"""Walk the jobs with the wanted part of an id."""


def walked(
    session: Transaction, wanted: Wanted, order: JobOrder, parameters: Mapping[str, Any]
) -> str | None:
    """Which of the wanted values has the index to walk; None: no value is wanted."""
    if wanted.part is not None and wanted.part is not PartShape.FEW_LETTERS and not order.by_age:
        ((having,),) = _having_part(wanted.part).rows(session, **parameters)
        if having <= FEW:
            return WALK_PART
    if len(wanted.keys) < 2:
        return wanted.keys[0] if wanted.keys else None
    (counts,) = _having_keys(wanted.keys).rows(session, **parameters)
    return min(zip(counts, wanted.keys, strict=True), key=lambda counted: counted[0])[1]


@lru_cache(maxsize=1024)
def pages(wanted: Wanted, walked: str | None, order: JobOrder, place: Place) -> Sequence[Prepared]:
    """Statements for ids, each for up to ``:limit``; what the first does not give the next ones do."""
    others = [key for key in wanted.keys if key != walked]
    if not order.by_age:
        walk = _checked(_walk(walked, wanted.part), others, None if walked == WALK_PART else wanted.part)
        return [Prepared(statement) for statement in _by_figure(walk, wanted.states, order, place)]
    newest = order is JobOrder.NEWEST
    walk, by_end = _checked(_walk(walked, None), others), _checked(_BY_END, wanted.keys)
    after = [] if place is Place.FIRST else [partial(behind, newest=newest)]
    states = wanted.states if walked is None else wanted.states or tuple(JobState)
    if wanted.part is None:
        return [Prepared(merged(walk.arms(states, *(each(walk.id) for each in after)), newest=newest))]
    arms = part_arms(wanted.part, walk, by_end, states, *after)
    return [Prepared(merged(arms, newest=newest))]


@lru_cache
def figure_of(order: JobOrder) -> Prepared:
    """A statement for the figure of the job ``:cursor``."""
    return Prepared(select(_jobs.c[order.value]).where(_jobs.c.id == bindparam("cursor")))


def _by_figure(
    walk: Walk, states: Sequence[JobState] | None, order: JobOrder, place: Place
) -> list[Statement]:
    """Those with a figure come first, all of which have succeeded; among equals, and without one, the newest."""
    figure = walk.id.table.c[order.value]
    wanted = tuple(JobState) if states is None else states
    shortest = order is JobOrder.TRAIN_SECONDS
    last: ColumnElement[float] = bindparam("figure")
    succeeded = [state for state in wanted if state is JobState.SUCCEEDED]
    after = (behind(walk.id, newest=True),)
    statements: list[Statement] = []
    if succeeded and place is not Place.BY_AGE:
        beyond: Condition = figure >= literal_column("0")
        if place is Place.BY_FIGURE:
            statements.append(
                merged(walk.arms(succeeded, figure == last, *after, column=order.value), newest=True)
            )
            beyond = figure > last if shortest else (figure < last) & beyond
        (ids,) = walk.arms(succeeded, beyond, column=order.value)
        statements.append(
            ids.order_by(figure if shortest else figure.desc(), walk.id.desc()).limit(bindparam("limit"))
        )
    behind_all = after if place is Place.BY_AGE else ()
    without = walk.arms(succeeded, figure == literal_column(str(NO_FIGURE)), *behind_all, column=order.value)
    unsuccessful = [state for state in wanted if state is not JobState.SUCCEEDED]
    return [*statements, merged([*walk.arms(unsuccessful, *behind_all), *without], newest=True)]


def _walk(key: str | None, part: PartShape | None) -> Walk:
    """The jobs with one value."""
    if key is None:
        return _ALL
    if key == WALK_PART and part is not None:
        first, *more = _arms_of_part(part)
        having = _jobs.c.id.in_(first.union_all(*more) if more else first)
        return Walk(_jobs.c.id, _jobs.c.state, (having,))
    if key.startswith("tag"):
        return Walk(_tags.c.job_id, _tags.c.state, (_tags.c.tag == bindparam(key),), "ix_job_tags_tag")
    return Walk(_jobs.c.id, _jobs.c.state, (_jobs.c[key] == bindparam(key),), f"ix_jobs_{key}")


def _arms_of_part(part: PartShape) -> list[Select[Any]]:
    return part_arms(part, _ALL, _BY_END, None)


def _checked(walk: Walk, keys: Sequence[str], part: PartShape | None = None) -> Walk:
    """A walk that looks at each of its jobs for further values, and at its id."""
    conditions: list[Condition] = [] if part is None else [is_part(part, walk.id)]
    job = _jobs.alias()
    columns = [job.c[key] == bindparam(key) for key in keys if not key.startswith("tag")]
    if columns:
        conditions.append(select(literal_column("1")).where(job.c.id == walk.id, *columns).exists())
    for key in keys:
        if key.startswith("tag"):
            tag = _tags.alias()
            having = (tag.c.job_id == walk.id, tag.c.tag == bindparam(key))
            conditions.append(select(literal_column("1")).where(*having).exists())
    return _with(walk, *conditions)


def _with(walk: Walk, *conditions: Condition) -> Walk:
    return walk._replace(conditions=(*walk.conditions, *conditions))


@lru_cache
def _having_part(part: PartShape) -> Prepared:
    """How many ids have a part, up to one more than ``FEW``."""
    having = [arm.limit(FEW + 1) for arm in _arms_of_part(part)]
    return Prepared(select(sum((_count(each) for each in having[1:]), _count(having[0]))))


@lru_cache(maxsize=256)
def _having_keys(keys: tuple[str, ...]) -> Prepared:
    """How many jobs have each value, up to ``ENOUGH``."""
    return Prepared(select(*(_count(_walk(key, None).arms(None)[0].limit(ENOUGH)) for key in keys)))


def _count(ids: Select[Any]) -> Any:
    return select(func.count()).select_from(ids.subquery()).scalar_subquery()
