"""A CSV file in blocks of whole lines, each parsed by pyarrow to pixels and texts.

Blocks are cut here and not by pyarrow's own stream: so two are parsed at once (that stream parses one), memory stays
flat, and an error is looked for in one block, by Python's csv module, until its row and column are known.
"""

import csv
import io
import re
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import BinaryIO, NoReturn

import numpy as np
import numpy.typing as npt

from normlab.errors import DatasetError
from normlab.training.datasets.readers import csv_digits
from normlab.training.datasets.readers.csv_heads import MAX_LINE_BYTES
from normlab.training.datasets.readers.pixel_columns import not_a_pixel

BLOCK_BYTES = 1 << 20
_THREADS = 2
_NUMBERS = [str(value) for value in range(256)]
_WHOLE = re.compile(r"\s*\+?\d+(\.0*)?\s*")


@dataclass(frozen=True)
class Block:
    """Some rows of a table."""

    first_row: int
    """The number of the first, from 1."""
    pixels: npt.NDArray[np.uint8]
    """(rows, pixels)."""
    texts: dict[int, list[str]]
    """Of the columns that are no pixels, by their places."""


class CsvTable:
    """Rows of a CSV file from its first one on, after the header."""

    def __init__(
        self,
        name: str,
        delimiter: str,
        columns: Sequence[str],
        pixels: Sequence[int],
        texts: Sequence[int],
        *,
        quote: str = '"',
        comment: str | None = None,
    ) -> None:
        """``columns`` are called so in sentences; ``pixels`` and ``texts`` are places of columns.

        ``comment`` is what a line begins with that is no row.
        """
        self._quote = quote
        self._comment = comment
        count = len(columns)
        self._name = name
        self._columns = columns
        self._delimiter = delimiter
        self._count = count
        self._pixels = pixels
        self._texts = texts
        names = [f"c{place}" for place in range(count)]  # a file may have one name twice
        self._pixel_names = [names[place] for place in pixels]
        self._text_names = [names[place] for place in texts]
        self._names = names
        is_row = list(pixels) == list(range(pixels[0], pixels[-1] + 1))
        self._slice = slice(pixels[0], pixels[-1] + 1) if is_row else None

    def blocks(self, file: BinaryIO) -> Iterator[Block]:
        """All rows, in order. Raises ``DatasetError`` with the row and the column."""
        row = 1
        waiting: deque[tuple[bytes, Future[tuple[npt.NDArray[np.uint8], dict[int, list[str]]] | None]]] = (
            deque()
        )
        with ThreadPoolExecutor(_THREADS) as threads:
            for lines in _whole_lines(file, self._name):
                waiting.append((lines, threads.submit(self._parse, lines)))
                while len(waiting) > _THREADS:
                    block = self._finished(*waiting.popleft(), row)
                    row += len(block.pixels)
                    yield block
            while waiting:
                block = self._finished(*waiting.popleft(), row)
                row += len(block.pixels)
                yield block

    def _finished(
        self,
        lines: bytes,
        parsed: Future[tuple[npt.NDArray[np.uint8], dict[int, list[str]]] | None],
        row: int,
    ) -> Block:
        result = parsed.result() or self._parse_slowly(lines, row)
        return Block(row, *result)

    def _parse(self, lines: bytes) -> tuple[npt.NDArray[np.uint8], dict[int, list[str]]] | None:
        """Pixels and texts; None where a value is no whole number from 0 to 255, or a row has another length."""
        return self._parse_digits(lines) or self._parse_any(lines)

    def _parse_digits(self, lines: bytes) -> tuple[npt.NDArray[np.uint8], dict[int, list[str]]] | None:
        """The same where the texts are such numbers, too, and all are plain digits; else None."""
        values = csv_digits.cells(lines, self._delimiter, self._count)
        if values is None:
            return None
        texts = {place: [_NUMBERS[value] for value in values[:, place].tolist()] for place in self._texts}
        return np.ascontiguousarray(values[:, self._slice or self._pixels]), texts

    def _parse_any(self, lines: bytes) -> tuple[npt.NDArray[np.uint8], dict[int, list[str]]] | None:
        """The same of all that pyarrow takes for a number."""
        import pyarrow as pa  # noqa: PLC0415 - takes tens of MiB, and few tables need it
        import pyarrow.csv  # noqa: PLC0415

        for kind in (pa.uint8(), pa.float64()):  # whole numbers may be written as 5.0
            types = dict.fromkeys(self._pixel_names, kind) | dict.fromkeys(self._text_names, pa.string())
            try:
                table = pa.csv.read_csv(
                    pa.BufferReader(lines),
                    pa.csv.ReadOptions(
                        column_names=self._names, block_size=len(lines) + 1, use_threads=False
                    ),
                    pa.csv.ParseOptions(delimiter=self._delimiter, quote_char=self._quote),
                    pa.csv.ConvertOptions(
                        column_types=types,
                        include_columns=[*self._pixel_names, *self._text_names],
                        null_values=[],
                        strings_can_be_null=False,
                    ),
                )
            except pa.ArrowInvalid:
                continue
            values = table.select(self._pixel_names).to_batches()[0].to_tensor().to_numpy()
            with np.errstate(invalid="ignore"):  # NaN and what is too large become something else
                pixels = values.astype(np.uint8, copy=False)
            if kind == pa.float64() and (pixels != values).any():
                return None
            return pixels, {place: table.column(f"c{place}").to_pylist() for place in self._texts}
        return None

    def _parse_slowly(
        self, lines: bytes, first_row: int
    ) -> tuple[npt.NDArray[np.uint8], dict[int, list[str]]]:
        """The same by hand, with comments; raises where something is wrong."""
        pixels: list[npt.NDArray[np.uint8]] = []
        texts: dict[int, list[str]] = {place: [] for place in self._texts}
        try:
            text = lines.decode()
        except UnicodeDecodeError as error:
            row = first_row + lines.count(b"\n", 0, error.start)
            raise DatasetError(f"{self._name}, row {row} is not UTF-8: store the file as UTF-8.") from error
        row = first_row
        try:
            source = io.StringIO(text, newline="")
            for values in csv.reader(source, delimiter=self._delimiter, quotechar=self._quote, strict=True):
                if not values or (self._comment and values[0].startswith(self._comment)):
                    continue
                if len(values) != self._count:
                    raise DatasetError(
                        f"{self._name}, row {row} has {len(values)} columns where {self._count} are expected."
                    )
                pixels.append(self._row(values, row))
                for place in self._texts:
                    texts[place].append(values[place])
                row += 1
        except csv.Error as error:
            raise DatasetError(f"{self._name}, row {row}: {error}.") from error
        return np.array(pixels, np.uint8).reshape(len(pixels), len(self._pixels)), texts

    def _row(self, values: Sequence[str], row: int) -> npt.NDArray[np.uint8]:
        for place in self._pixels:
            if not _WHOLE.fullmatch(values[place]) or float(values[place]) > 255:
                self._refuse(values[place], row, place)
        return np.array([float(values[place]) for place in self._pixels]).astype(np.uint8)

    def _refuse(self, value: str, row: int, place: int) -> NoReturn:
        raise DatasetError(not_a_pixel(f"{self._name}, row {row}, column {self._columns[place]}", value))


def _whole_lines(file: BinaryIO, name: str) -> Iterator[bytes]:
    rest = b""
    while block := file.read(BLOCK_BYTES):
        end = block.rfind(b"\n") + 1
        if end:
            yield rest + block[:end]
            rest = block[end:]
        else:
            rest += block
            if len(rest) > MAX_LINE_BYTES:
                raise DatasetError(f"{name} has a line of more than {MAX_LINE_BYTES} bytes (MAX_LINE_BYTES).")
    if rest.strip():
        yield rest
