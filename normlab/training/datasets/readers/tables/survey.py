"""What is in each column of a table: the first pass over its rows, in memory that does not grow with them."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from normlab.spec.columns import MAX_CATEGORIES, MAX_COLUMN_NAME_LENGTH
from normlab.training.datasets.readers.tables.source import RowBatch, SourceColumn, TableSource
from normlab.training.datasets.readers.tables.values import as_numbers, as_texts, dates, is_number

LEAST_FOR_IDS = 20
"""Rows from which on values that nearly all differ are taken for names of the rows."""
NEARLY_ALL = 0.95
"""The share of different values from which on texts name the rows."""
_CODE = "^0[0-9]+$"
_FLOAT32_MAX = float(np.finfo(np.float32).max)


class ColumnSurvey:
    """What was met in one column."""

    def __init__(self, column: SourceColumn) -> None:
        self.column = column
        self.name = column.name
        self.present = 0
        self.missing = 0
        self.numbers = 0
        """Values that are numbers."""
        self.dates = 0
        """Values that look like dates."""
        self.whole = True
        """All numbers are whole."""
        self.codes = False
        """Some are written with a zero in front, as 01234: they are names."""
        self.smallest, self.largest = np.inf, -np.inf
        self.counts_rows = True
        """All values are the number of their row, from 0 or 1."""
        self.texts: dict[str, None] = {}
        """The different values, as they are met; up to a few more than ``MAX_CATEGORIES``."""
        self.repeats = 0
        """Values that had been met before, as long as ``texts`` was complete."""
        self.no_number: tuple[str, str] | None = None
        """Where the first value is that is no number, and what it is."""
        self.too_large: tuple[str, str] | None = None
        """The same of the first that is infinite, or beyond 32 bits."""
        self.too_long: str | None = None
        """Where the first text is that is too long for a category."""

    @property
    def rows(self) -> int:
        """How many rows were looked at."""
        return self.present + self.missing

    @property
    def whole_numbers(self) -> bool:
        """Whether all values are whole numbers, so that as categories 1.0 and 1 are one."""
        return self.numbers == self.present and self.whole and not self.codes

    @property
    def overflown(self) -> bool:
        """Whether there are more different values than a column of categories may have."""
        return len(self.texts) > MAX_CATEGORIES

    @property
    def names_rows(self) -> bool:
        """Whether nearly every value is another one."""
        met = len(self.texts) + self.repeats
        return met >= LEAST_FOR_IDS and len(self.texts) >= NEARLY_ALL * met

    def add(self, values: pa.Array, batch: RowBatch, source: TableSource) -> None:
        """Look at the column's values in some more rows."""
        first = self.rows
        texts = None if is_number(values.type) else as_texts(values, source.missing_words)
        numbers = as_numbers(values if texts is None else texts, decimal_comma=source.decimal_comma)
        missing = numbers.null_count if texts is None else texts.null_count
        count = len(values) - missing
        self.present += count
        self.missing += missing
        self._add_numbers(numbers.to_numpy(zero_copy_only=False), batch, first)
        if texts is not None and numbers.null_count > missing:
            self._add_texts(texts, numbers, batch)
        if texts is not None and not self.codes:
            self.codes = bool(pc.any(pc.match_substring_regex(texts, _CODE)).as_py())
        if not self.overflown:
            self._add_different(numbers if texts is None else texts, count, batch)

    def _add_numbers(self, numbers: npt.NDArray[np.float64], batch: RowBatch, first: int) -> None:
        given = numbers[~np.isnan(numbers)]
        self.numbers += len(given)
        if self.counts_rows:
            start = float(numbers[0]) - first
            expected = np.arange(first, first + len(numbers)) + start
            self.counts_rows = start in (0, 1) and bool((numbers == expected).all())
        if not len(given):
            return
        self.smallest = min(self.smallest, float(given.min()))
        self.largest = max(self.largest, float(given.max()))
        self.whole = self.whole and bool((given == np.floor(given)).all())
        if self.too_large is None and max(abs(self.smallest), abs(self.largest)) > _FLOAT32_MAX:
            place = int(np.flatnonzero(np.abs(numbers) > _FLOAT32_MAX)[0])
            self.too_large = batch.where(place), f"{numbers[place]:g}"

    def _add_texts(self, texts: pa.Array, numbers: pa.Array, batch: RowBatch) -> None:
        odd = pc.and_(pc.is_valid(texts), pc.is_null(numbers))
        if self.no_number is None:
            place = int(np.flatnonzero(odd.to_numpy(zero_copy_only=False))[0])
            self.no_number = batch.where(place), str(texts[place].as_py())
        self.dates += dates(pc.filter(texts, odd))

    def _add_different(self, values: pa.Array, count: int, batch: RowBatch) -> None:
        unique = pc.drop_null(pc.unique(values))
        before = len(self.texts)
        for text in pc.cast(unique, pa.string()).to_pylist():
            if text in self.texts:
                continue
            self.texts[text] = None
            if len(text) > MAX_COLUMN_NAME_LENGTH and self.too_long is None:
                self.too_long = batch.where(pc.index(values, pa.scalar(text)).as_py())
        self.repeats += count - (len(self.texts) - before)


def survey(source: TableSource, columns: Sequence[ColumnSurvey], places: Sequence[int]) -> Iterator[None]:
    """Look at some columns in all rows; stops after each batch, so that it can be ended. Raises ``DatasetError``."""
    for batch in source.batches():
        for column, place in zip(columns, places, strict=True):
            column.add(batch.columns[place], batch, source)
        yield
