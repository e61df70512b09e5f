"""Parquet: tables, tables of pixels (OpenML's) and of image files (Hugging Face's), also in several shards.

A column of image files is ``struct<bytes: binary, path: string>`` or binary. Names of classes are in the schema's
metadata under ``huggingface``. Shards in a zip or tar are parts by their names: ``train-00000-of-00002.parquet``.
"""

from pathlib import Path

from normlab.training.datasets.readers.archive_members import Archive
from normlab.training.datasets.readers.base import Reader, ReadingOptions

MAGIC = b"PAR1"


def open_file(path: Path, options: ReadingOptions) -> Reader | None:
    """Open it where it is a Parquet file. Raises ``DatasetError``."""
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            return None
    from normlab.training.datasets.readers import parquet_reading  # noqa: PLC0415 - pyarrow takes tens of MiB

    return parquet_reading.of_file(path, options)


def open_members(archive: Archive, options: ReadingOptions) -> Reader | None:
    """A reader of the Parquet files in an archive; None where there is none. Raises ``DatasetError``."""
    members = [member for member in archive.members if archive.read(member, len(MAGIC)) == MAGIC]
    if not members:
        return None
    from normlab.training.datasets.readers import parquet_reading  # noqa: PLC0415 - as above

    return parquet_reading.of_members(archive, members, options)
