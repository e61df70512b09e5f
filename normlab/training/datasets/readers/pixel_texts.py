"""CSV with all pixels of a picture in one column, as a text of numbers (FER2013: ``emotion,pixels,Usage``)."""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from normlab.errors import DatasetError
from normlab.training.datasets.readers import csv_digits
from normlab.training.datasets.readers.archive_members import Archive
from normlab.training.datasets.readers.base import CLASSES_AS_MET, Chunk, Notice, ReadingOptions
from normlab.training.datasets.readers.classes_met import ClassesMet
from normlab.training.datasets.readers.columns import by_part, part_of_name, times_of
from normlab.training.datasets.readers.natural_order import natural_key
from normlab.training.datasets.readers.pixel_columns import (
    LABEL_NAMES,
    SPLIT_NAMES,
    Look,
    look_of,
    named_column,
    not_a_pixel,
)
from normlab.training.datasets.readers.table_files import (
    Checked,
    TableFile,
    head_of,
    member_opener,
    opener_of,
)

_CHUNK_BYTES = 1 << 20
_NUMBERS = re.compile(rb'"?\d{1,3}(?: \d{1,3}){3,}')
_NUMBER = re.compile(r"0*(?:\d{1,2}|1\d\d|2[0-4]\d|25[0-5])(?:\.0*)?")
_COLUMN = "pixels"


def open_file(path: Path, options: ReadingOptions) -> "PixelTextReader | None":
    """Open it where it is such a CSV, plain or gzipped. Raises ``DatasetError``."""
    opener = opener_of(path)
    with closing(opener()) as file:
        if not _is_such(head_of(file)):
            return None
    return PixelTextReader([TableFile(path.name, None, opener)], options, None)


def open_members(archive: Archive, options: ReadingOptions) -> "PixelTextReader | None":
    """A reader of such files in an archive; None where there is none. Raises ``DatasetError``."""
    sources = []
    for member in sorted(archive.members, key=lambda member: natural_key(member.name)):
        opener = member_opener(archive, member)
        with closing(opener()) as file:
            if member.name.lower().endswith((".csv", ".csv.gz")) and _is_such(head_of(file)):
                sources.append(TableFile(member.name, part_of_name(member.name), opener))
    return PixelTextReader(sources, options, archive) if sources else None


def _is_such(head: bytes) -> bool:
    """Whether a column of the header is called ``pixels``, and the second line has numbers beside each other."""
    names, _, rest = head.partition(b"\n")
    columns = [name.strip(b' "\r').lower() for name in names.removeprefix(b"\xef\xbb\xbf").split(b",")]
    return _COLUMN.encode() in columns and _NUMBERS.search(rest) is not None


@dataclass(frozen=True)
class _Places:
    """Of columns."""

    pixels: int
    label: int
    split: int | None
    group: int | None
    time: int | None


class PixelTextReader:
    """Tables whose rows have their pixels in one text."""

    format = "csv"

    def __init__(
        self, sources: Sequence[TableFile], options: ReadingOptions, archive: Archive | None
    ) -> None:
        self._sources = sources
        self._options = options
        self._archive = archive
        self._met = ClassesMet(options.limits)
        self._look: Look | None = None

    @property
    def notices(self) -> list[Notice]:
        """What was met so far."""
        return [*(() if self._look is None else self._look.notices), *self._met.notices()]

    def classes(self) -> Sequence[str]:
        """The labels' texts as they were met."""
        return self._met.names

    def extra(self) -> Mapping[str, Any]:
        """That classes are numbered as they were met."""
        return {CLASSES_AS_MET: True}

    def chunks(self) -> Iterator[Chunk]:
        """All rows, once, in the order of the files. Raises ``DatasetError`` with the row."""
        try:
            for source in self._sources:
                yield from self._of_file(source)
        finally:
            if self._archive is not None:
                self._archive.close()

    def _of_file(self, source: TableFile) -> Iterator[Chunk]:
        where = f"{source.name}, " if len(self._sources) > 1 else ""
        with closing(source.open()) as file:
            checked = io.BufferedReader(Checked(file, source.name))
            rows = csv.reader(io.TextIOWrapper(checked, "utf-8-sig", newline=""), strict=True)
            number = 0
            try:
                names = [name.strip() for name in next(rows)]
                places = self._places(names, source.name)
                gathered: list[list[str]] = []
                size = 0
                for number, row in enumerate(rows, start=1):
                    if len(row) != len(names):
                        raise DatasetError(
                            f"{source.name}, row {number} has {len(row)} columns where {len(names)} are expected."
                        )
                    gathered.append(row)
                    size += len(row[places.pixels])
                    if size > _CHUNK_BYTES:
                        yield from self._chunks(gathered, number, places, source, where)
                        gathered, size = [], 0
                if gathered:
                    yield from self._chunks(gathered, number, places, source, where)
            except (csv.Error, UnicodeDecodeError) as error:
                raise DatasetError(f"{source.name}, behind row {number}: {error}.") from error

    def _places(self, names: Sequence[str], table: str) -> _Places:
        options = self._options
        pixels = [name.lower() for name in names].index(_COLUMN)
        split = named_column(names, options.split_column, SPLIT_NAMES, table)
        group = named_column(names, options.group_column, (), table)
        time = named_column(names, options.time_column, (), table)
        label = named_column(names, options.label_column, LABEL_NAMES, table)
        others = [place for place in range(len(names)) if place not in (pixels, split, group, time)]
        if label is None and len(others) == 1:
            label = others[0]
        if label is None:
            raise DatasetError(
                f"{table} has no column with the label: call it label, or name it (label_column)."
            )
        return _Places(pixels, label, split, group, time)

    def _chunks(
        self, rows: Sequence[Sequence[str]], last: int, places: _Places, source: TableFile, where: str
    ) -> Iterator[Chunk]:
        origins = [f"{where}row {number}" for number in range(last - len(rows) + 1, last + 1)]
        values = self._pixels([row[places.pixels] for row in rows], origins)
        if self._look is None:
            self._look = look_of(values.astype(np.float64), source.name)
        chunk = Chunk(
            self._look.pictures(values),
            self._met.numbers([row[places.label] for row in rows], origins),
            source.split,
            origins,
            None if places.group is None else [row[places.group] for row in rows],
            None if places.time is None else times_of([row[places.time] for row in rows], origins),
        )
        if places.split is None:
            yield chunk
        else:
            yield from by_part(chunk, [row[places.split] for row in rows])

    def _pixels(self, texts: Sequence[str], origins: Sequence[str]) -> npt.NDArray[np.uint8]:
        """(rows, pixels)."""
        count = self._look.values if self._look is not None else len(texts[0].split())
        if count > self._options.limits.max_values_per_sample:
            raise DatasetError(
                f"{origins[0]} has {count} pixels, more than {self._options.limits.max_values_per_sample} "
                "(max_values_per_sample)."
            )
        found = csv_digits.cells("\n".join(texts).encode(), " ", count)
        return (
            np.array(
                [_one_by_one(text, count, origin) for text, origin in zip(texts, origins, strict=True)],
                np.uint8,
            )
            if found is None
            else found
        )


def _one_by_one(text: str, count: int, origin: str) -> list[int]:
    values = text.split()
    if len(values) != count:
        raise DatasetError(f"{origin} has {len(values)} pixels where {count} are expected.")
    for value in values:
        if not _NUMBER.fullmatch(value):
            raise DatasetError(not_a_pixel(origin, value))
    return [int(float(value)) for value in values]
