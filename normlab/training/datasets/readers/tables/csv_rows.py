"""Rows of CSV files as texts, parsed by pyarrow in blocks of whole lines.

Blocks are cut here so that memory stays flat and an error is looked for in one block, by Python's csv module, until its
row is known. pyarrow's own reader of streams says a row's number, but not for all errors, and decides on types by its
first block alone.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import BinaryIO, cast

import pyarrow as pa
import pyarrow.csv

from normlab.errors import DatasetError
from normlab.spec.columns import MISSING_WORDS
from normlab.spec.shown import quoted
from normlab.training.datasets.readers.archive_members import Archive
from normlab.training.datasets.readers.base import Notice, ReadingOptions
from normlab.training.datasets.readers.csv_heads import MAX_LINE_BYTES, CsvHead, look_at
from normlab.training.datasets.readers.table_files import Checked, TableFile
from normlab.training.datasets.readers.tables.headers import Header, header_of
from normlab.training.datasets.readers.tables.source import RowBatch, SourceColumn
from normlab.training.datasets.readers.tables.target import looks_like_labels, named_target, unclear_target

BLOCK_BYTES = 1 << 20
MAX_QUOTED_BYTES = 4 << 20
"""Lines that an open quotation mark may hold together; beyond, the mark is taken for an inch."""


@dataclass(frozen=True)
class Dialect:
    """How rows are written."""

    delimiter: str
    quote: str = '"'
    escape: str | None = None
    comment: str | None = None
    """What a line begins with that is no row."""


class RowParser:
    """Parses blocks of lines to columns of texts."""

    def __init__(self, name: str, dialect: Dialect, count: int) -> None:
        self._name = name
        self._dialect = dialect
        self._count = count
        self._columns = [f"c{place}" for place in range(count)]  # a file may have one name twice
        self._types = dict.fromkeys(self._columns, pa.string())
        comment = dialect.comment
        self._comments = comment and re.compile(rb"(?m)^[ \t]*" + re.escape(comment.encode()) + rb"[^\n]*\n?")

    def blocks(self, file: BinaryIO) -> Iterator[tuple[int, list[pa.Array]]]:
        """The number of the first row of each block, and its columns. Raises ``DatasetError`` with the row."""
        row = 1
        quote = None if self._comments else self._dialect.quote.encode()
        for block in _whole_lines(file, self._name, quote):
            lines = self._comments.sub(b"", block) if self._comments else block
            if lines.strip():
                columns = self._parse(lines, row)
                yield row, columns
                row += len(columns[0])

    def _parse(self, lines: bytes, row: int) -> list[pa.Array]:
        dialect = self._dialect
        try:
            table = pa.csv.read_csv(
                pa.BufferReader(lines),
                pa.csv.ReadOptions(column_names=self._columns, block_size=len(lines) + 1, use_threads=False),
                pa.csv.ParseOptions(
                    delimiter=dialect.delimiter,
                    quote_char=dialect.quote,
                    escape_char=dialect.escape or False,
                    newlines_in_values=True,
                ),
                pa.csv.ConvertOptions(column_types=self._types, null_values=[], strings_can_be_null=False),
            )
        except pa.ArrowInvalid as error:
            self._refuse(lines, row)
            raise DatasetError(f"{self._name}, in the rows from {row} on: {error}.") from error
        return [column.combine_chunks() for column in table.columns]

    def _refuse(self, lines: bytes, row: int) -> None:
        """Say which row is wrong. Raises ``DatasetError`` where that is found."""
        try:
            text = lines.decode()
        except UnicodeDecodeError as error:
            row += lines.count(b"\n", 0, error.start)
            raise DatasetError(f"{self._name}, row {row} is not UTF-8: store the file as UTF-8.") from error
        dialect = self._dialect
        rows = csv.reader(
            io.StringIO(text, newline=""),
            delimiter=dialect.delimiter,
            quotechar=dialect.quote,
            escapechar=dialect.escape,
        )
        try:
            for values in rows:
                if values and len(values) != self._count:
                    raise DatasetError(
                        f"{self._name}, row {row} has {len(values)} columns where {self._count} are expected."
                    )
                row += bool(values)
        except csv.Error as error:
            raise DatasetError(f"{self._name}, row {row}: {error}.") from error


class CsvRows:
    """CSV files with the same columns. Their first rows were looked at."""

    format = "csv"
    missing_words = MISSING_WORDS

    def __init__(
        self,
        heads: Sequence[CsvHead],
        header: Header,
        target: int,
        archive: Archive | None,
        notices: Sequence[Notice],
    ) -> None:
        """``heads`` are those of files that have the target."""
        self._heads = heads
        self._header = header
        self._archive = archive
        self.target = target
        self.notices = notices
        self.columns = [SourceColumn(name) for name in _names(heads[0], header)]
        self.decimal_comma = heads[0].delimiter == ";"
        self.class_names = header.class_names if target == len(self.columns) - 1 else ()

    @property
    def name(self) -> str:
        """Of the first file."""
        return self._heads[0].source.name

    @property
    def labels(self) -> Mapping[str, int]:
        """The places of labels in ``class_names``."""
        return {str(place): place for place in range(len(self.class_names))}

    def batches(self) -> Iterator[RowBatch]:
        """All rows, in the order of the files. Raises ``DatasetError`` with the row."""
        for head in self._heads:
            source = head.source
            parser = RowParser(source.name, Dialect(head.delimiter), len(self.columns))
            where = f"{source.name}, " if len(self._heads) > 1 else ""
            with closing(source.open()) as file:
                lines = io.BufferedReader(Checked(file, source.name))
                if lines.peek(3)[:3] == b"\xef\xbb\xbf":
                    lines.read(3)
                for _ in range(self._header.rows):
                    _skip_row(cast(BinaryIO, lines))
                for first, columns in parser.blocks(cast(BinaryIO, lines)):
                    yield RowBatch(columns, first, where, source.split)

    def close(self) -> None:
        """Nothing more is read."""
        if self._archive is not None:
            self._archive.close()


def open_rows(
    sources: Sequence[TableFile], options: ReadingOptions, archive: Archive | None, found: Sequence[Notice]
) -> CsvRows:
    """Look at the first rows of files.

    Raises:
        DatasetError: they have different columns, or it is not clear which one is predicted.
    """
    heads = [look_at(source) for source in sources]
    headers = [header_of(head.rows, options.header, head.source.name) for head in heads]
    notices = list(found)
    widest = max(range(len(heads)), key=lambda place: len(_names(heads[place], headers[place])))
    header, names = headers[widest], _names(heads[widest], headers[widest])
    target = named_target(names, options.label_column, has_names=header.names is not None)
    if target is None:
        target = _by_looks(heads[widest], header, names)
        if not header.class_names:
            which = "first" if target == 0 else "last"
            detail = (
                f"The columns have no names: the {which} was taken as the target (label_column says another)."
            )
            notices.append(Notice("label_column", "info", detail))
    kept = []
    for head, other in zip(heads, headers, strict=True):
        columns = _names(head, other)
        if columns == names:
            kept.append(head)
        elif columns == [*names[:target], *names[target + 1 :]]:
            detail = f"{head.source.name} has no column with the target, and was passed over."
            notices.append(Notice("table_without_labels", "warning", detail, examples=(head.source.name,)))
        else:
            odd = next((name for name in (*columns, *names) if (name in columns) != (name in names)), None)
            what = (
                f"the column {quoted(odd)} is in one of them only" if odd else "they stand in another order"
            )
            raise DatasetError(
                f"{head.source.name} has other columns than {heads[widest].source.name}: {what}."
            )
    return CsvRows(kept, header, target, archive, notices)


def _names(head: CsvHead, header: Header) -> list[str]:
    """Names of the columns, made from their places where there are none."""
    if header.names is not None:
        return list(header.names)
    return [f"column_{place + 1}" for place in range(len(head.rows[min(header.rows, len(head.rows) - 1)]))]


def _by_looks(head: CsvHead, header: Header, names: Sequence[str]) -> int:
    """The first or the last column, where only one of them can be the target."""
    if header.class_names:
        return len(names) - 1
    rows = head.rows[header.rows :]
    ends = [place for place in (0, len(names) - 1) if _looks_so(rows, place)]
    if header.names is not None or len(ends) != 1:
        raise unclear_target(names, head.source.name)
    return ends[0]


def _looks_so(rows: Sequence[Sequence[str]], place: int) -> bool:
    return looks_like_labels([row[place].strip() for row in rows if place < len(row)])


def _skip_row(lines: BinaryIO) -> None:
    """Pass over a row, which may have new lines in quotation marks, and empty lines before it."""
    row = b""
    while line := lines.readline(MAX_LINE_BYTES):
        row += line
        if row.strip() and row.count(b'"') % 2 == 0:
            return


def _whole_lines(file: BinaryIO, name: str, quote: bytes | None) -> Iterator[bytes]:
    """Blocks of lines; those that a quotation mark holds together stay together."""
    rest = b""
    while block := file.read(BLOCK_BYTES):
        rest += block
        end = rest.rfind(b"\n") + 1
        if not end:
            if len(rest) > MAX_LINE_BYTES:
                raise DatasetError(f"{name} has a line of more than {MAX_LINE_BYTES} bytes (MAX_LINE_BYTES).")
            continue
        odd = quote is not None and len(rest) <= MAX_QUOTED_BYTES and rest.count(quote, 0, end) % 2 > 0
        while odd and end:
            before = rest.rfind(b"\n", 0, end - 1) + 1
            odd = rest.count(quote or b"", before, end) % 2 == 0
            end = before
        if end:
            yield rest[:end]
            rest = rest[end:]
    if rest.strip():
        yield rest
