"""Parquet with a column for each pixel, as OpenML has it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from normlab.errors import DatasetError
from normlab.training.datasets.readers.archive_members import Archive
from normlab.training.datasets.readers.base import CLASSES_AS_MET, Chunk, Notice, ReadingOptions
from normlab.training.datasets.readers.parquet_shards import (
    Shard,
    ShardedTable,
    batches,
    numbers_in,
    opened,
    texts_of,
)
from normlab.training.datasets.readers.pixel_columns import (
    SAMPLE_ROWS,
    PixelColumns,
    refuse_too_wide,
    understand,
    whole_pixels,
)
from normlab.training.datasets.readers.uniform_pictures import CHUNK_BYTES


class ParquetPixels(ShardedTable):
    """A column for each pixel."""

    format = "parquet"

    def __init__(self, shards: Sequence[Shard], options: ReadingOptions, archive: Archive | None) -> None:
        super().__init__(shards, options, archive)
        rows = 0
        for shard in shards:
            with opened(shard) as file:
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
        head = next(batches(file, self._names, SAMPLE_ROWS), None)
        if head is None:
            raise DatasetError(f"{shard.name} holds no rows.")
        columns = understand(self._names, numbers_in(head), self._options, shard.name)
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
                with opened(shard) as file:
                    first = 0
                    for batch in batches(file, self._names, rows):
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
        y = self._met.numbers(texts_of(batch.column(columns.label), origins), origins)
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
