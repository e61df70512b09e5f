"""CSV with a row for each picture and a column for each pixel; plain, gzipped, or several in a zip or tar.

``split`` or ``usage`` is a column that says which part a row belongs to; of several files the names say it.
"""

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
import numpy.typing as npt

from normlab.errors import DatasetError
from normlab.training.datasets.readers.archive_members import Archive, Member
from normlab.training.datasets.readers.base import CLASSES_AS_MET, Chunk, Notice, ReadingOptions, Split
from normlab.training.datasets.readers.classes_met import ClassesMet
from normlab.training.datasets.readers.columns import by_part, part_of_name, times_of
from normlab.training.datasets.readers.csv_blocks import MAX_LINE_BYTES, Block, CsvTable
from normlab.training.datasets.readers.natural_order import natural_key
from normlab.training.datasets.readers.pixel_columns import (
    LABEL_NAMES,
    SAMPLE_ROWS,
    PixelColumns,
    refuse_too_wide,
    understand,
)
from normlab.training.datasets.readers.table_files import (
    Checked,
    TableFile,
    head_of,
    member_opener,
    opener_of,
    read,
)

_DELIMITERS = (",", ";", "\t")
_SAMPLE_BYTES = 1 << 20


def open_file(path: Path, options: ReadingOptions) -> "PixelTableReader | None":
    """Open it where it is a CSV with numbers, plain or gzipped. Raises ``DatasetError``."""
    opener = opener_of(path)
    with closing(opener()) as file:
        if not _is_csv(head_of(file)):
            return None
    return PixelTableReader([TableFile(path.name, None, opener)], options)


def open_members(archive: Archive, options: ReadingOptions) -> "PixelTableReader | None":
    """A reader of the CSV files in an archive; None where there is none. Raises ``DatasetError``."""
    tables = [
        member
        for member in sorted(archive.members, key=lambda member: natural_key(member.name))
        if _is_table_name(member.name) and _is_csv(_member_head(archive, member))
    ]
    if not tables:
        return None
    sources = [
        TableFile(member.name, part_of_name(member.name), member_opener(archive, member)) for member in tables
    ]
    in_parts = [source for source in sources if source.split is not None]
    others = tuple(source.name for source in sources if source.split is None)
    if not in_parts or not others:
        return PixelTableReader(sources, options, archive)
    detail = f"{others[0]} is called by no part as others are (train, test), and was passed over."
    passed = Notice("other_files", "warning", detail, len(others), others)
    return PixelTableReader(in_parts, options, archive, [passed])


@dataclass(frozen=True)
class _Opened:
    source: TableFile
    delimiter: str
    names: Sequence[str]
    """Of all columns; their numbers where the file has no names."""
    has_header: bool
    columns: PixelColumns


class PixelTableReader:
    """Tables of pixels. Their first rows were looked at when it is made."""

    format = "csv"

    def __init__(
        self,
        sources: Sequence[TableFile],
        options: ReadingOptions,
        archive: Archive | None = None,
        found: Sequence[Notice] = (),
    ) -> None:
        self._options = options
        self._archive = archive
        self._met = ClassesMet(options.limits)
        self._found = list(found)
        self._tables = [
            opened for source in sources if (opened := self._open(source, alone=len(sources) == 1))
        ]
        if not self._tables:
            raise DatasetError(
                f"None of the tables has a column with the label: {', '.join(s.name for s in sources)}."
            )
        for table in self._tables:
            if table.columns.shape != self._tables[0].columns.shape:
                raise DatasetError(
                    f"{table.source.name} has pictures of {table.columns.shape} and {self._tables[0].source.name} of "
                    f"{self._tables[0].columns.shape}: they must be equal."
                )
        values = int(np.prod(self._tables[0].columns.shape))
        if values > options.limits.max_values_per_sample:
            raise DatasetError(
                f"A row has {values} pixels, more than {options.limits.max_values_per_sample} "
                "(max_values_per_sample)."
            )

    def _open(self, source: TableFile, *, alone: bool) -> _Opened | None:
        with closing(source.open()) as file:
            head = read(file, source.name, _SAMPLE_BYTES)
            while (
                b"\n" not in head
                and len(head) < MAX_LINE_BYTES
                and (more := read(file, source.name, _SAMPLE_BYTES))
            ):
                head += more
        lines = _sample_lines(head)
        delimiter = _delimiter(lines[0])
        refuse_too_wide(lines[0].count(delimiter) + 1, source.name)
        rows = list(csv.reader(lines, delimiter=delimiter))
        header, named = _header(rows)
        sample = as_numbers(rows[1:] if header else rows, len(rows[0]))
        columns = understand(rows[0] if named else None, sample, self._options, source.name)
        if columns is None:
            if alone:
                raise DatasetError(
                    f"{source.name} has no column with the label: call it label, or name it (label_column)."
                )
            detail = f"{source.name} has no column with the label, and was passed over."
            self._found.append(Notice("table_without_labels", "warning", detail, examples=(source.name,)))
            return None
        self._found += [notice for notice in columns.notices if notice not in self._found]
        names = rows[0] if named else [str(place + 1) for place in range(len(rows[0]))]
        return _Opened(source, delimiter, names, header, columns)

    @property
    def notices(self) -> list[Notice]:
        """What was met so far."""
        return [*self._found, *self._met.notices()]

    def chunks(self) -> Iterator[Chunk]:
        """All rows, once, in the order of the files. Raises ``DatasetError`` with the row and the column."""
        try:
            for table in self._tables:
                yield from self._table_chunks(table)
        finally:
            if self._archive is not None:
                self._archive.close()

    def _table_chunks(self, table: _Opened) -> Iterator[Chunk]:
        columns = table.columns
        others = [place for place in (columns.split, columns.group, columns.time) if place is not None]
        parser = CsvTable(
            table.source.name, table.delimiter, table.names, columns.pixels, [columns.label, *others]
        )
        several = len(self._tables) > 1
        with closing(table.source.open()) as file:
            lines = io.BufferedReader(Checked(file, table.source.name))
            if lines.peek(3)[:3] == b"\xef\xbb\xbf":
                lines.read(3)
            if table.has_header:
                lines.readline()
            for block in parser.blocks(cast(BinaryIO, lines)):
                where = f"{table.source.name}, " if several else ""
                yield from block_chunks(block, columns, self._met.numbers, table.source.split, where)

    def classes(self) -> Sequence[str]:
        """The labels' texts as they were met."""
        return self._met.names

    def extra(self) -> Mapping[str, Any]:
        """That classes are numbered as they were met."""
        return {CLASSES_AS_MET: True}


