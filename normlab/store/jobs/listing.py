"""Which jobs a list has, and in which order, page by page."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from normlab.documents.jobs import JobOrder
from normlab.documents.states import JobState
from normlab.errors import NotFoundError
from normlab.store.index_walks import part_parameters, part_shape, tightened
from normlab.store.jobs import list_statements
from normlab.store.jobs.figures import NO_FIGURE
from normlab.store.jobs.list_statements import Place, Wanted
from normlab.store.prepared import Transaction


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

    @property
    def keys(self) -> dict[str, str]:
        """What is wanted of columns that have indexes of their own; tags are numbered."""
        tags = {f"tag{number}": tag for number, tag in enumerate(dict.fromkeys(self.tags))}
        given = {"name": self.name, "preset": self.preset, "dataset": self.dataset}
        return tags | {name: value for name, value in given.items() if value is not None}


@dataclass(frozen=True)
class JobPage:
    """The ids of some jobs in order; ``next_cursor`` is None on the last page."""

    ids: Sequence[str]
    next_cursor: str | None


def page(
    session: Transaction,
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
    parameters: dict[str, Any] = {**wanted.keys, "cursor": cursor}
    shape = None
    if wanted.id_part is not None:
        shape = part_shape("job", wanted.id_part)
        parameters |= part_parameters("job", wanted.id_part)
    states = tuple(state for state in JobState if state in wanted.states)
    asked = Wanted(tuple(wanted.keys), states if 0 < len(states) < len(JobState) else None, shape)
    place = Place.FIRST
    if cursor is not None:
        place, parameters["figure"] = _place(session, order, cursor)
    walked = list_statements.walked(session, asked, order, parameters)
    if shape is not None and cursor is not None and place is Place.BY_AGE:
        parameters = tightened(parameters, cursor, newest=order is not JobOrder.OLDEST)
    ids: list[str] = []
    for statement in list_statements.pages(asked, walked, order, place):
        ids += (row[0] for row in statement.rows(session, **parameters, limit=limit + 1 - len(ids)))
        if len(ids) > limit:
            return JobPage(ids[:limit], ids[limit - 1])
    return JobPage(ids, None)


def _place(session: Transaction, order: JobOrder, cursor: str) -> tuple[Place, float | None]:
    """Where in the order the page before ended, and the figure of the job there."""
    if order.by_age:
        return Place.BY_AGE, None
    found = list_statements.figure_of(order).rows(session, cursor=cursor)
    if not found:
        raise NotFoundError(
            f"job {cursor}, at which the page before ended, is deleted: begin without a cursor"
        )
    ((figure,),) = found
    if figure is None or figure == NO_FIGURE:
        return Place.BY_AGE, None
    return Place.BY_FIGURE, figure
