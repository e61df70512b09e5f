"""Which column is predicted, and whether a class or a number.

The column: what ``label_column`` says; else one with a usual name; in an ARFF file the last; without names the first or
the last where only one of them looks like labels. What is not clear is refused.

The task: what ``task`` says; else texts, true and false, and whole numbers of up to ``MOST_CLASSES`` different values
are classes; more different numbers with fractions are numbers to be predicted; all else is refused, naming both.
"""

from collections.abc import Sequence

from normlab.errors import DatasetError
from normlab.spec.columns import Task
from normlab.spec.shown import quoted
from normlab.training.datasets.readers.base import Notice
from normlab.training.datasets.readers.pixel_columns import LABEL_NAMES
from normlab.training.datasets.readers.tables.source import Declared
from normlab.training.datasets.readers.tables.survey import ColumnSurvey

MOST_CLASSES = 20
"""Different whole numbers up to which they are taken for classes."""
_SHOWN = 8


def named_target(names: Sequence[str], wanted: str | None, *, has_names: bool) -> int | None:
    """The place of the column that the option names, or has a usual name; None: neither.

    Raises:
        DatasetError: the option names none.
    """
    if wanted is None:
        lower = [name.lower() for name in names]
        return next((lower.index(name) for name in LABEL_NAMES if name in lower), None) if has_names else None
    if wanted in names:
        return list(names).index(wanted)
    ends = {"first": 0, "last": len(names) - 1}
    place = ends.get(wanted, int(wanted) - 1 if wanted.isdecimal() and not has_names else -1)
    if 0 <= place < len(names):
        return place
    if has_names:
        raise DatasetError(f"There is no column {quoted(wanted)}, but {some(names)}.")
    raise DatasetError(
        f"The columns have no names: label_column is first, last or a number up to {len(names)}, not {quoted(wanted)}."
    )


def unclear_target(names: Sequence[str], table: str) -> DatasetError:
    """What is said where nothing tells which column is predicted."""
    return DatasetError(
        f"{table} does not say which column is to be predicted: name it (label_column, or --target), or say first or "
        f"last. Its columns are {some(names)}."
    )


def looks_like_labels(values: Sequence[str]) -> bool:
    """Whether a column's first values are few different texts, or whole numbers without a gap from 0 or 1."""
    different = set(values)
    if not 1 < len(different) <= min(MOST_CLASSES, len(values) // 2):
        return False
    if all(value.isdecimal() for value in different):
        numbers = sorted(int(value) for value in different)
        return numbers[0] in (0, 1) and numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    return not any(_is_number(value) for value in different)


def task_of(target: ColumnSurvey, wanted: Task | None, *, named: bool) -> tuple[Task, tuple[Notice, ...]]:
    """What is predicted, and what is to be told; ``named`` is whether the file names the classes.

    Raises:
        DatasetError: it is not clear, or the values are not of the wanted kind.
    """
    different = len(target.texts)
    all_numbers = target.numbers == target.present and target.column.declared is not Declared.CATEGORY
    if wanted is Task.REGRESSION:
        _check_numbers(target)
        return wanted, ()
    if wanted is not None or named or not all_numbers:
        return Task.CLASSIFICATION, ()
    if target.whole and different <= MOST_CLASSES:
        detail = (
            f"The target {target.name} has {different} different whole numbers, which were taken as classes. If their "
            "size is what counts, say so (task regression)."
        )
        return Task.CLASSIFICATION, (Notice("numbers_as_classes", "info", detail),)
    if not target.whole and different > MOST_CLASSES:
        _check_numbers(target)
        detail = (
            f"The target {target.name} has numbers with fractions, which are predicted as such (regression)."
        )
        return Task.REGRESSION, (Notice("regression", "info", detail),)
    many = "more than 1,000" if target.overflown else str(different)
    kind = "whole numbers" if target.whole else "numbers, some with fractions"
    raise DatasetError(
        f"The target {target.name} has {many} different {kind} ({target.smallest:g} to {target.largest:g}): say "
        "whether each is a class (task classification) or their size is predicted (task regression)."
    )


def _check_numbers(target: ColumnSurvey) -> None:
    if target.no_number is not None:
        where, text = target.no_number
        raise DatasetError(
            f"{where}, column {target.name}: {quoted(text)} is no number, which regression predicts."
        )
    if target.too_large is not None:
        where, text = target.too_large
        raise DatasetError(
            f"{where}, column {target.name}: {text} cannot be predicted; numbers are finite, below 3.4e38."
        )
    if target.smallest == target.largest:
        raise DatasetError(
            f"The target {target.name} is {target.smallest:g} in all rows: there is nothing to predict."
        )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def some(names: Sequence[str]) -> str:
    """Some names for a sentence."""
    shown = ", ".join(quoted(name) for name in names[:_SHOWN])
    return f"{shown} …" if len(names) > _SHOWN else shown
