"""A file, or the files inside a zip or tar, opened one by one where they lie.

Nothing is extracted to disk and links are not followed. For formats of a few large files; those of many small ones
(folders of pictures) go through their archives in one pass of their own.
"""

import contextlib
import functools
import gzip
import io
import itertools
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

from normlab.errors import DatasetError
from normlab.training.datasets.readers.archive_members import checked_name, is_tar
from normlab.training.datasets.readers.base import ReadingLimits
from normlab.training.datasets.readers.streams import Bounded, Window, head_of, read_fully, reading

MOST_MEMBERS = 100
"""An archive with more is of none of the formats that are read here."""
HEAD_BYTES = 512

_ENCRYPTED = 1
_END = struct.Struct("<4s6xH10x")
"""A zip's last record when it has no comment: the magic, and how many members there are in all."""
_NOTES = (".txt", ".md", ".rst", ".html", ".pdf")
# The second is that of a zip without members. Zips are not known by their end: a tar may end in one.
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_UNREADABLE = (OSError, EOFError, RuntimeError, NotImplementedError, zlib.error, zipfile.BadZipFile)

_Opener = Callable[[], AbstractContextManager[BinaryIO]]


@dataclass(frozen=True)
class Member:
    """One file."""

    name: str
    """Its path in the archive; of a plain file, the empty name."""
    size: int
    """Bytes, as the archive says."""
    head: bytes
    """Its first ``HEAD_BYTES``; none where they cannot be read."""
    opener: _Opener

    @property
    def base(self) -> str:
        """The last part of its name."""
        return PurePosixPath(self.name).name

    @property
    def label(self) -> str:
        """What to call it in a sentence."""
        return self.name or "The file"

    @property
    def is_note(self) -> bool:
        """Whether it is a text that people put beside data: ``README.md``, a licence."""
        name = self.base.lower()
        return name.startswith(("readme", "license", "licence")) or name.endswith(_NOTES)

    @contextlib.contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """Open it; it can be read and sought in.

        Raises:
            DatasetError: it is damaged, also while it is being read.
        """
        with reading(self.label), self.opener() as stream:
            yield stream

    def start(self, size: int) -> bytes:
        """Its first bytes.

        Raises:
            DatasetError: it is damaged.
        """
        with self.open() as stream:
            return bytes(read_fully(stream, size))


def members(path: Path, limits: ReadingLimits) -> tuple[Member, ...]:
    """The files of a zip or tar (also in gzip) in their order, or the file itself.

    Folders are left out, and so is what macOS and Windows put beside people's files. None at all where there are more
    than ``MOST_MEMBERS``.

    Raises:
        DatasetError: the archive is damaged or unpacks to more than is allowed; a member is a link or device, is
            encrypted, is there twice or leaves the folder.
    """
    status = path.stat()
    return _members(path, status.st_size, status.st_mtime_ns, limits.max_decoded_bytes)


@functools.lru_cache(maxsize=2)
def _members(path: Path, size: int, modified: int, most_bytes: int) -> tuple[Member, ...]:  # noqa: ARG001 - the key
    head = head_of(path, HEAD_BYTES)
    with reading("The archive"):
        if head[:4] in _ZIP:
            found = [] if _has_many(path, size) else _first(_of_zip(path))
        elif is_tar(head):
            found = _first(_of_tar(functools.partial(_opened, path), most_bytes))
        elif is_tar(_gunzipped_head(path)):
            found = _first(_of_tar(functools.partial(_gunzipped, path), most_bytes))
        else:
            return (Member("", size, head, lambda: path.open("rb")),)
    if len(found) > MOST_MEMBERS:
        return ()
    wanted = [member for member in found if not _is_litter(member.name)]
    names = [member.name for member in wanted]
    if len(set(names)) < len(names):
        twice = next(name for place, name in enumerate(names) if name in names[:place])
        raise DatasetError(f"{twice} is in the archive twice: leave one out.")
    return tuple(wanted)


def _first(found: Iterator[Member]) -> list[Member]:
    """One more than is wanted at the most."""
    return list(itertools.islice(found, MOST_MEMBERS + 1))


def _is_litter(name: str) -> bool:
    pure = PurePosixPath(name)
    return "__MACOSX" in pure.parts or pure.name.startswith("._") or pure.name in {".DS_Store", "Thumbs.db"}


def _has_many(path: Path, size: int) -> bool:
    """Whether a zip's last record counts too many members: spares the reading of a long directory."""
    with path.open("rb") as file:
        file.seek(max(0, size - _END.size))
        record = file.read()
    if len(record) < _END.size:
        return False
    magic, count = _END.unpack(record)
    return magic == b"PK\x05\x06" and int(count) > MOST_MEMBERS


def _of_zip(path: Path) -> Iterator[Member]:
    with _bounded(path) as file, zipfile.ZipFile(file) as archive:
        for info in archive.infolist():
            name = checked_name(info.filename)
            if info.is_dir():
                continue
            if stat.S_IFMT(info.external_attr >> 16) not in {0, stat.S_IFREG}:
                raise DatasetError(f"{name} is a link or a device: pack the files themselves.")
            if info.flag_bits & _ENCRYPTED:
                raise DatasetError(f"{name} is encrypted: pack it without a password.")
            head = b""
            with contextlib.suppress(*_UNREADABLE), archive.open(info) as stream:
                head = stream.read(HEAD_BYTES)
            yield Member(name, info.file_size, head, functools.partial(_open_zipped, path, info))


def _bounded(path: Path) -> BinaryIO:
    return cast(BinaryIO, Bounded(path.open("rb")))


@contextlib.contextmanager
def _open_zipped(path: Path, info: zipfile.ZipInfo) -> Iterator[BinaryIO]:
    with _bounded(path) as file, zipfile.ZipFile(file) as archive, archive.open(info) as stream:
        yield cast(BinaryIO, stream)


def _opened(path: Path) -> BinaryIO:
    return path.open("rb")


def _gunzipped(path: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path))


def _gunzipped_head(path: Path) -> bytes:
    with contextlib.suppress(OSError, EOFError, zlib.error), gzip.open(path) as stream:
        return stream.read(HEAD_BYTES)
    return b""


def _of_tar(opener: Callable[[], BinaryIO], most_bytes: int) -> Iterator[Member]:
    with opener() as stream, tarfile.open(fileobj=cast(BinaryIO, Bounded(stream)), mode="r:") as archive:
        for info in archive:
            name = checked_name(info.name)
            if info.isdir():
                continue
            if info.offset_data + info.size > most_bytes:
                raise DatasetError(
                    f"The archive unpacks to more than {most_bytes} bytes (max_decoded_bytes)."
                )
            if not info.isreg() or info.issparse():
                raise DatasetError(f"{name} is a link, a device or a sparse file: pack the files themselves.")
            content = archive.extractfile(info)
            head = content.read(HEAD_BYTES) if content is not None else b""
            yield Member(
                name, info.size, head, functools.partial(_open_tarred, opener, info.offset_data, info.size)
            )


@contextlib.contextmanager
def _open_tarred(opener: Callable[[], BinaryIO], offset: int, size: int) -> Iterator[BinaryIO]:
    with opener() as stream, io.BufferedReader(Window(stream, offset, size)) as window:
        yield window
