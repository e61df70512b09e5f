"""Formats that come as many files in a zip or tar: it is opened once, and each of them is asked."""

from collections.abc import Callable
from pathlib import Path

from normlab.training.datasets.readers import csv_files, folders, parquet, pixel_texts, webdataset
from normlab.training.datasets.readers.archive_members import Archive, open_archive
from normlab.training.datasets.readers.base import Reader, ReadingOptions

_FORMATS: tuple[Callable[[Archive, ReadingOptions], Reader | None], ...] = (
    webdataset.open_members,
    folders.open_members,
    parquet.open_members,
    pixel_texts.open_members,
    csv_files.open_members,
)
"""In the order of asking. A reader closes the archive when all of its chunks were taken."""


def open_file(path: Path, options: ReadingOptions) -> Reader | None:
    """Open an archive of pictures or tables; None where it is neither. Raises ``DatasetError``."""
    archive = open_archive(path, options.limits)
    if archive is None:
        return None
    reader = None
    try:
        for open_members in _FORMATS:
            reader = open_members(archive, options)
            if reader is not None:
                return reader
        return None
    finally:
        if reader is None:
            archive.close()
