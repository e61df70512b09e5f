"""Parquet: tables of pixels (OpenML's) and tables of image files (Hugging Face's), also in several shards.

A column of image files is ``struct<bytes: binary, path: string>`` or binary. Names of classes are in the schema's
metadata under ``huggingface``. Shards in a zip or tar are parts by their names: ``train-00000-of-00002.parquet``.
"""

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from normlab.errors import DatasetError
from normlab.training.datasets.readers.archive_members import Archive, Member
from normlab.training.datasets.readers.base import (
    CLASSES_AS_MET,
    Chunk,
    Notice,
    Reader,
    ReadingOptions,
    Split,
)
from normlab.training.datasets.readers.classes_met import ClassesMet
from normlab.training.datasets.readers.columns import by_part, part_of_name, times_of
from normlab.training.datasets.readers.image_files import is_image
from normlab.training.datasets.readers.natural_order import natural_key
from normlab.training.datasets.readers.pixel_columns import (
    LABEL_NAMES,
    SAMPLE_ROWS,
    SPLIT_NAMES,
    PixelColumns,
    refuse_too_wide,
    understand,
    whole_pixels,
)
from normlab.training.datasets.readers.uniform_pictures import CHUNK_BYTES, UniformPictures

MAGIC = b"PAR1"
_ROWS_TO_LOOK_AT = 64
"""At a time: a file of a few bytes may say that all of its rows hold one large value."""
_MORE_LABEL_NAMES = ("fine_label", "labels", "category")


@dataclass(frozen=True)
class Shard:
    """One Parquet file."""

    name: str
    split: Split | None
    open: Callable[[], BinaryIO]


def open_file(path: Path, options: ReadingOptions) -> Reader | None:
    """Open it where it is a Parquet file. Raises ``DatasetError``."""
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            return None
    return _reader([Shard(path.name, None, lambda: path.open("rb"))], options, None)


def open_members(archive: Archive, options: ReadingOptions) -> Reader | None:
    """A reader of the Parquet files in an archive; None where there is none. Raises ``DatasetError``."""
    members = [member for member in archive.members if archive.read(member, len(MAGIC)) == MAGIC]
    if not members:
        return None
    members.sort(key=lambda member: natural_key(member.name))
    shards = [Shard(member.name, part_of_name(member.name), _opener(archive, member)) for member in members]
    if {shard.split for shard in shards} - {None} and any(shard.split is None for shard in shards):
        odd = next(shard.name for shard in shards if shard.split is None)
        raise DatasetError(
            f"{odd} is called by no part as other files are (train, test): call it so, or leave it out."
        )
    return _reader(shards, options, archive)


def _opener(archive: Archive, member: Member) -> Callable[[], BinaryIO]:
    return lambda: archive.copy(member)


def _reader(shards: Sequence[Shard], options: ReadingOptions, archive: Archive | None) -> Reader:
    with _opened(shards[0]) as file:
        images = _image_column(file)
    if images is not None:
        return ParquetPictures(shards, images, options, archive)
    return ParquetPixels(shards, options, archive)


@contextlib.contextmanager
def _opened(shard: Shard) -> Iterator[pq.ParquetFile]:
    try:
        with contextlib.closing(shard.open()) as source, pq.ParquetFile(source, pre_buffer=False) as file:
            yield file
    except (pa.ArrowException, OSError) as error:
        raise DatasetError(f"{shard.name} is damaged or cut short: {error}.") from error


def _batches(file: pq.ParquetFile, columns: Sequence[str], rows: int) -> Iterator[pa.RecordBatch]:
    yield from file.iter_batches(batch_size=rows, columns=list(columns), use_threads=False)


def _image_column(file: pq.ParquetFile) -> str | None:
    """The first column of image files."""
    for field in file.schema_arrow:
        if pa.types.is_struct(field.type) and field.type.get_field_index("bytes") >= 0:
            return str(field.name)
        if pa.types.is_binary(field.type) or pa.types.is_large_binary(field.type):
            first = next((batch for batch in _batches(file, [field.name], 1)), None)
            if first is not None and is_image(first.column(0)[0].as_py() or b""):
                return str(field.name)
    return None


