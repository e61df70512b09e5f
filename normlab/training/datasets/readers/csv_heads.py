"""The first rows of a CSV: whether it is one, its delimiter, and whether its first row has names."""

import csv
import re
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from normlab.errors import DatasetError
from normlab.training.datasets.readers.pixel_columns import LABEL_NAMES, SAMPLE_ROWS, refuse_too_wide
from normlab.training.datasets.readers.table_files import TableFile, read

DELIMITERS = (",", ";", "\t")
MAX_LINE_BYTES = 64 << 20
"""Longer lines are no sample."""
_SAMPLE_BYTES = 1 << 20
_LINE_END = re.compile(r"\r\n|\n|\r")
"""Of a CSV; ``splitlines`` knows more, such as U+2028, which stand in texts."""


def is_csv(head: bytes) -> bool:
    """Whether a file begins as a table with a delimiter does: numbers in its second row, or rows of one length."""
    if not head or b"\0" in head:
        return False
    lines = [line for line in _LINE_END.split(head.decode("utf-8-sig", "replace")) if line.strip()]
    if not lines or lines[0].lstrip().startswith(("@", "%", "{", "[", "<")):
        return False
    delimiter = delimiter_of(lines[0])
    if lines[0].count(delimiter) < 1:
        return False
    row = lines[min(1, len(lines) - 1)].split(delimiter)
    if any(as_number(value) is not None for value in row) or len(lines) == 1:
        return True
    whole = lines[:-1] if len(lines) > 2 else lines
    return len({len(row) for row in csv.reader(whole, delimiter=delimiter)}) == 1


def delimiter_of(line: str) -> str:
    """The delimiter that is most often in a line, outside of quotation marks."""
    return max(DELIMITERS, key=re.sub(r'"[^"]*"', "", line).count)


def as_number(value: str) -> float | None:
    """The number that a text is."""
    try:
        return float(value)
    except ValueError:
        return None


def has_header(rows: Sequence[Sequence[str]]) -> tuple[bool, bool]:
    """Whether the first row is a header, and whether it has names in it (and not numbers alone)."""
    first = rows[0]
    texts = [value for value in first if as_number(value) is None]
    numbers = [value for value in first if as_number(value) is not None]
    counts = any(numbers == [str(start + place) for place in range(len(numbers))] for start in (0, 1))
    if len(numbers) > 1 and counts:
        return True, bool(texts)  # pandas writes 0, 1, 2 … where columns have no names
    if len(texts) == 1 and len(first) > 2 and texts[0].strip().lower() not in LABEL_NAMES and len(rows) > 1:
        place = list(first).index(texts[0])  # a label that is a text, as that of the next row?
        if place < len(rows[1]) and as_number(rows[1][place]) is None:
            return False, False
    return bool(texts), bool(texts)


def numbers_of(rows: Sequence[Sequence[str]], count: int) -> npt.NDArray[np.float64]:
    """(rows, count), NaN where a value is no number or is missing."""
    sample = np.full((len(rows), count), np.nan)
    for place, row in enumerate(rows):
        numbers = [as_number(value) for value in row[:count]]
        sample[place, : len(numbers)] = [np.nan if number is None else number for number in numbers]
    return sample


@dataclass(frozen=True)
class CsvHead:
    """The beginning of a CSV file."""

    source: TableFile
    delimiter: str
    rows: Sequence[Sequence[str]]
    """The first rows, a header among them; one at least."""


def look_at(source: TableFile) -> CsvHead:
    """Read the first rows. Raises ``DatasetError`` where the file is damaged or too wide."""
    with closing(source.open()) as file:
        head = read(file, source.name, _SAMPLE_BYTES)
        while (
            b"\n" not in head
            and len(head) < MAX_LINE_BYTES
            and (more := read(file, source.name, _SAMPLE_BYTES))
        ):
            head += more
    lines = _sample_lines(head)
    if not lines:
        raise DatasetError(f"{source.name} holds no rows.")
    delimiter = delimiter_of(lines[0])
    refuse_too_wide(lines[0].count(delimiter) + 1, source.name)
    return CsvHead(source, delimiter, list(csv.reader(lines, delimiter=delimiter)))


def _sample_lines(head: bytes) -> list[str]:
    lines = _LINE_END.split(head.decode("utf-8-sig", "replace"))
    complete = lines if head.endswith(b"\n") or len(lines) == 1 or len(head) < _SAMPLE_BYTES else lines[:-1]
    return [line for line in complete[: SAMPLE_ROWS + 1] if line.strip()]
