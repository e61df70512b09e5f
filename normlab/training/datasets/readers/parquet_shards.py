"""Parquet files that belong together, read batch by batch, and their columns beside the pixels."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from normlab.errors import DatasetError
from normlab.training.datasets.readers.archive_members import Archive
from normlab.training.datasets.readers.base import Chunk, ReadingOptions, Split
from normlab.training.datasets.readers.classes_met import ClassesMet
from normlab.training.datasets.readers.columns import by_part, times_of


@dataclass(frozen=True)
class Shard:
    """One Parquet file."""

    name: str
    split: Split | None
    open: Callable[[], BinaryIO]


@contextlib.contextmanager
def opened(shard: Shard) -> Iterator[pq.ParquetFile]:
    """The file, while it is read. Raises ``DatasetError`` where it is damaged."""
    try:
        with contextlib.closing(shard.open()) as source, pq.ParquetFile(source, pre_buffer=False) as file:
            yield file
    except (pa.ArrowException, OSError) as error:
        raise DatasetError(f"{shard.name} is damaged or cut short: {error}.") from error


def batches(file: pq.ParquetFile, columns: Sequence[str], rows: int) -> Iterator[pa.RecordBatch]:
    """Rows of some columns, so many at a time."""
    yield from file.iter_batches(batch_size=rows, columns=list(columns), use_threads=False)


def numbers_in(batch: pa.RecordBatch) -> npt.NDArray[np.float64]:
    """Some rows, (rows, columns), NaN where a value is no number."""
    return np.column_stack(
        [
            np.asarray(column.to_numpy(zero_copy_only=False), np.float64)
            if pa.types.is_integer(column.type) or pa.types.is_floating(column.type)
            else np.full(len(column), np.nan)
            for column in batch.columns
        ]
    )


def texts_of(column: pa.Array, origins: Sequence[str]) -> list[str]:
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


class ShardedTable:
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
        groups = None if group is None else texts_of(batch.column(group), chunk.origins)
        times = None if time is None else times_of(texts_of(batch.column(time), chunk.origins), chunk.origins)
        whole = Chunk(chunk.x, chunk.y, chunk.split, chunk.origins, groups, times)
        if split is None:
            yield whole
        else:
            yield from by_part(whole, texts_of(batch.column(split), chunk.origins))

    def _close(self) -> None:
        if self._archive is not None:
            self._archive.close()