def block_chunks(
    block: Block,
    columns: PixelColumns,
    numbers: Callable[[Sequence[str], Sequence[str]], npt.NDArray[np.int32]],
    split: Split | None,
    where: str,
) -> Iterator[Chunk]:
    """The rows of a block as chunks, one for each part; ``numbers`` makes labels of texts and origins."""
    count = len(block.pixels)
    if not count:
        return
    origins = [f"{where}row {row}" for row in range(block.first_row, block.first_row + count)]
    y = numbers(block.texts[columns.label], origins)
    groups = None if columns.group is None else block.texts[columns.group]
    times = None if columns.time is None else times_of(block.texts[columns.time], origins)
    chunk = Chunk(columns.pictures(block.pixels), y, split, origins, groups, times)
    if columns.split is None:
        yield chunk
    else:
        yield from by_part(chunk, block.texts[columns.split])


def _is_table_name(name: str) -> bool:
    return name.lower().removesuffix(".gz").endswith((".csv", ".tsv", ".txt", ".data"))


def _member_head(archive: Archive, member: Member) -> bytes:
    with closing(member_opener(archive, member)()) as file:
        return head_of(file)


def _is_csv(head: bytes) -> bool:
    """Whether a file begins as a table of texts with a delimiter does, and the second line has numbers."""
    if not head or b"\0" in head:
        return False
    lines = [line for line in head.decode("utf-8-sig", "replace").splitlines() if line.strip()]
    if not lines or lines[0].lstrip().startswith(("@", "%", "{", "[", "<")):
        return False
    delimiter = _delimiter(lines[0])
    if lines[0].count(delimiter) < 1:
        return False
    row = lines[min(1, len(lines) - 1)].split(delimiter)
    return any(_number(value) is not None for value in row) or len(lines) == 1


def _delimiter(line: str) -> str:
    return max(_DELIMITERS, key=line.count)


def _sample_lines(head: bytes) -> list[str]:
    lines = head.decode("utf-8-sig", "replace").splitlines()
    complete = lines if head.endswith(b"\n") or len(lines) == 1 or len(head) < _SAMPLE_BYTES else lines[:-1]
    return [line for line in complete[: SAMPLE_ROWS + 1] if line.strip()]


def _number(value: str) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None


def _header(rows: Sequence[Sequence[str]]) -> tuple[bool, bool]:
    """Whether the first row is a header, and whether it has names in it (and not numbers alone)."""
    first = rows[0]
    texts = [value for value in first if _number(value) is None]
    numbers = [value for value in first if _number(value) is not None]
    counts = any(numbers == [str(start + place) for place in range(len(numbers))] for start in (0, 1))
    if len(numbers) > 1 and counts:
        return True, bool(texts)  # pandas writes 0, 1, 2 … where columns have no names
    if len(texts) == 1 and len(first) > 2 and texts[0].strip().lower() not in LABEL_NAMES and len(rows) > 1:
        place = list(first).index(texts[0])  # a label that is a text, as that of the next row?
        if place < len(rows[1]) and _number(rows[1][place]) is None:
            return False, False
    return bool(texts), bool(texts)


def as_numbers(rows: Sequence[Sequence[str]], count: int) -> npt.NDArray[np.float64]:
    """(rows, count), NaN where a value is no number or is missing."""
    sample = np.full((len(rows), count), np.nan)
    for place, row in enumerate(rows):
        numbers = [_number(value) for value in row[:count]]
        sample[place, : len(numbers)] = [np.nan if number is None else number for number in numbers]
    return sample
