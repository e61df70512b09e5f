"""Finding a dataset's files: the datasets folder, Debian's folder, the download. None is used unchecked."""

import contextlib
import hashlib
import logging
import shutil
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError

from normlab.errors import DatasetError
from normlab.spec.datasets import DatasetName
from normlab.training.datasets.disk import is_disk_problem, publish, unwritable
from normlab.training.datasets.sources import Archive, Source

logger = logging.getLogger(__name__)

_SILENCE_SECONDS = 30.0


class _UnusableError(Exception):
    """A place has no file, or not the right one; the text names the place and the reason."""


def read_archives(name: DatasetName, source: Source, datasets_dir: Path) -> list[bytes]:
    """Read all files of a dataset, downloading into ``datasets_dir`` what is nowhere on this machine.

    The bytes that are returned are the bytes that were summed up, so no change on disk comes in between. To
    be called by one process at a time.

    Raises:
        DatasetError: a file is in none of the places, or the download cannot be kept.
    """
    return [_read_archive(name, archive, source, datasets_dir) for archive in source.archives]


def _read_archive(name: DatasetName, archive: Archive, source: Source, datasets_dir: Path) -> bytes:
    target = datasets_dir / archive.names[0]
    reasons: list[str] = []
    for path in _places(archive, source, datasets_dir):
        try:
            return _read(path, archive)
        except _UnusableError as reason:
            reasons.append(str(reason))
    try:
        return _download(archive, target)
    except _UnusableError as reason:
        raise _nowhere(name, source, target, [*reasons, str(reason)]) from reason


def _places(archive: Archive, source: Source, datasets_dir: Path) -> Iterator[Path]:
    for name in archive.names:
        yield datasets_dir / name
    if source.system_folder is not None:
        yield source.system_folder / Path(archive.names[0]).name


def _read(path: Path, archive: Archive) -> bytes:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise _UnusableError(f"{path}: there is no such file") from None
    except OSError as error:
        raise _UnusableError(f"{path}: {error.strerror}") from error
    return _checked(content, archive, str(path))


def _checked(content: bytes, archive: Archive, place: str) -> bytes:
    actual = hashlib.sha256(content).hexdigest()
    if actual not in archive.sha256:
        expected = " or ".join(archive.sha256)
        reason = f"{place}: its SHA-256 is {actual} where {expected} is expected; it is not used"
        logger.warning(reason)
        raise _UnusableError(reason)
    return content


def _download(archive: Archive, target: Path) -> bytes:
    """Download with Keras's own loader, beside the target, and put it in place once its sum is right."""
    partial = target.with_name(f".{target.name}.partial")
    logger.info("downloading %s", archive.url)
    try:
        shutil.rmtree(partial, ignore_errors=True)  # of a process that was killed
        partial.mkdir(parents=True)
        fetched = _keras_get_file(archive.url, partial, target.name)
        content = _checked(fetched.read_bytes(), archive, archive.url)
        publish(fetched, target)
    except _UnusableError:
        raise
    except Exception as error:
        # get_file raises bare Exceptions, urllib and http.client a dozen kinds: all mean "not from there".
        if isinstance(error.__context__, HTTPError):
            error.__context__.close()  # get_file leaves the refused answer's connection open
        if isinstance(error, OSError) and is_disk_problem(error):
            raise unwritable(target.parent, error) from error
        raise _UnusableError(f"{archive.url}: {error}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return content


def _keras_get_file(url: str, folder: Path, name: str) -> Path:
    import keras  # noqa: PLC0415 - imports TensorFlow, which only a download needs here

    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(
        _SILENCE_SECONDS
    )  # without it a firewall that swallows packets holds the job forever
    try:
        with contextlib.redirect_stdout(sys.stderr):  # the progress bar; standard output is for results
            return Path(keras.utils.get_file(name, origin=url, cache_dir=str(folder), cache_subdir=""))
    finally:
        socket.setdefaulttimeout(before)


def _nowhere(name: DatasetName, source: Source, target: Path, reasons: list[str]) -> DatasetError:
    ways = [f"put {target.name} into {target.parent}", "go online"]
    if source.package is not None:
        ways.insert(0, f"install Debian's package {source.package}")
    places = "".join(f"\n  {number}. {reason}" for number, reason in enumerate(reasons, start=1))
    return DatasetError(
        f"The files of {name} are missing. {target.name} was looked for in these places:{places}\n"
        f"What helps: {', '.join(ways[:-1])}, or {ways[-1]}."
    )