def _texts(column: pa.Array, origins: Sequence[str]) -> list[str]:
    """The values of a column as texts. Raises ``DatasetError`` where one is missing, or they are none."""
    if column.null_count:
        missing = int(np.flatnonzero(column.is_null().to_numpy(zero_copy_only=False))[0])
        raise DatasetError(
            f"{origins[missing]} has no value in a column that needs one (label, part, group or time)."
        )
    try:
        return [str(text) for text in pc.cast(column, pa.string()).to_pylist()]
    except pa.ArrowException as error:
        raise DatasetError(f"{origins[0]}: a label is no text and no number but {column.type}.") from error


class _Columns:
    """Values of the columns beside the pixels, and chunks with them."""

    def __init__(self, shards: Sequence[Shard], options: ReadingOptions, archive: Archive | None) -> None:
        self._shards = shards
        self._options = options
        self._archive = archive
        self._met = ClassesMet(options.limits)

    def _refuse_too_many(self, rows: int) -> None:
        if rows > self._options.limits.max_samples:
            raise DatasetError(
                f"There are {rows} rows, more than {self._options.limits.max_samples} (max_samples)."
            )

    def _origins(self, shard: Shard, first: int, count: int) -> list[str]:
        where = f"{shard.name}, " if len(self._shards) > 1 else ""
        return [f"{where}row {row}" for row in range(first + 1, first + 1 + count)]

    def _with_columns(
        self, chunk: Chunk, batch: pa.RecordBatch, columns: tuple[str | None, str | None, str | None]
    ) -> Iterator[Chunk]:
        """The chunk with its groups and times, one for each part; ``columns`` are those of part, group and time."""
        if not len(chunk.y):
            return
        split, group, time = columns
        groups = None if group is None else _texts(batch.column(group), chunk.origins)
        times = None if time is None else times_of(_texts(batch.column(time), chunk.origins), chunk.origins)
        whole = Chunk(chunk.x, chunk.y, chunk.split, chunk.origins, groups, times)
        if split is None:
            yield whole
        else:
            yield from by_part(whole, _texts(batch.column(split), chunk.origins))

    def _close(self) -> None:
        if self._archive is not None:
            self._archive.close()


