"""``load``: a built-in dataset by its name, decoded once per machine."""

import hashlib
import logging
import tarfile
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from normlab.errors import DatasetError
from normlab.spec.datasets import DatasetName
from normlab.training.datasets import decoded
from normlab.training.datasets.archives import read_archives
from normlab.training.datasets.arrays import Arrays, Labels, Pixels, check
from normlab.training.datasets.disk import one_process_at_a_time, unwritable
from normlab.training.datasets.sources import SOURCES, Source

logger = logging.getLogger(__name__)

_LAYOUT = 1
"""Raised when the decoded files change their form, so that old ones are left alone."""
_UNREADABLE = (OSError, EOFError, ValueError, KeyError, zlib.error, zipfile.BadZipFile, tarfile.TarError)


DECODED = "decoded"
"""The folder of all decoded datasets, below that of the datasets."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """A dataset as it was published: nothing is scaled, split or shuffled.

    ``x_train`` and ``x_test`` are raw pixels, uint8 (samples, height, width[, channels]) from 0 to the
    dataset's ``pixel_max``, or rows of a table, float32 (samples, columns); ``y_train`` and ``y_test`` are labels
    (samples,), uint8 for up to 256 classes, else int32, or the numbers that are predicted, float32.
    All are read-only and mapped into memory, so processes on one machine share them. ``digest`` is ``sha256:…`` of the
    content, the same on every machine and whichever file it came from.
    """

    name: str
    x_train: Pixels
    y_train: Labels
    x_test: Pixels
    y_test: Labels
    digest: str


def load(name: DatasetName, datasets_dir: Path, *, source: Source | None = None) -> Dataset:
    """Open a dataset, decoding its files first if no process on this machine has done so.

    Files are looked for in ``datasets_dir``, then where Debian's package puts them, then downloaded by
    Keras's loader into ``datasets_dir``; each must have its SHA-256. The decoded arrays are kept in
    ``datasets_dir/decoded``, after which the archives are not needed any more. ``source`` takes the place of
    the entry in ``SOURCES``.

    Raises:
        DatasetError: the files are nowhere, not what they should be, or cannot be kept, and what to do then.
    """
    source = SOURCES[name] if source is None else source
    folder = datasets_dir / DECODED / f"{name}-{_archives_key(source)}"
    opened = decoded.read(folder)
    if opened is None:
        try:
            with one_process_at_a_time(folder.parent / f".{name}.lock"):
                opened = decoded.read(folder) or _decode(name, source, datasets_dir, folder)
        except OSError as error:
            raise unwritable(folder.parent, error) from error
    return Dataset(name, *opened.arrays, digest=opened.digest)


def _archives_key(source: Source) -> str:
    """Twelve hex digits that change with the archives or with the layout of the decoded files."""
    sums = [archive.sha256[0] for archive in source.archives]
    return hashlib.sha256("\n".join([str(_LAYOUT), *sums]).encode()).hexdigest()[:12]


def _decode(name: DatasetName, source: Source, datasets_dir: Path, folder: Path) -> decoded.Decoded:
    logger.info("decoding %s, once for this machine", name)
    archives = read_archives(name, source, datasets_dir)
    try:
        arrays: Arrays = source.decode(archives)
    except _UNREADABLE as error:
        raise DatasetError(f"The files of {name} cannot be decoded: {error}.") from error
    check(name, arrays)
    decoded.write(folder, arrays)
    written = decoded.read(folder, thorough=True)
    if written is None:
        raise DatasetError(f"What was just written to {folder} reads back differently: is the disk failing?")
    return written
