"""Whether the first row of a CSV has the names of the columns.

The rule, where ``header`` does not say it. The first row is

- names, where it is 0, 1, 2 … (pandas, for columns without names: they get none);
- the counts of scikit-learn's files: rows, columns, and the names of the classes;
- names, where in some column it has a text and all other values that were looked at are numbers;
- names, where none of it is a number, all of it differs, and none of it is met again in its column;
- the first sample, in all other cases.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from normlab.errors import DatasetError
from normlab.spec.columns import MAX_COLUMN_NAME_LENGTH, MISSING_WORDS
from normlab.spec.shown import quoted
from normlab.spec.text import one_line
from normlab.training.datasets.readers.csv_heads import as_number


@dataclass(frozen=True)
class Header:
    """What the first row is."""

    rows: int
    """How many rows are no samples: 0 or 1."""
    names: tuple[str, ...] | None
    """Of the columns; None: it has none."""
    class_names: tuple[str, ...] = ()
    """Of the labels 0, 1, … in the last column, where the row has these."""


def header_of(rows: Sequence[Sequence[str]], said: bool | None, table: str) -> Header:
    """What the first of some rows is; ``said`` is whether it has names, where somebody knows.

    Raises:
        DatasetError: it has names that cannot be those of columns.
    """
    first, others = [value.strip() for value in rows[0]], rows[1:]
    if said is False:
        return Header(0, None)
    if said is None and (classes := _counted(first, others)):
        return Header(1, None, classes)
    if said is None and len(first) > 1 and first == [str(place) for place in range(len(first))]:
        return Header(1, None)
    if said or _has_names(first, others):
        return Header(1, tuple(column_names(first, table)))
    return Header(0, None)


def column_names(given: Sequence[str], table: str) -> list[str]:
    """Names of columns, made for those that have none.

    Raises:
        DatasetError: two are equal, or one cannot be shown or is too long.
    """
    names: list[str] = []
    for place, written in enumerate(given):
        # The first without a name has the numbers of rows, and is called so by pandas.
        name = written.strip() or (f"column_{place + 1}" if place else "Unnamed: 0")
        try:
            one_line(name)
        except ValueError as error:
            raise DatasetError(f"{table}: the name of column {place + 1}, {quoted(name)}, {error}.") from None
        if len(name) > MAX_COLUMN_NAME_LENGTH:
            raise DatasetError(
                f"{table}: the name of column {place + 1} has {len(name)} characters, more than "
                f"{MAX_COLUMN_NAME_LENGTH}: is the first row no header (header=false)?"
            )
        if name in names:
            raise DatasetError(
                f"{table} has two columns with the name {quoted(name)}, {names.index(name) + 1} and {place + 1}: "
                "rename one."
            )
        names.append(name)
    return names


def _counted(first: Sequence[str], others: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """The names of classes behind the numbers of rows and columns, as in scikit-learn's files."""
    if len(first) < 4 or not others or not (first[0].isdecimal() and first[1].isdecimal()):
        return ()
    names = first[2:]
    fits = int(first[0]) >= len(others) and int(first[1]) == len(others[0]) - 1
    return tuple(names) if fits and not any(_is_value(name) for name in names) else ()


def _has_names(first: Sequence[str], others: Sequence[Sequence[str]]) -> bool:
    columns = [[row[place].strip() for row in others if place < len(row)] for place in range(len(first))]
    for name, column in zip(first, columns, strict=True):
        given = [value for value in column if value not in MISSING_WORDS]
        if name and given and not _is_value(name) and all(_is_value(value) for value in given):
            return True
    if any(name and _is_value(name) for name in first) or len(set(first)) < len(first):
        return False
    return not any(name in column for name, column in zip(first, columns, strict=True))


def _is_value(text: str) -> bool:
    """Whether it is a number, or stands for a missing one."""
    return text in MISSING_WORDS or as_number(text.replace(",", ".")) is not None
