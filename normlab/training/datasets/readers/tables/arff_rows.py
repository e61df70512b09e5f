"""Rows of an ARFF file as texts, with the types that its header declares."""

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from typing import BinaryIO, cast

import pyarrow as pa
import pyarrow.compute as pc

from normlab.errors import DatasetError
from normlab.spec.shown import quoted
from normlab.training.datasets.readers.arff_heads import ArffHead, in_order, skip_header
from normlab.training.datasets.readers.base import Notice, ReadingOptions
from normlab.training.datasets.readers.table_files import Checked
from normlab.training.datasets.readers.tables.csv_rows import Dialect, RowParser
from normlab.training.datasets.readers.tables.headers import column_names
from normlab.training.datasets.readers.tables.source import Declared, RowBatch, SourceColumn
from normlab.training.datasets.readers.tables.target import named_target
from normlab.training.datasets.readers.tables.values import MISSING_IN_ARFF

_KINDS = {
    "numeric": Declared.NUMBER,
    "real": Declared.NUMBER,
    "integer": Declared.NUMBER,
    "{": Declared.CATEGORY,
    "string": None,
    "date": Declared.DATE,
}


class ArffRows:
    """The rows behind a header that was read."""

    format = "arff"
    missing_words = MISSING_IN_ARFF
    decimal_comma = False

    def __init__(self, head: ArffHead, options: ReadingOptions) -> None:
        """Raises ``DatasetError``."""
        self._head = head
        names = column_names(head.names, head.source.name)
        self.columns = [
            self._column(name, kind, ignored=name in options.ignore_columns)
            for name, kind in zip(names, head.kinds, strict=True)
        ]
        target = named_target(names, options.label_column, has_names=True)
        notices = []
        if target is None:
            target = len(names) - 1
            detail = (
                f"The last attribute, {names[target]}, was taken as the target: label_column says another."
            )
            notices.append(Notice("label_column", "info", detail))
        self.target = target
        self.notices: Sequence[Notice] = notices
        self.class_names: Sequence[str] = in_order(head.values.get(head.names[target], ()))

    def _column(self, name: str, kind: str, *, ignored: bool) -> SourceColumn:
        if kind not in _KINDS and not ignored:
            raise DatasetError(
                f"{self.name}: the attribute {quoted(name)} is of type {kind}; what is read is "
                f"{', '.join(_KINDS)}…}}. Leave it out (ignore_columns)."
            )
        return SourceColumn(name, _KINDS.get(kind))

    @property
    def name(self) -> str:
        """Of the file."""
        return self._head.source.name

    @property
    def labels(self) -> Mapping[str, int]:
        """The places of the listed values of the target."""
        return {name: place for place, name in enumerate(self.class_names)}

    def batches(self) -> Iterator[RowBatch]:
        """All rows. Raises ``DatasetError`` with the row."""
        head = self._head
        dialect = Dialect(",", head.quote, escape="\\", comment="%")
        parser = RowParser(self.name, dialect, len(self.columns))
        with closing(head.source.open()) as file:
            lines = cast(BinaryIO, io.BufferedReader(Checked(file, self.name)))
            skip_header(lines, self.name)
            for first, columns in parser.blocks(lines):
                yield RowBatch([_unquoted(column) for column in columns], first, "", None)

    def close(self) -> None:
        """Nothing more is read."""


def _unquoted(texts: pa.Array) -> pa.Array:
    """Texts without spaces and quotation marks around them: pyarrow takes a mark behind a space for a part of it."""
    return pc.replace_substring_regex(pc.utf8_trim_whitespace(texts), r"^'(.*)'$|^\"(.*)\"$", r"\1\2")
