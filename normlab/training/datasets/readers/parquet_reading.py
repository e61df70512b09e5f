"""Which kind of Parquet tables some files are. This loads pyarrow, ``parquet`` does not."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from normlab.errors import DatasetError
from normlab.training.datasets.readers.archive_members import Archive, Member
from normlab.training.datasets.readers.base import Reader, ReadingOptions
from normlab.training.datasets.readers.columns import part_of_name
from normlab.training.datasets.readers.image_files import is_image
from normlab.training.datasets.readers.natural_order import natural_key
from normlab.training.datasets.readers.parquet_pictures import ParquetPictures
from normlab.training.datasets.readers.parquet_pixels import ParquetPixels
from normlab.training.datasets.readers.parquet_shards import Shard, batches, numbers_in, opened
from normlab.training.datasets.readers.pixel_columns import MAX_COLUMNS, SAMPLE_ROWS
from normlab.training.datasets.readers.tables.parquet_rows import ParquetRows
from normlab.training.datasets.readers.tables.reader import TableReader
from normlab.training.datasets.readers.tables.recognition import are_pictures


def of_file(path: Path, options: ReadingOptions) -> Reader:
    """A reader of one file. Raises ``DatasetError``."""
    return _reader([Shard(path.name, None, lambda: path.open("rb"))], options, None)


def of_members(archive: Archive, members: Sequence[Member], options: ReadingOptions) -> Reader:
    """A reader of the files in an archive, in the natural order of their names. Raises ``DatasetError``."""
    members = sorted(members, key=lambda member: natural_key(member.name))
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
    with opened(shards[0]) as file:
        images = _image_column(file)
    if images is not None:
        return ParquetPictures(shards, images, options, archive)
    with opened(shards[0]) as file:
        if not _has_pixels(file, options):
            return TableReader(ParquetRows(shards, options, archive), options)
    return ParquetPixels(shards, options, archive)


def _has_pixels(file: pq.ParquetFile, options: ReadingOptions) -> bool:
    names = [str(name) for name in file.schema_arrow.names]
    head = next(batches(file, names, SAMPLE_ROWS), None) if len(names) <= MAX_COLUMNS else None
    if head is None:
        return True  # what is wrong with it is said there
    return are_pictures(names, numbers_in(head), options)


def _image_column(file: pq.ParquetFile) -> str | None:
    """The first column of image files."""
    for field in file.schema_arrow:
        if pa.types.is_struct(field.type) and field.type.get_field_index("bytes") >= 0:
            return str(field.name)
        if pa.types.is_binary(field.type) or pa.types.is_large_binary(field.type):
            first = next((batch for batch in batches(file, [field.name], 1)), None)
            if first is not None and is_image(first.column(0)[0].as_py() or b""):
                return str(field.name)
    return None
