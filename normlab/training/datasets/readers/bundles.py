"""A file, or the files inside a zip or tar, opened one by one where they lie.

Nothing is extracted to disk and links are not followed. For formats of a few large files; those of many small ones
(folders of pictures) go through their archives in one pass of their own.
"""

import contextlib
import functools
import gzip
import io
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

from normlab.errors import DatasetError
from normlab.training.datasets.readers.base import ReadingLimits
from normlab.training.datasets.readers.streams import Bounded, Window, head_of, reading

MOST_MEMBERS = 10_000
"""An archive with more is none of those that are read here."""

_ENCRYPTED = 1
_ZIP = (
    b"PK\x03\x04",
    b"PK\x05\x06",
)  # the second: without any member. Not by its end: a tar may end in a zip
_TAR_MAGIC = slice(257, 262)


@dataclass(frozen=True)
class Member:
    """One file."""

    name: str
    """Its path in the archive; of a plain file, the empty name."""
    size: int
    """Bytes, as the archive says."""
    opener: Callable[[], AbstractContextManager[BinaryIO]]

    @property
    def base(self) -> str:
        """The last part of its name."""
        return PurePosixPath(self.name).name

    @property
    def label(self) -> str:
        """What to call it in a sentence."""
        return self.name or "The file"

    @contextlib.contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """Open it; it can be read and sought in.

        Raises:
            DatasetError: it is damaged, also while it is being read.
        """
        with reading(self.label), self.opener() as stream:
            yield stream

    def head(self, size: int = 512) -> bytes:
        """Its first bytes.

        Raises:
            DatasetError: it is damaged.
        """
        with self.open() as stream:
            return stream.read(size)


def members(path: Path, limits: ReadingLimits) -> tuple[Member, ...]:
    """The files of a zip or tar (also in gzip) in their order, or the file itself.

    Links, devices and folders are left out, and so is what macOS and Windows put beside people's files. None at all
    where there are more than ``MOST_MEMBERS``.

    Raises:
        DatasetError: the archive is damaged, unpacks to more than is allowed, or has a member encrypted or twice.
    """
    status = path.stat()
    return _members(path, status.st_size, status.st_mtime_ns, limits.max_decoded_bytes)


@functools.lru_cache(maxsize=2)
def _members(path: Path, size: int, modified: int, most_bytes: int) -> tuple[Member, ...]:  # noqa: ARG001 - the key
    with reading("The archive"):
        if head_of(path, 4) in _ZIP:
            found = _of_zip(path)
        elif (opener := _tar_opener(path)) is not None:
            found = _of_tar(opener, most_bytes)
        else:
            return (Member("", size, lambda: path.open("rb")),)
    wanted = [member for member in found if not _is_litter(member.name)]
    names = [member.name for member in wanted]
    if len(set(names)) < len(names):
        twice = next(name for place, name in enumerate(names) if name in names[:place])
        raise DatasetError(f"The archive has {twice} twice.")
    return tuple(wanted)


def _is_litter(name: str) -> bool:
    pure = PurePosixPath(name)
    return "__MACOSX" in pure.parts or pure.name.startswith("._") or pure.name in {".DS_Store", "Thumbs.db"}


def _of_zip(path: Path) -> list[Member]:
    with zipfile.ZipFile(_bounded(path)) as archive:
        infos = archive.infolist()
    if len(infos) > MOST_MEMBERS:
        return []
    found = []
    for info in infos:
        if info.is_dir() or stat.S_ISLNK(info.external_attr >> 16):
            continue
        if info.flag_bits & _ENCRYPTED:
            raise DatasetError(f"{info.filename} is encrypted: pack the files without a password.")
        found.append(Member(info.filename, info.file_size, functools.partial(_open_zipped, path, info)))
    return found


def _bounded(path: Path) -> BinaryIO:
    return cast(BinaryIO, Bounded(path.open("rb")))


@contextlib.contextmanager
def _open_zipped(path: Path, info: zipfile.ZipInfo) -> Iterator[BinaryIO]:
    with _bounded(path) as file, zipfile.ZipFile(file) as archive, archive.open(info) as stream:
        yield cast(BinaryIO, stream)


def _tar_opener(path: Path) -> Callable[[], BinaryIO] | None:
    """What opens a tar's bytes; None: the file is none."""
    head = head_of(path, 512)
    if head[_TAR_MAGIC] == b"ustar":
        return functools.partial(_opened, path)
    if head[:2] != b"\x1f\x8b":
        return None
    with contextlib.suppress(OSError, EOFError, zlib.error), gzip.open(path) as stream:
        if stream.read(512)[_TAR_MAGIC] == b"ustar":
            return functools.partial(_gunzipped, path)
    return None


def _opened(path: Path) -> BinaryIO:
    return path.open("rb")


def _gunzipped(path: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path))


def _of_tar(opener: Callable[[], BinaryIO], most_bytes: int) -> list[Member]:
    found: list[Member] = []
    with opener() as stream, tarfile.open(fileobj=cast(BinaryIO, Bounded(stream)), mode="r:") as archive:
        for count, info in enumerate(archive):
            if count >= MOST_MEMBERS:
                return []
            if info.offset_data + info.size > most_bytes:
                raise DatasetError(
                    f"The archive unpacks to more than {most_bytes} bytes (max_decoded_bytes)."
                )
            if info.isreg() and not info.issparse():
                found.append(
                    Member(
                        info.name,
                        info.size,
                        functools.partial(_open_tarred, opener, info.offset_data, info.size),
                    )
                )
    return found


@contextlib.contextmanager
def _open_tarred(opener: Callable[[], BinaryIO], offset: int, size: int) -> Iterator[BinaryIO]:
    with opener() as stream, io.BufferedReader(Window(stream, offset, size)) as window:
        yield window
