"""The columns of a table when its parts are known: categories and missing values are those that training may see."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from normlab.errors import DatasetError
from normlab.spec.columns import Column, ColumnKind
from normlab.training.datasets.readers.base import Notice
from normlab.training.datasets.spool import Spool

UNKNOWN = -1.0
"""What stands in the decoded form for a category that is met in test rows only."""
_EXAMPLES = 5

Rewrite = Callable[[NDArray[Any]], NDArray[Any]]
"""Rows of a spool as they are stored."""


def as_training_knows(
    columns: Sequence[Column], spool: Spool, is_test: NDArray[np.bool_]
) -> tuple[tuple[Column, ...], Rewrite, tuple[Notice, ...]]:
    """The columns with the categories of rows that are not for test, what brings rows to them, and what is to be told.

    Raises:
        DatasetError: a column has no value in any row but those for test.
    """
    missing = np.zeros(len(columns), bool)
    present = np.zeros(len(columns), bool)
    met = {
        place: np.zeros(len(column.categories), bool)
        for place, column in enumerate(columns)
        if column.categories is not None
    }
    for where, block in spool.blocks():
        rows = block[~is_test[where]]
        absent = np.isnan(rows)
        missing |= absent.any(axis=0)
        present |= ~absent.all(axis=0)
        for place, seen in met.items():
            values = rows[:, place]
            seen[values[~np.isnan(values)].astype(np.int64)] = True
    if not present.all():
        name = columns[int(np.flatnonzero(~present)[0])].name
        raise DatasetError(
            f"The column {name} has values in test rows only: leave it out (ignore_columns), or give other parts."
        )
    numbers = {place: _renumbered(seen) for place, seen in met.items() if not seen.all()}
    known = tuple(
        _with(column, met.get(place), missing=bool(missing[place])) for place, column in enumerate(columns)
    )
    return known, lambda rows: _rewritten(rows, numbers), tuple(_unknown(columns, met))


def _renumbered(seen: NDArray[np.bool_]) -> NDArray[np.float32]:
    """The new number of each category."""
    return np.where(seen, np.cumsum(seen) - 1, UNKNOWN).astype(np.float32)


def _with(column: Column, seen: NDArray[np.bool_] | None, *, missing: bool) -> Column:
    if column.kind is ColumnKind.NUMBER or column.categories is None or seen is None:
        return Column(name=column.name, missing=missing)
    categories = tuple(name for name, there in zip(column.categories, seen, strict=True) if there)
    return Column(name=column.name, kind=column.kind, categories=categories, missing=missing)


def _rewritten(rows: NDArray[Any], numbers: dict[int, NDArray[np.float32]]) -> NDArray[Any]:
    if not numbers:
        return rows
    rows = rows.copy()
    for place, new in numbers.items():
        there = ~np.isnan(rows[:, place])
        rows[there, place] = new[rows[there, place].astype(np.int64)]
    return rows


def _unknown(columns: Sequence[Column], met: dict[int, NDArray[np.bool_]]) -> list[Notice]:
    unknown = [
        f"{columns[place].name}: {name}"
        for place, seen in met.items()
        for name, there in zip(columns[place].categories or (), seen, strict=True)
        if not there
    ]
    if not unknown:
        return []
    detail = (
        "Categories are met in test rows only: no network can learn them, and they are read like missing values. Join "
        "rare categories, or give the parts otherwise."
    )
    return [Notice("unknown_categories", "warning", detail, len(unknown), tuple(unknown[:_EXAMPLES]))]
