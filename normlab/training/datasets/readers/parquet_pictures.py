"""Parquet with a column of image files, as Hugging Face has it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from normlab.errors import DatasetError
from normlab.training.datasets.readers.archive_members import Archive
from normlab.training.datasets.readers.base import CLASSES_AS_MET, Chunk, Notice, ReadingOptions
from normlab.training.datasets.readers.parquet_shards import Shard, ShardedTable, batches, opened, texts_of
from normlab.training.datasets.readers.pixel_columns import LABEL_NAMES, SPLIT_NAMES
from normlab.training.datasets.readers.uniform_pictures import UniformPictures

_ROWS_TO_LOOK_AT = 64
"""At a time: a file of a few bytes may say that all of its rows hold one large value."""
_MORE_LABEL_NAMES = ("fine_label", "labels", "category")


class ParquetPictures(ShardedTable):
    """A column of image files. All of their headers were looked at when it is made."""

    format = "parquet"

    def __init__(
        self, shards: Sequence[Shard], images: str, options: ReadingOptions, archive: Archive | None
    ) -> None:
        super().__init__(shards, options, archive)
        self._images = images
        self._pictures = UniformPictures(options)
        self._unlabelled: list[str] = []
        with opened(shards[0]) as file:
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
            with opened(shard) as file:
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
        for batch in batches(file, [self._images], _ROWS_TO_LOOK_AT):
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
                with opened(shard) as file:
                    first = 0
                    for batch in batches(file, list(dict.fromkeys(wanted)), self._pictures.at_once):
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
        texts = texts_of(batch.column(self._label), origins)
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
