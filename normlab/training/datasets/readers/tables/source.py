"""What files of tables give, whatever their format: columns, and rows batch by batch."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import pyarrow as pa

from normlab.training.datasets.readers.base import Notice, Split


class Declared(StrEnum):
    """What a format itself says of a column."""

    NUMBER = "number"
    CATEGORY = "category"
    DATE = "date"


@dataclass(frozen=True)
class SourceColumn:
    """A column of a file."""

    name: str
    declared: Declared | None = None
    """None: the format does not say (CSV, texts)."""
    listed: tuple[str, ...] = ()
    """The values that its header lists (ARFF)."""


@dataclass(frozen=True)
class RowBatch:
    """Some rows that follow each other in one file."""

    columns: Sequence[pa.Array]
    """As many as ``TableSource.columns``: texts as they are written, or typed values (Parquet)."""
    first_row: int
    """The number of the first in its file, from 1; a header does not count."""
    file: str
    """Its file's name and a comma where there are several, else nothing."""
    split: Split | None

    def where(self, place: int) -> str:
        """Where a row of the batch is from: ``row 17``, ``test.csv, row 17``."""
        return f"{self.file}row {self.first_row + place}"


class TableSource(Protocol):
    """Files with the same columns."""

    format: str

    @property
    def name(self) -> str:
        """Of the first file, for sentences."""

    @property
    def columns(self) -> Sequence[SourceColumn]:
        """In the order of the file; their names differ."""

    @property
    def target(self) -> int:
        """The place of the column that is predicted."""

    @property
    def missing_words(self) -> Sequence[str]:
        """Texts that stand for a missing value."""

    @property
    def decimal_comma(self) -> bool:
        """Whether 3,5 may stand for three and a half."""

    @property
    def class_names(self) -> Sequence[str]:
        """The classes in the publisher's order; empty: the file does not say."""

    @property
    def labels(self) -> Mapping[str, int]:
        """The place of each label's text in ``class_names``."""

    @property
    def notices(self) -> Sequence[Notice]:
        """What was noticed when the files were opened."""

    def batches(self) -> Iterator[RowBatch]:
        """All rows, in order; may be asked for again. Raises ``DatasetError`` with the row."""

    def close(self) -> None:
        """Nothing more is read."""
