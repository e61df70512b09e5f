"""CSV with a row for each picture and a column for each pixel; plain, gzipped, or several in a zip or tar.

``split`` or ``usage`` is a column that says which part a row belongs to; of several files the names say it.
"""

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

import numpy as np
import numpy.typing as npt

from normlab.errors import DatasetError
from normlab.training.datasets.readers.archive_members import Archive
from normlab.training.datasets.readers.base import CLASSES_AS_MET, Chunk, Notice, ReadingOptions, Split
from normlab.training.datasets.readers.classes_met import ClassesMet
from normlab.training.datasets.readers.columns import by_part, times_of
from normlab.training.datasets.readers.csv_blocks import Block, CsvTable
from normlab.training.datasets.readers.csv_heads import has_header, look_at, numbers_of
from normlab.training.datasets.readers.pixel_columns import PixelColumns, understand
from normlab.training.datasets.readers.table_files import Checked, TableFile


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
        head = look_at(source)
        rows = head.rows
        header, named = has_header(rows)
        sample = numbers_of(rows[1:] if header else rows, len(rows[0]))
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
        return _Opened(source, head.delimiter, names, header, columns)

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