class ParquetPictures(_Columns):
    """A column of image files. All of their headers were looked at when it is made."""

    format = "parquet"

    def __init__(
        self, shards: Sequence[Shard], images: str, options: ReadingOptions, archive: Archive | None
    ) -> None:
        super().__init__(shards, options, archive)
        self._images = images
        self._pictures = UniformPictures(options)
        self._unlabelled: list[str] = []
        with _opened(shards[0]) as file:
            schema = file.schema_arrow
            self._label = self._label_column(schema)
            self._names = _class_names(schema, self._label)
        named = [options.split_column, options.group_column, options.time_column]
        for column in filter(None, named):
            if column not in schema.names:
                raise DatasetError(
                    f"{shards[0].name} has no column {column!r}, but {', '.join(schema.names)}."
                )
        usual = next((name for name in schema.names if name.lower() in SPLIT_NAMES), None)
        self._others = (options.split_column or usual, options.group_column, options.time_column)
        self._bad: set[tuple[str, int]] = set()
        rows = 0
        for shard in shards:
            with _opened(shard) as file:
                missing = {images, self._label} - set(file.schema_arrow.names)
                if missing:
                    raise DatasetError(
                        f"{shard.name} has no column {missing.pop()!r}, as {shards[0].name} has."
                    )
                rows += file.metadata.num_rows
                self._refuse_too_many(rows)
                self._look(shard, file)
        self._pictures.settle()

    def _label_column(self, schema: pa.Schema) -> str:
        wanted = self._options.label_column
        if wanted is not None:
            if wanted not in schema.names:
                raise DatasetError(
                    f"There is no column {wanted!r}, but {', '.join(schema.names)} (label_column)."
                )
            return wanted
        usual = (
            name
            for known in (*LABEL_NAMES, *_MORE_LABEL_NAMES)
            for name in schema.names
            if name.lower() == known
        )
        found = next(usual, None)
        if found is None:
            raise DatasetError(
                f"None of the columns {', '.join(schema.names)} is called label: say which it is (label_column)."
            )
        return str(found)

    def _look(self, shard: Shard, file: pq.ParquetFile) -> None:
        row = 0
        for batch in _batches(file, [self._images], _ROWS_TO_LOOK_AT):
            for data in self._files(batch):
                (origin,) = self._origins(shard, row, 1)
                if not self._pictures.look(origin, data):
                    self._bad.add((shard.name, row))
                row += 1

    def _files(self, batch: pa.RecordBatch) -> list[bytes]:
        column = batch.column(self._images)
        values = column.field("bytes") if pa.types.is_struct(column.type) else column
        return [value or b"" for value in values.to_pylist()]

    @property
    def notices(self) -> list[Notice]:
        """What was met so far."""
        found = self._pictures.notices() + self._met.notices()
        if self._unlabelled:
            detail = f"{len(self._unlabelled)} rows have no label (-1) and were left out."
            found.append(
                Notice("unlabelled", "warning", detail, len(self._unlabelled), tuple(self._unlabelled[:5]))
            )
        return found

    def chunks(self) -> Iterator[Chunk]:
        """All pictures, once, in the order of the shards. Raises ``DatasetError`` with the row."""
        wanted = [self._images, self._label, *filter(None, self._others)]
        try:
            for shard in self._shards:
                with _opened(shard) as file:
                    first = 0
                    for batch in _batches(file, list(dict.fromkeys(wanted)), self._pictures.at_once):
                        yield from self._chunks_of(shard, batch, first)
                        first += batch.num_rows
        finally:
            self._close()

    def _chunks_of(self, shard: Shard, batch: pa.RecordBatch, first: int) -> Iterator[Chunk]:
        readable = [row for row in range(batch.num_rows) if (shard.name, first + row) not in self._bad]
        if len(readable) < batch.num_rows:
            batch = batch.take(pa.array(readable, pa.int64()))
        every = self._origins(shard, first, (readable[-1] + 1) if readable else 0)
        origins = [every[row] for row in readable]
        labels, labelled = self._labels(batch, origins)
        files = self._files(batch)
        x, read = self._pictures.decode([origins[row] for row in labelled], [files[row] for row in labelled])
        kept = [labelled[place] for place in read]
        y = np.array([labels[row] for row in kept], np.int32)
        chunk = Chunk(x, y, shard.split, [origins[row] for row in kept])
        yield from self._with_columns(chunk, batch.take(pa.array(kept, pa.int64())), self._others)

    def _labels(self, batch: pa.RecordBatch, origins: Sequence[str]) -> tuple[list[int], list[int]]:
        """The label of each row, and the rows that have one."""
        texts = _texts(batch.column(self._label), origins)
        if self._names is None:
            return self._met.numbers(texts, origins).tolist(), list(range(len(texts)))
        labels, labelled = [], []
        for row, (text, origin) in enumerate(zip(texts, origins, strict=True)):
            label = int(text) if text.removeprefix("-").isdecimal() else -2
            if label < -1 or label >= len(self._names):
                raise DatasetError(f"{origin}: the label {text} is none of the {len(self._names)} classes.")
            labels.append(label)
            if label >= 0:
                labelled.append(row)
            else:
                self._unlabelled.append(origin)
        return labels, labelled

    def classes(self) -> Sequence[str]:
        """Those of the schema's metadata, or the labels as they were met."""
        return self._met.names if self._names is None else self._names

    def extra(self) -> Mapping[str, Any]:
        """Whether classes are numbered as they were met."""
        return {CLASSES_AS_MET: True} if self._names is None else {}


