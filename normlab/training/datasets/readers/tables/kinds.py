"""What each column of a table is: a number, a category, or nothing that a network should be given.

The rule, in this order:

- what ``category_columns`` names and what the format declares a category (ARFF's listed values, Parquet's
  dictionaries) is one;
- columns without any value, of dates, that count or name the rows, and of long texts are left out, and told;
- numbers are numbers, however few different ones there are, but not codes such as 01234;
- a column of which nine values in ten are numbers is one of numbers, and what is none is an error;
- all others (texts, true and false) are categories, up to ``MAX_CATEGORIES``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from normlab.errors import DatasetError
from normlab.spec.columns import MAX_CATEGORIES, MAX_COLUMN_NAME_LENGTH, MAX_COLUMNS, Column, ColumnKind
from normlab.spec.shown import quoted
from normlab.spec.text import one_line
from normlab.training.datasets.readers.base import Notice
from normlab.training.datasets.readers.natural_order import natural_key
from normlab.training.datasets.readers.pixel_columns import ROW_NAMES
from normlab.training.datasets.readers.tables.source import Declared
from normlab.training.datasets.readers.tables.survey import LEAST_FOR_IDS, ColumnSurvey
from normlab.training.datasets.readers.tables.values import whole_names

MOSTLY_NUMBERS = 0.9
"""The share of numbers from which on a text in a column is an error."""
_BOOLEANS = {"true", "false"}
_ID_ENDS = ("_id", " id", ".id", "-id", "uuid", "guid")


@dataclass(frozen=True)
class Kinds:
    """Which columns are kept."""

    columns: tuple[Column, ...]
    places: tuple[int, ...]
    """Of the kept ones among those that were looked at."""
    notices: tuple[Notice, ...]


def decide(surveys: Sequence[ColumnSurvey], categories: Sequence[str], table: str) -> Kinds:
    """What each column is; ``categories`` names those that are meant to be categories.

    Raises:
        DatasetError: a column can be nothing of this; where, and what would be right.
    """
    columns: list[Column] = []
    places: list[int] = []
    left_out: dict[tuple[str, str], list[str]] = {}
    for place, survey in enumerate(surveys):
        why = None if survey.name in categories else _why_left_out(survey)
        if why is not None:
            left_out.setdefault(why, []).append(survey.name)
            continue
        columns.append(
            _column(survey, is_category=survey.name in categories or _is_category(survey), table=table)
        )
        places.append(place)
    if not columns:
        raise DatasetError(f"{table} has no column beside the target that a network could be given.")
    if len(columns) > MAX_COLUMNS:
        raise DatasetError(
            f"{table} has {len(columns)} columns, more than {MAX_COLUMNS} (MAX_COLUMNS): leave some out "
            "(ignore_columns)."
        )
    notices = [
        Notice(code, "warning", f"{_named(names)} {detail}", len(names), tuple(names[:5]))
        for (code, detail), names in left_out.items()
    ]
    return Kinds(tuple(columns), tuple(places), (*notices, *_roughened(surveys, columns, places)))


def is_row_name(survey: ColumnSurvey) -> bool:
    """Whether the column numbers or names the rows."""
    if survey.name.lower() in ROW_NAMES or (survey.counts_rows and survey.present >= LEAST_FOR_IDS):
        return True
    called_id = survey.name.endswith(("Id", "ID")) or survey.name.lower().endswith(_ID_ENDS)
    is_text = survey.numbers < MOSTLY_NUMBERS * survey.present or survey.codes
    return survey.names_rows and survey.whole and (is_text or called_id)


def _why_left_out(survey: ColumnSurvey) -> tuple[str, str] | None:
    """Code and sentence of what is not given to a network."""
    if survey.column.declared is Declared.DATE or (survey.dates and survey.dates >= 0.9 * survey.present):
        return "date_column", (
            "left out: dates are neither numbers nor categories. Make numbers of them (year, weekday, age), or split "
            "by them (time_column)."
        )
    if not survey.present:
        return "empty_column", "left out: there is no value in any row."
    if survey.column.declared is Declared.CATEGORY:
        return None
    if is_row_name(survey):
        return "row_names", (
            "left out: the values number or name the rows, and what is learnt from them holds for no other row. "
            "If they mean something, say so (category_columns), or give rows that belong together one part "
            "(group_column)."
        )
    if survey.too_long is not None and survey.numbers < survey.present:
        return "long_texts", (
            f"left out: there are texts of more than {MAX_COLUMN_NAME_LENGTH} characters, which are no categories."
        )
    return None


def _is_category(survey: ColumnSurvey) -> bool:
    if survey.column.declared is not None:
        return survey.column.declared is Declared.CATEGORY
    return survey.codes or survey.numbers < MOSTLY_NUMBERS * survey.present


def _column(survey: ColumnSurvey, *, is_category: bool, table: str) -> Column:
    name = survey.name
    if not is_category:
        if survey.no_number is not None:
            where, text = survey.no_number
            raise DatasetError(
                f"{where}, column {name}: {quoted(text)} is no number, as {survey.numbers:,} of {survey.present:,} "
                "values of the column are. Leave a missing value empty (or write NA or ?); if the values are names, "
                "say so (category_columns)."
            )
        if survey.too_large is not None:
            where, text = survey.too_large
            raise DatasetError(
                f"{where}, column {name}: {text} is no value that a network can be given, which are finite and below "
                "3.4e38. Leave it empty if it is missing."
            )
        return Column(name=name, missing=survey.missing > 0)
    if survey.overflown:
        raise DatasetError(
            f"{table}, column {name} has more than {MAX_CATEGORIES} categories (MAX_CATEGORIES): join rare ones, or "
            "leave the column out (ignore_columns)."
        )
    if survey.too_long is not None:
        raise DatasetError(
            f"{survey.too_long}, column {name}: a category has at most {MAX_COLUMN_NAME_LENGTH} characters."
        )
    texts = set(survey.texts)
    if survey.whole_numbers:
        texts = set(whole_names(pa.array(sorted(texts))).to_pylist())
    elif is_boolean(texts):
        texts = {text.lower() for text in texts}
    for text in texts:
        try:
            one_line(text)
        except ValueError as error:
            raise DatasetError(f"{table}, column {name}: the category {quoted(text)} {error}.") from None
    categories = tuple(sorted(texts, key=natural_key))
    return Column(name=name, kind=ColumnKind.CATEGORY, categories=categories, missing=survey.missing > 0)


def is_boolean(texts: set[str]) -> bool:
    """Whether all are ways to write true and false, which become these two words."""
    return {text.lower() for text in texts} <= _BOOLEANS


def _named(names: Sequence[str]) -> str:
    if len(names) == 1:
        return f"The column {names[0]} was"
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return f"The columns {', '.join(names[:5])}{more} were"


def _roughened(
    surveys: Sequence[ColumnSurvey], columns: Sequence[Column], places: Sequence[int]
) -> list[Notice]:
    """Numbers so large beside their range that 32 bits do not tell them apart."""
    numbers = zip(columns, places, strict=True)
    return rounded([surveys[place] for column, place in numbers if column.kind is ColumnKind.NUMBER])


def rounded(surveys: Sequence[ColumnSurvey]) -> list[Notice]:
    """The same of columns that are numbers, the target among them."""
    rough = []
    for survey in surveys:
        extent = survey.largest - survey.smallest
        step = max(abs(survey.smallest), abs(survey.largest)) * 2.0**-23
        if extent > 0 and step > extent / 1000:
            rough.append(survey.name)
    if not rough:
        return []
    detail = (
        f"{_named(rough)} rounded to 32 bits, which leaves fewer than 1,000 steps from the smallest to the largest "
        "value: subtract a fixed number from it before (as the first year of a time)."
    )
    return [Notice("rounded_numbers", "warning", detail, len(rough), tuple(rough[:5]))]
