"""Lists found by walking an index in the list's order: a page costs what it shows, however many rows there are.

Rows with one value of a column lie in an index by state and then by id. Each state is an arm, in order of ids; the
database merges arms as it walks them, and stops at the end of the page.
"""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import (
    Column,
    ColumnElement,
    Executable,
    Index,
    Select,
    and_,
    bindparam,
    desc,
    func,
    literal_column,
    not_,
    or_,
    select,
    text,
    union_all,
)

from normlab.store.identifiers import ID_END, ID_LETTERS
from normlab.store.prepared import written

Statement = Executable | Mapping[str, Executable]
Condition = ColumnElement[bool]


class Walk(NamedTuple):
    """The rows of a table that fulfil ``conditions``; with the state behind these they have an index."""

    id: Column[str]
    state: Column[Any]
    conditions: tuple[Condition, ...] = ()
    indexes: str | None = None
    """How the names of its indexes begin; SQLite, which does not know how many rows there are, is told to use them."""

    def arms(
        self, states: Sequence[StrEnum] | None, *conditions: Condition, column: str | None = None
    ) -> list[Select[Any]]:
        """The ids of those that are in one of the states, an arm for each, and fulfil further conditions; from the
        index in order of a column, or of ids."""
        ids = select(self.id.label("id")).where(*self.conditions, *conditions)
        if states is None:
            return [ids]
        if self.indexes is not None:
            name = f"{self.indexes}_{column or f'state_{self.id.name}'}"
            ids = ids.with_hint(self.id.table, f"INDEXED BY {name}", dialect_name="sqlite")
        return [ids.where(self.state == written(state)) for state in states]


def merged(arms: Sequence[Select[Any]], *, newest: bool) -> Statement:
    """The first ``:limit`` ids of all arms by age."""
    column: ColumnElement[str] = literal_column("id")
    order = desc(column) if newest else column
    limit: ColumnElement[int] = bindparam("limit")
    if len(arms) == 1:
        return arms[0].order_by(order).limit(limit)
    # Postgres reads each arm to its end before it sorts them together, so there each gets an end of its own.
    ended = [select(column).select_from(arm.order_by(order).limit(limit).subquery()) for arm in arms]
    return {
        "sqlite": union_all(*arms).order_by(order).limit(limit),
        "postgresql": union_all(*ended).order_by(order).limit(limit),
    }


def behind(column: ColumnElement[str], *, newest: bool) -> Condition:
    """Whether a row comes after ``:cursor`` by age."""
    cursor: ColumnElement[str] = bindparam("cursor")
    return column < cursor if newest else column > cursor


def by_age_index(table: str, column: str | None, identifier: str = "id") -> Index:
    """For walks of the rows with one value of a column, or of all rows."""
    keys = [] if column is None else [column]
    return Index("_".join(["ix", table, *keys, "state", identifier]), *keys, "state", identifier)


def partial(condition: str) -> dict[str, Any]:
    """Options of an index that has only the rows that fulfil a condition."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


class PartShape(StrEnum):
    """What a part of an id can be; parts of one shape have the same statements."""

    BEGINNING = "beginning"
    """It has the prefix."""
    LETTERS = "letters"
    """A beginning without the prefix, or an end."""
    FEW_LETTERS = "few_letters"
    """The same, shorter than ``ID_END``: so many ids end with it that looking through all soon finds some."""


def part_shape(prefix: str, part: str) -> PartShape:
    """Of a part of an id that has this prefix."""
    if part.startswith(f"{prefix}_"):
        return PartShape.BEGINNING
    return PartShape.LETTERS if len(part) >= ID_END else PartShape.FEW_LETTERS


def part_parameters(prefix: str, part: str) -> dict[str, Any]:
    """For statements with ``begins`` and ``ends``."""
    begin = part if part.startswith(f"{prefix}_") else f"{prefix}_{part}"
    length = len(prefix) + 1 + ID_LETTERS
    return {
        "begin": begin,
        "begin_length": len(begin),
        "begin_from": begin.ljust(length, "0"),
        "begin_to": begin.ljust(length, "z"),
        "end": part,
        "end_length": len(part),
        "id_end": part[-ID_END:],
    }


def tightened(parameters: Mapping[str, Any], cursor: str, *, newest: bool) -> dict[str, Any]:
    """``part_parameters`` for ids behind a cursor by age: the stretch of ids that begin with the part begins or ends at
    the cursor. Of two bounds at one end SQLite takes either for the stretch of an index that it reads."""
    if newest:
        return {**parameters, "begin_to": min(parameters["begin_to"], cursor)}
    return {**parameters, "begin_from": max(parameters["begin_from"], cursor)}


def begins(column: ColumnElement[str]) -> Condition:
    """Whether an id begins with the part: a stretch of every index that is in order of ids."""
    exactly = func.substr(column, 1, bindparam("begin_length")) == bindparam("begin")
    return and_(column >= bindparam("begin_from"), column <= bindparam("begin_to"), exactly)


def ends(column: ColumnElement[str]) -> Condition:
    """Whether an id ends with the part."""
    ending: Condition = func.substr(column, func.length(column) + 1 - bindparam("end_length")) == bindparam(
        "end"
    )
    return ending


def is_part(shape: PartShape, column: ColumnElement[str]) -> Condition:
    """Whether an id begins or ends with the part."""
    return begins(column) if shape is PartShape.BEGINNING else or_(begins(column), ends(column))


def part_arms(
    shape: PartShape,
    walk: Walk,
    by_end: Walk,
    states: Sequence[StrEnum] | None,
    *conditions: Callable[[ColumnElement[str]], Condition],
) -> list[Select[Any]]:
    """The arms of ``walk`` for ids with this part that fulfil further conditions. ``by_end`` are the same rows by the
    last letters of their ids."""
    # As an expression the id shows SQLite no other stretch than that of the beginning.
    arms = walk.arms(states, begins(walk.id), *(condition(walk.id.concat("")) for condition in conditions))
    walk, by_end = (
        each._replace(conditions=(*each.conditions, *(condition(each.id) for condition in conditions)))
        for each in (walk, by_end)
    )
    if shape is PartShape.BEGINNING:
        return arms
    if shape is PartShape.LETTERS:
        walk = by_end
    return [*arms, *walk.arms(states, ends(walk.id), not_(begins(walk.id)))]
