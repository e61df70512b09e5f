"""The figures of results that lists are sorted by: each in a column of its own, with an index in each list's order.

A list of jobs with one value of a column (a name, a tag, …) walks that column's indexes: by age ``(column, state,
id)``, by a figure ``(column, figure, id)``, of which only succeeded jobs are part. So a page costs what it shows.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped

from normlab.documents.jobs import JobOrder
from normlab.documents.states import JobState
from normlab.store.index_walks import by_age_index, partial

FIGURES = tuple(order.value for order in JobOrder if not order.by_age)
"""Fields of ``JobResult`` and columns of ``Figures``."""

NO_FIGURE = -1.0
"""Of a succeeded job whose result does not have the figure. All figures are at least 0; a number rather than NULL,
since no index has its NULLs in the order of ids on Postgres."""


class Figures:
    """Columns beside a job's ``result``, from which they are taken: NULL until it has one."""

    best_val_accuracy: Mapped[float | None]
    kept_val_accuracy: Mapped[float | None]
    test_accuracy: Mapped[float | None]
    train_seconds: Mapped[float | None]


def figures_of(result: Mapping[str, Any]) -> dict[str, float]:
    """The values of the columns for a succeeded job's result."""
    return {name: _figure(result.get(name)) for name in FIGURES}


def _figure(value: float | None) -> float:
    return value if value is not None and value >= 0 else NO_FIGURE  # a NaN is stored as null in the result


def indexes(table: str, column: str | None, identifier: str = "id") -> list[Index]:
    """For lists of the rows with one value of a column, or of all rows: every order that a list can have."""
    by_figure = [_by_figure(table, column, figure, identifier) for figure in FIGURES]
    return [by_age_index(table, column, identifier), *by_figure]


def _by_figure(table: str, column: str | None, figure: str, identifier: str) -> Index:
    # Walked backwards, the largest first; seconds forwards. The newest job comes first among equals in both.
    last = text(f"{identifier} DESC") if figure == JobOrder.TRAIN_SECONDS else identifier
    keys = [] if column is None else [column]
    succeeded = partial(f"state = '{JobState.SUCCEEDED.value}'")
    return Index("_".join(["ix", table, *keys, figure]), *keys, figure, last, **succeeded)
