"""The files in a zip or a tar, read by their place and never written under their name.

What could leave the folder or hide something is refused: paths upwards, links, encryption, two members of one name,
members that share bytes, and what becomes too large. Members of a zip are read by hand: :mod:`zipfile` takes ten times
as long for a small one as reading and decompressing it does. A compressed tar is decompressed into a nameless file
first, since its members are wanted in another order than that of the tar.
"""

import bz2
import contextlib
import gzip
import itertools
import lzma
import os
import re
import stat
import struct
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NoReturn, cast

from normlab.errors import DatasetError
from normlab.training.datasets.disk import is_disk_problem, unwritable
from normlab.training.datasets.readers.base import ReadingLimits

MAX_MEMBERS = 20_000_000
"""More files than that are refused before their names are kept."""
MAX_RATIO = 200
"""A member of a zip, or a compressed tar, may become so many times as large as it is stored."""
RATIO_FROM = 1 << 20
"""Bytes from which on the ratio counts: of small ones none does harm."""

_LOCAL_HEADER = struct.Struct("<4s22xHH")
_BLOCK = 1 << 20
_TABLES = 512
"""More than what Deflate may put before the first byte of a content."""
_COMPRESSED: dict[bytes, Callable[[BinaryIO], Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ": lzma.open,
}
_BROKEN = (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError, struct.error)
_DRIVE = re.compile(r"[A-Za-z]:")
_JUNK = re.compile(r"(^|/)(__MACOSX/|\.DS_Store$|Thumbs\.db$|desktop\.ini$|\._[^/]*$)")
_ARCHIVE_STARTS = (
    b"PK\x03\x04",
    b"\x1f\x8b",
    b"BZh",
    b"\xfd7zXZ\x00",
    b"7z\xbc\xaf\x27\x1c",
    b"Rar!\x1a\x07",
)


@dataclass(frozen=True, slots=True)
class Member:
    """A file in an archive."""

    name: str
    """Its path, with slashes."""
    size: int
    """Bytes that it has when it is decompressed."""
    offset: int
    """Of a zip's: where its header begins; of a tar's: its content."""
    stored: int
    method: int
    crc: int | None


class Archive:
    """A zip or tar that was opened. To be closed."""

    def __init__(self, file: BinaryIO, path: Path, contents: "_Contents", *, zipped: bool) -> None:
        self._file = file
        self._zipped = zipped
        self._folder = path.parent
        self.name = path.name
        """Of the archive, for sentences."""
        self.members = contents.members
        """All files in the archive's order but what systems leave behind, such as ``.DS_Store``."""
        self.folders = contents.folders
        """Paths of folders that have an entry of their own, as empty ones do."""

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def read(self, member: Member, at_most: int | None = None) -> bytes:
        """The content of a member, or its beginning. Raises ``DatasetError`` where it is damaged."""
        wanted = member.size if at_most is None else min(at_most, member.size)
        whole = wanted == member.size
        stored = self._stored(member, None if whole else wanted + _TABLES)
        if member.method == zipfile.ZIP_DEFLATED:
            try:
                content = zlib.decompressobj(-15).decompress(stored, wanted + whole)
            except zlib.error:
                self._damaged(member)
        else:
            content = stored[:wanted]
        if whole and (len(content) != wanted or member.crc not in (None, zlib.crc32(content))):
            self._damaged(member)
        return content

    def _stored(self, member: Member, at_most: int | None) -> bytes:
        length = member.stored if at_most is None else min(at_most, member.stored)
        if not self._zipped:
            return os.pread(self._file.fileno(), length, member.offset)
        # The local header may have a longer extra field than the central one: some more is read with it.
        head = os.pread(self._file.fileno(), 30 + len(member.name.encode()) + 64 + length, member.offset)
        if len(head) < 30:
            self._damaged(member)
        magic, name, extra = _LOCAL_HEADER.unpack_from(head)
        if magic != b"PK\x03\x04":
            self._damaged(member)
        start = 30 + name + extra
        if start + length <= len(head):
            return head[start : start + length]
        return os.pread(self._file.fileno(), length, member.offset + start)

    def copy(self, member: Member) -> BinaryIO:
        """A nameless file with a member's content, for who must seek in it; flat memory."""
        return _nameless(self.blocks(member), self._folder)

    def blocks(self, member: Member) -> Iterator[bytes]:
        """The content of a member in pieces of up to 1 MiB."""
        start = member.offset
        if self._zipped:
            head = os.pread(self._file.fileno(), 30, start)
            if len(head) < 30:
                self._damaged(member)
            _, name, extra = _LOCAL_HEADER.unpack_from(head)
            start += 30 + name + extra
        decompressor = zlib.decompressobj(-15) if member.method == zipfile.ZIP_DEFLATED else None
        size, crc = 0, 0
        for position in range(start, start + member.stored, _BLOCK):
            block = os.pread(self._file.fileno(), min(_BLOCK, start + member.stored - position), position)
            while block:
                try:
                    piece = decompressor.decompress(block, _BLOCK) if decompressor else block
                except zlib.error:
                    self._damaged(member)
                block = decompressor.unconsumed_tail if decompressor else b""
                size += len(piece)
                crc = zlib.crc32(piece, crc)
                if size > member.size:
                    self._damaged(member)
                yield piece
        if size != member.size or (member.crc is not None and crc != member.crc):
            self._damaged(member)

    def _damaged(self, member: Member) -> NoReturn:
        raise DatasetError(f"{member.name} in {self.name} is damaged or cut short: pack it again.")


def open_archive(path: Path, limits: ReadingLimits) -> Archive | None:
    """Open a zip, tar, or tar compressed with gzip, bzip2 or xz; None where it is none of them.

    Raises:
        DatasetError: it is one, but holds what is not taken; the sentence names it.
    """
    file: BinaryIO = path.open("rb")
    with contextlib.ExitStack() as opened:
        opened.enter_context(file)
        start = file.read(512)
        zipped = start.startswith((b"PK\x03\x04", b"PK\x05\x06"))
        if not zipped and not is_tar(start):
            plain = _decompressed(file, start, path, limits)
            opened.close()
            if plain is None:
                return None
            file = opened.enter_context(plain)
        contents = _Contents(limits)
        if zipped:
            _list_zip(path, contents)
        else:
            _list_tar(file, path.name, contents)
        opened.pop_all()
        return Archive(file, path, contents, zipped=zipped)


def refuse_archive(start: bytes, name: str) -> None:
    """Raise ``DatasetError`` where a member begins as an archive does."""
    if start.startswith(_ARCHIVE_STARTS) or is_tar(start):
        raise DatasetError(f"{name} is an archive in the archive: pack its files themselves.")


def is_tar(start: bytes) -> bool:
    """Whether a file's first 512 bytes are the header of a tar's first member."""
    if len(start) < 512 or not start.strip(b"\0"):
        return False
    try:
        tarfile.TarInfo.frombuf(start[:512], "utf-8", "surrogateescape")
    except tarfile.TarError:
        return False
    return True


def checked_name(name: str) -> str:
    """A member's path with slashes and without ``./``; ``DatasetError`` where it leaves the folder."""
    path = name.replace("\\", "/")
    if not path:
        raise DatasetError("A file in the archive has no name: pack it again.")
    if path.startswith("/") or _DRIVE.match(path) or ".." in path.split("/"):
        raise DatasetError(f"{name!r} leaves the archive's folder: pack it with paths from the folder on.")
    while path.startswith("./"):
        path = path[2:]
    return path


class _Contents:
    """What is in an archive, within the limits."""

    def __init__(self, limits: ReadingLimits) -> None:
        self._limits = limits
        self._names: set[str] = set()
        self._bytes = 0
        self.members: list[Member] = []
        self.folders: list[str] = []

    def add(self, member: Member) -> None:
        if member.name in self._names:
            raise DatasetError(f"{member.name} is in the archive twice: leave one out.")
        self._names.add(member.name)
        if len(self._names) > MAX_MEMBERS:
            raise DatasetError(f"The archive has more than {MAX_MEMBERS:,} files (MAX_MEMBERS).")
        refuse_bomb(member.name, member.size, member.stored)
        self._bytes += member.size
        if self._bytes > self._limits.max_decoded_bytes:
            raise DatasetError(
                f"The archive's files come to more than {self._limits.max_decoded_bytes} bytes (max_decoded_bytes)."
            )
        self.members.append(member)

    def add_folder(self, name: str) -> None:
        if len(self.folders) >= MAX_MEMBERS:
            raise DatasetError(f"The archive has more than {MAX_MEMBERS:,} folders (MAX_MEMBERS).")
        self.folders.append(name.rstrip("/"))


def refuse_bomb(name: str, size: int, stored: int) -> None:
    """Raise ``DatasetError`` where so few bytes become so many that it is no data."""
    if size > RATIO_FROM and size > MAX_RATIO * max(stored, 1):
        raise DatasetError(
            f"{name} becomes {size // max(stored, 1)} times as large when it is decompressed, more than {MAX_RATIO} "
            "(MAX_RATIO): it is refused as a bomb."
        )


def _list_zip(path: Path, contents: _Contents) -> None:
    try:
        infos = _directory(path)
    except (zipfile.BadZipFile, NotImplementedError, *_BROKEN) as error:
        raise DatasetError(f"{path.name} is a zip that is damaged or cut short: {error}.") from error
    end = 0
    for info in sorted(infos, key=lambda info: info.header_offset):
        if info.header_offset < end:
            raise DatasetError(
                f"{info.filename} shares bytes with another file of the archive: pack it again."
            )
        end = info.header_offset + 30 + info.compress_size
    infos.reverse()
    while infos:  # each is let go of when it is taken: they are larger than what is kept
        info = infos.pop()
        name = checked_name(info.filename)
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise DatasetError(f"{name} is a link or a device: pack the files themselves.")
        if _JUNK.search(name):
            continue
        if info.is_dir():
            contents.add_folder(name)
            continue
        if info.flag_bits & 0x1:
            raise DatasetError(f"{name} is encrypted: pack it without a password.")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise DatasetError(
                f"{name} is compressed in a rare way: pack it as Deflate (the default) or stored."
            )
        contents.add(
            Member(name, info.file_size, info.header_offset, info.compress_size, info.compress_type, info.CRC)
        )


def _directory(path: Path) -> list[zipfile.ZipInfo]:
    with zipfile.ZipFile(path) as opened:
        return opened.infolist()


def _list_tar(file: BinaryIO, archive: str, contents: _Contents) -> None:
    file.seek(0)
    length = os.fstat(file.fileno()).st_size
    try:
        with tarfile.open(fileobj=file, mode="r:") as opened:
            while (info := opened.next()) is not None:
                opened.members.clear()  # type: ignore[attr-defined]  # not in its types; it would keep all
                name = checked_name(info.name)
                if not info.isdir() and (not info.isreg() or info.issparse()):
                    raise DatasetError(
                        f"{name} is a link, a device or a sparse file: pack the files themselves."
                    )
                if _JUNK.search(name):
                    continue
                if info.isdir():
                    contents.add_folder(name)
                    continue
                if info.offset_data + info.size > length:
                    raise DatasetError(f"{archive} is cut short: {name} goes beyond its end.")
                contents.add(Member(name, info.size, info.offset_data, info.size, zipfile.ZIP_STORED, None))
            end = opened.offset
        # tarfile takes a header that is damaged or cut short for the end, without a word.
        if os.pread(file.fileno(), tarfile.BLOCKSIZE, end) != bytes(tarfile.BLOCKSIZE):
            raise DatasetError(
                f"{archive} is a tar that is damaged or cut short at byte {end}: pack it again."
            )
    except (tarfile.TarError, *_BROKEN) as error:
        raise DatasetError(f"{archive} is a tar that is damaged or cut short: {error}.") from error


def _decompressed(file: BinaryIO, start: bytes, path: Path, limits: ReadingLimits) -> BinaryIO | None:
    """A compressed tar's content as a nameless file; None where it is none."""
    opener = next((opener for magic, opener in _COMPRESSED.items() if start.startswith(magic)), None)
    if opener is None:
        return None
    file.seek(0)
    with opener(file) as source:
        try:
            first = source.read(tarfile.BLOCKSIZE)
        except _BROKEN:
            return None  # it may be anything
        if not is_tar(first):
            return None
        return _nameless(itertools.chain([first], _read_blocks(source, path, limits)), path.parent)


def _read_blocks(source: BinaryIO, path: Path, limits: ReadingLimits) -> Iterator[bytes]:
    stored = path.stat().st_size
    size = 0
    try:
        while block := source.read(_BLOCK):
            size += len(block)
            refuse_bomb(path.name, size, stored)
            if size > limits.max_decoded_bytes:
                raise DatasetError(
                    f"{path.name} becomes more than {limits.max_decoded_bytes} bytes (max_decoded_bytes)."
                )
            yield block
    except _BROKEN as error:
        raise DatasetError(f"{path.name} is damaged or cut short: {error}.") from error


def _nameless(blocks: Iterable[bytes], folder: Path) -> BinaryIO:
    """A file without a name, which is gone when it is closed, with these bytes."""
    with contextlib.ExitStack() as opened:
        try:
            file = opened.enter_context(tempfile.TemporaryFile(dir=folder))
            for block in blocks:
                file.write(block)
            file.seek(0)
        except OSError as error:
            if is_disk_problem(error):
                raise unwritable(folder, error) from error
            raise
        opened.pop_all()
        return cast(BinaryIO, file)
