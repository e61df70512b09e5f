"""ARFF of pixels, as OpenML has it: a header of attributes, then rows as in CSV.

SciPy's reader gives float64 for all values of the whole file at once (eight times the pixels), and neither streams nor
says where an error is. So the header is read here, and the rows by what reads CSV.
Format: https://waikato.github.io/weka-wiki/formats_and_processing/arff_stable/.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
import numpy.typing as npt

from normlab.errors import DatasetError
from normlab.training.datasets.readers.base import CLASSES_AS_MET, Chunk, Notice, ReadingOptions
from normlab.training.datasets.readers.classes_met import ClassesMet
from normlab.training.datasets.readers.csv_blocks import MAX_LINE_BYTES, CsvTable
from normlab.training.datasets.readers.natural_order import natural_key
from normlab.training.datasets.readers.pixel_columns import (
    SAMPLE_ROWS,
    PixelColumns,
    refuse_too_wide,
    understand,
)
from normlab.training.datasets.readers.pixel_tables import as_numbers, block_chunks
from normlab.training.datasets.readers.table_files import Checked, TableFile, head_of, opener_of

MAX_HEADER_BYTES = 256 << 20
"""Of all lines before the rows."""
_BEGINS = re.compile(rb"(\s*(%[^\n]*)?\r?\n)*\s*@relation\b", re.IGNORECASE)
_NAME = r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|[^\s{]+"
_ATTRIBUTE = re.compile(rf"@attribute\s+({_NAME})\s*(.*)", re.IGNORECASE)
_DATA = re.compile(r"@data\b", re.IGNORECASE)


def open_file(path: Path, options: ReadingOptions) -> "ArffReader | None":
    """Open it where it begins with a relation, plain or gzipped. Raises ``DatasetError``."""
    opener = opener_of(path)
    with closing(opener()) as file:
        if not _BEGINS.match(head_of(file)):
            return None
    return ArffReader(TableFile(path.name, None, opener), options)


@dataclass(frozen=True)
class _Header:
    names: tuple[str, ...]
    values: Mapping[str, tuple[str, ...]]
    """The classes of attributes that list theirs."""


class ArffReader:
    """A table of pixels. Its header and first rows were looked at when it is made."""

    format = "arff"

    def __init__(self, source: TableFile, options: ReadingOptions) -> None:
        self._source = source
        self._met = ClassesMet(options.limits)
        with closing(source.open()) as file:
            lines = io.BufferedReader(Checked(file, source.name))
            self._header = _read_header(cast(BinaryIO, lines), source.name)
            head = [lines.readline(MAX_LINE_BYTES).decode("utf-8", "replace") for _ in range(SAMPLE_ROWS)]
        rows = [line for line in head if line.strip() and not line.lstrip().startswith("%")]
        if rows and rows[0].lstrip().startswith("{"):
            raise DatasetError(
                f"{source.name} has sparse rows ({{place value, …}}): save it with all values."
            )
        self._quote = '"' if any('"' in line for line in rows) else "'"
        sample = as_numbers(list(csv.reader(rows, quotechar=self._quote)), len(self._header.names))
        label = options.label_column
        if label is None and len(self._header.values) == 1:
            (label,) = self._header.values
        options = ReadingOptions(**(vars(options) | {"label_column": label}))
        columns = understand(self._header.names, sample, options, source.name)
        if columns is None:
            raise DatasetError(f"{source.name} has no attribute with the label: name it (label_column).")
        self._columns: PixelColumns = columns
        values = int(np.prod(columns.shape))
        if values > options.limits.max_values_per_sample:
            raise DatasetError(
                f"A row has {values} pixels, more than {options.limits.max_values_per_sample} (max_values_per_sample)."
            )
        self._classes = _in_order(self._header.values.get(self._header.names[columns.label], ()))
        if len(self._classes) > options.limits.max_classes:
            raise DatasetError(
                f"{source.name} lists {len(self._classes)} classes, more than {options.limits.max_classes} "
                "(max_classes)."
            )
        self._numbers = {name: number for number, name in enumerate(self._classes)}

    @property
    def notices(self) -> list[Notice]:
        """What was met so far."""
        return [*self._columns.notices, *self._met.notices()]

    def chunks(self) -> Iterator[Chunk]:
        """All rows, once. Raises ``DatasetError`` with the row and the attribute."""
        columns = self._columns
        others = [place for place in (columns.split, columns.group, columns.time) if place is not None]
        parser = CsvTable(
            self._source.name,
            ",",
            self._header.names,
            columns.pixels,
            [columns.label, *others],
            quote=self._quote,
            comment="%",
        )
        with closing(self._source.open()) as file:
            lines = cast(BinaryIO, io.BufferedReader(Checked(file, self._source.name)))
            _read_header(lines, self._source.name)
            for block in parser.blocks(lines):
                yield from block_chunks(block, columns, self._labels, None, "")

    def _labels(self, texts: Sequence[str], origins: Sequence[str]) -> npt.NDArray[np.int32]:
        if not self._classes:
            return self._met.numbers(texts, origins)
        labels = []
        for text, origin in zip(texts, origins, strict=True):
            label = self._numbers.get(text.strip().strip("'\""))
            if label is None:
                raise DatasetError(f"{origin}: the label {text!r} is none of those that the header lists.")
            labels.append(label)
        return np.array(labels, np.int32)

    def classes(self) -> Sequence[str]:
        """Those that the header lists, or the labels as they were met."""
        return self._classes or self._met.names

    def extra(self) -> Mapping[str, Any]:
        """Whether classes are numbered as they were met."""
        return {} if self._classes else {CLASSES_AS_MET: True}


def _read_header(lines: BinaryIO, name: str) -> _Header:
    """Read up to the rows. Raises ``DatasetError``."""
    names: list[str] = []
    values: dict[str, tuple[str, ...]] = {}
    size = 0
    while line := lines.readline(MAX_LINE_BYTES):
        size += len(line)
        if size > MAX_HEADER_BYTES:
            raise DatasetError(
                f"{name} has more than {MAX_HEADER_BYTES} bytes before @data (MAX_HEADER_BYTES)."
            )
        text = line.decode("utf-8", "replace").strip()
        if _DATA.match(text):
            return _Header(tuple(names), values)
        if (match := _ATTRIBUTE.match(text)) is not None:
            attribute = _unquoted(match[1])
            names.append(attribute)
            refuse_too_wide(len(names), name)
            kind = match[2].strip()
            if kind.startswith("{"):
                quote = '"' if '"' in kind else "'"
                (listed,) = csv.reader([kind.strip("{} ")], quotechar=quote, skipinitialspace=True)
                values[attribute] = tuple(value.strip() for value in listed)
    raise DatasetError(f"{name} has no @data: it is cut short.")


def _unquoted(name: str) -> str:
    return re.sub(r"\\(.)", r"\1", name[1:-1]) if name[0] in "'\"" else name


def _in_order(listed: Sequence[str]) -> list[str]:
    """The classes as they are listed; numbers in their order."""
    return sorted(listed, key=natural_key) if all(value.isdecimal() for value in listed) else list(listed)