def _class_names(schema: pa.Schema, label: str) -> list[str] | None:
    """Names of the classes in Hugging Face's note: ``{"info": {"features": {label: {"names": […]}}}}``."""
    note = (schema.metadata or {}).get(b"huggingface")
    try:
        names = json.loads(note)["info"]["features"][label]["names"] if note else None
    except (ValueError, KeyError, TypeError, RecursionError):
        return None  # another kind of note
    return [str(name) for name in names] if isinstance(names, list) and names else None


class ParquetPixels(_Columns):
    """A column for each pixel."""

    format = "parquet"

    def __init__(self, shards: Sequence[Shard], options: ReadingOptions, archive: Archive | None) -> None:
        super().__init__(shards, options, archive)
        rows = 0
        for shard in shards:
            with _opened(shard) as file:
                rows += file.metadata.num_rows
                self._refuse_too_many(rows)
                if shard is shards[0]:
                    self._names = [str(name) for name in file.schema_arrow.names]
                    self._columns = self._understand(shard, file)
                elif [str(name) for name in file.schema_arrow.names] != self._names:
                    raise DatasetError(f"{shard.name} has other columns than {shards[0].name}.")
        values = int(np.prod(self._columns.shape))
        if values > options.limits.max_values_per_sample:
            raise DatasetError(
                f"A row has {values} pixels, more than {options.limits.max_values_per_sample} "
                "(max_values_per_sample)."
            )

    def _understand(self, shard: Shard, file: pq.ParquetFile) -> PixelColumns:
        if len(set(self._names)) < len(self._names):
            raise DatasetError(f"{shard.name} has one column's name twice.")
        refuse_too_wide(len(self._names), shard.name)
        head = next(_batches(file, self._names, SAMPLE_ROWS), None)
        if head is None:
            raise DatasetError(f"{shard.name} holds no rows.")
        sample = np.column_stack(
            [
                np.asarray(column.to_numpy(zero_copy_only=False), np.float64)
                if pa.types.is_integer(column.type) or pa.types.is_floating(column.type)
                else np.full(len(column), np.nan)
                for column in head.columns
            ]
        )
        columns = understand(self._names, sample, self._options, shard.name)
        if columns is None:
            raise DatasetError(
                f"{shard.name} has no column with the label: call it label, or name it (label_column)."
            )
        return columns

    @property
    def notices(self) -> list[Notice]:
        """What was met so far."""
        return [*self._columns.notices, *self._met.notices()]

    def chunks(self) -> Iterator[Chunk]:
        """All rows, once, in the order of the shards. Raises ``DatasetError`` with the row and the column."""
        rows = max(1, CHUNK_BYTES // len(self._columns.pixels))
        try:
            for shard in self._shards:
                with _opened(shard) as file:
                    first = 0
                    for batch in _batches(file, self._names, rows):
                        yield from self._chunks_of(shard, batch, first)
                        first += batch.num_rows
        finally:
            self._close()

    def _chunks_of(self, shard: Shard, batch: pa.RecordBatch, first: int) -> Iterator[Chunk]:
        columns = self._columns
        origins = self._origins(shard, first, batch.num_rows)
        pixels = whole_pixels(
            [batch.column(place) for place in columns.pixels], origins, columns.pixels, self._names
        )
        y = self._met.numbers(_texts(batch.column(columns.label), origins), origins)
        places = (columns.split, columns.group, columns.time)
        split, group, time = (None if place is None else self._names[place] for place in places)
        chunk = Chunk(columns.pictures(pixels), y, shard.split, origins)
        yield from self._with_columns(chunk, batch, (split, group, time))

    def classes(self) -> Sequence[str]:
        """The labels as they were met."""
        return self._met.names

    def extra(self) -> Mapping[str, Any]:
        """That classes are numbered as they were met."""
        return {CLASSES_AS_MET: True}
