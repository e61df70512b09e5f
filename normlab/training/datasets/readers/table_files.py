"""Files of texts, plain, gzipped or in an archive, opened anew for each pass and read forwards."""

import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from normlab.errors import DatasetError
from normlab.training.datasets.readers.archive_members import Archive, Member
from normlab.training.datasets.readers.base import Split

_HEAD_BYTES = 4096
_BROKEN = (OSError, EOFError, zlib.error)
"""What gzip raises for what is damaged or cut short."""


@dataclass(frozen=True)
class TableFile:
    """A CSV file."""

    name: str
    split: Split | None
    open: Callable[[], BinaryIO]


def opener_of(path: Path) -> Callable[[], BinaryIO]:
    """What opens a file, and what is in it where it is gzip."""
    with path.open("rb") as file:
        zipped = file.read(2) == b"\x1f\x8b"
    return lambda: cast(BinaryIO, gzip.open(path)) if zipped else path.open("rb")


def member_opener(archive: Archive, member: Member) -> Callable[[], BinaryIO]:
    """The same for a file in an archive."""

    def opened() -> BinaryIO:
        file = cast(BinaryIO, io.BufferedReader(_Blocks(archive.blocks(member))))
        return cast(BinaryIO, gzip.GzipFile(fileobj=file)) if archive.read(member, 2) == b"\x1f\x8b" else file

    return opened


def head_of(file: BinaryIO) -> bytes:
    """Its beginning; nothing where it is damaged."""
    try:
        return file.read(_HEAD_BYTES)
    except _BROKEN:
        return b""  # some other reader's, or nobody's: what is wrong is said there


def read(file: BinaryIO, name: str, size: int) -> bytes:
    """Read on. Raises ``DatasetError`` where it is damaged or cut short."""
    try:
        return file.read(size)
    except _BROKEN as error:
        raise DatasetError(f"{name} is damaged or cut short: {error}.") from error


class _Blocks(io.RawIOBase):
    """Blocks of bytes as a file."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        """True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read on."""
        while not self._rest:
            block = next(self._blocks, None)
            if block is None:
                return 0
            self._rest = memoryview(block)
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


class Checked(io.RawIOBase):
    """A file whose damage is told as a ``DatasetError``."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file = file
        self._name = name

    def readable(self) -> bool:
        """True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read on."""
        data = read(self._file, self._name, len(buffer))
        buffer[: len(data)] = data
        return len(data)
