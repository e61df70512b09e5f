"""The columns of a table: what a network is given of each."""

from enum import StrEnum
from typing import Annotated, NamedTuple

from pydantic import AfterValidator, Field, model_validator

from normlab.spec.fields import LEFT_OUT, OMITTED_IF_UNSET, Flag, SpecModel
from normlab.spec.open_enum import Open
from normlab.spec.text import one_line

MAX_COLUMNS = 10_000
"""Of a table: all their names are in the spec of each of its jobs."""
MAX_CATEGORIES = 1_000
"""Of one column. Beyond that a column is rather an id, or text."""
MAX_ALL_CATEGORIES = 100_000
"""Of all columns together."""
MAX_COLUMN_NAME_LENGTH = 200
"""Characters, of a column's name and of a category."""

MISSING_WORDS = ("", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "<NA>", "#N/A", "?")
"""What stands for a missing value in a CSV. ``None`` and ``-`` do not: they are names of categories, too."""

Word = Annotated[str, Field(min_length=1, max_length=MAX_COLUMN_NAME_LENGTH), AfterValidator(one_line)]


class ColumnKind(StrEnum):
    """How a column's values are understood."""

    NUMBER = "number"
    CATEGORY = "category"


class ColumnForm(NamedTuple):
    """What of a column changes the numbers of a run."""

    categories: int | None
    """How many it has; None: it has numbers."""
    missing: bool
    """Whether values are missing in the training part."""


class Column(SpecModel):
    """One column of a table, the target's apart. In the decoded form it is a float32: a number as it is, a category
    as its place in ``categories``, a missing value as NaN."""

    name: Word
    kind: Open[ColumnKind] = ColumnKind.NUMBER
    categories: Annotated[
        tuple[Word, ...] | None, Field(min_length=1, max_length=MAX_CATEGORIES), LEFT_OUT
    ] = None
    """Of a category: those of the training part, in natural order."""
    missing: Annotated[Flag, OMITTED_IF_UNSET] = False
    """Whether values are missing in the training part."""

    @property
    def form(self) -> ColumnForm:
        """What of it changes the numbers of a run."""
        return ColumnForm(None if self.categories is None else len(self.categories), self.missing)

    @model_validator(mode="after")
    def _has_categories_if_it_is_one(self) -> "Column":
        if (self.categories is not None) != (self.kind is ColumnKind.CATEGORY):
            raise ValueError("categories belong to columns whose kind is category, and these need them")
        if self.categories is not None and len(set(self.categories)) < len(self.categories):
            raise ValueError("categories should each be there once")
        return self


class Task(StrEnum):
    """What is predicted."""

    CLASSIFICATION = "classification"
    REGRESSION = "regression"
