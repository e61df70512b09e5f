"""The header of an ARFF file: attributes, and the values that some of them list.

Format: https://waikato.github.io/weka-wiki/formats_and_processing/arff_stable/.
"""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import BinaryIO, cast

import numpy as np
import numpy.typing as npt

from normlab.errors import DatasetError
from normlab.training.datasets.readers.csv_heads import MAX_LINE_BYTES, numbers_of
from normlab.training.datasets.readers.natural_order import natural_key
from normlab.training.datasets.readers.pixel_columns import SAMPLE_ROWS, refuse_too_wide
from normlab.training.datasets.readers.table_files import Checked, TableFile

MAX_HEADER_BYTES = 256 << 20
"""Of all lines before the rows."""
_BEGINS = re.compile(rb"(\s*(%[^\n]*)?\r?\n)*\s*@relation\b", re.IGNORECASE)
_NAME = r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|[^\s{]+"
_ATTRIBUTE = re.compile(rf"@attribute\s+({_NAME})\s*(.*)", re.IGNORECASE)
_DATA = re.compile(r"@data\b", re.IGNORECASE)


@dataclass(frozen=True)
class ArffHead:
    """The header of a file, and what its first rows tell."""

    source: TableFile
    names: tuple[str, ...]
    """Of the attributes."""
    kinds: tuple[str, ...]
    """Their types in lower case: ``numeric``, ``string``, ``date`` …; ``{`` where values are listed."""
    values: Mapping[str, tuple[str, ...]]
    """The classes of attributes that list theirs."""
    quote: str
    sample: npt.NDArray[np.float64]
    """Some rows, (rows, attributes), NaN where a value is no number."""

    @property
    def only_listed(self) -> str | None:
        """The attribute that lists its values, where there is exactly one."""
        return next(iter(self.values)) if len(self.values) == 1 else None


def is_arff(head: bytes) -> bool:
    """Whether a file begins with a relation."""
    return _BEGINS.match(head) is not None


def look_at(source: TableFile) -> ArffHead:
    """Read the header and the first rows. Raises ``DatasetError``."""
    with closing(source.open()) as file:
        lines = io.BufferedReader(Checked(file, source.name))
        names, kinds, values = _read(cast(BinaryIO, lines), source.name)
        head = [lines.readline(MAX_LINE_BYTES).decode("utf-8", "replace") for _ in range(SAMPLE_ROWS)]
    rows = [line for line in head if line.strip() and not line.lstrip().startswith("%")]
    if rows and rows[0].lstrip().startswith("{"):
        raise DatasetError(f"{source.name} has sparse rows ({{place value, …}}): save it with all values.")
    quote = '"' if any('"' in line for line in rows) else "'"
    sample = numbers_of(list(csv.reader(rows, quotechar=quote)), len(names))
    return ArffHead(source, names, kinds, values, quote, sample)


def skip_header(lines: BinaryIO, name: str) -> None:
    """Read up to the rows. Raises ``DatasetError``."""
    _read(lines, name)


def _read(lines: BinaryIO, name: str) -> tuple[tuple[str, ...], tuple[str, ...], dict[str, tuple[str, ...]]]:
    names: list[str] = []
    kinds: list[str] = []
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
            return tuple(names), tuple(kinds), values
        if (match := _ATTRIBUTE.match(text)) is not None:
            attribute = _unquoted(match[1])
            names.append(attribute)
            refuse_too_wide(len(names), name)
            kind = match[2].strip()
            kinds.append("{" if kind.startswith("{") else kind.lower().split(" ")[0])
            if kind.startswith("{"):
                quote = '"' if '"' in kind else "'"
                (listed,) = csv.reader([kind.strip("{} ")], quotechar=quote, skipinitialspace=True)
                values[attribute] = tuple(value.strip() for value in listed)
    raise DatasetError(f"{name} has no @data: it is cut short.")


def _unquoted(name: str) -> str:
    return re.sub(r"\\(.)", r"\1", name[1:-1]) if name[0] in "'\"" else name


def in_order(listed: Sequence[str]) -> list[str]:
    """The classes as they are listed; numbers in their order."""
    return sorted(listed, key=natural_key) if all(value.isdecimal() for value in listed) else list(listed)
