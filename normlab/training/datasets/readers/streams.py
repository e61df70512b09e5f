"""Streams of files that may be damaged, cut off or made to fill the memory."""

import contextlib
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from normlab.errors import DatasetError

MOST_AT_ONCE = 64 << 20
"""No library may read more in one piece: directories of archives and names of members are read whole."""

_PIECE_BYTES = 64 << 10

_DAMAGE = (
    OSError,  # gzip.BadGzipFile among them
    EOFError,
    ValueError,
    LookupError,
    OverflowError,
    RuntimeError,  # what zipfile says of encrypted members
    NotImplementedError,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    zipfile.BadZipFile,
    tarfile.TarError,
)


@contextlib.contextmanager
def reading(name: str) -> Iterator[None]:
    """Say what is wrong with ``name`` when a library finds it damaged.

    Raises:
        DatasetError: it is damaged, cut off or encrypted.
    """
    try:
        yield
    except _DAMAGE as error:
        raise DatasetError(f"{name} cannot be read; it is damaged or cut off ({error}).") from error


def is_gzip(stream: BinaryIO) -> bool:
    """Whether a stream begins as gzip does; it is put back to its beginning."""
    head = stream.read(2)
    stream.seek(0)
    return head == b"\x1f\x8b"


def unpacked(stream: BinaryIO) -> BinaryIO:
    """The stream, or what is in it where it is gzip."""
    return gzip.GzipFile(fileobj=stream) if is_gzip(stream) else stream  # type: ignore[return-value] # it has all methods that are used


def head_of(path: Path, size: int) -> bytes:
    """A file's first bytes."""
    with path.open("rb") as file:
        return file.read(size)


def read_fully(stream: BinaryIO, size: int) -> bytes | bytearray:
    """Read ``size`` bytes, or all that are left; streams may give fewer at once."""
    content = stream.read(size)
    if len(content) == size or not content:
        return content
    whole = bytearray(content)
    while len(whole) < size and (content := stream.read(size - len(whole))):
        whole += content
    return whole


class Bounded(io.RawIOBase):
    """A stream of which nobody can take more than ``MOST_AT_ONCE`` in one piece."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """As the stream's."""
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        """As the stream's."""
        return self._stream.tell()

    def read(self, size: int | None = -1) -> bytes:
        """As the stream's.

        Raises:
            DatasetError: a piece of more than ``MOST_AT_ONCE`` is asked for.
        """
        if size is None or size < 0:
            # Piece by piece: a file allocates all that it is asked for.
            whole = bytearray()
            while piece := self._stream.read(_PIECE_BYTES):
                whole += piece
                self._refuse(len(whole))
            return bytes(whole)
        self._refuse(size)
        return self._stream.read(size)

    @staticmethod
    def _refuse(size: int) -> None:
        if size > MOST_AT_ONCE:
            raise DatasetError(
                f"A part of the archive that must be read in one piece says that it has {size} bytes; {MOST_AT_ONCE} "
                "are allowed."
            )

    def close(self) -> None:
        """Close the stream, too."""
        self._stream.close()
        super().close()


class Window(io.RawIOBase):
    """``size`` bytes of a stream from ``offset`` on, as a stream of its own."""

    def __init__(self, stream: BinaryIO, offset: int, size: int, *, closes: bool = True) -> None:
        self._stream, self._offset, self._size, self._place = stream, offset, size, 0
        self._closes = closes

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place in the window."""
        self._place = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        return self._place

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override] # the stub's type is private
        """Read on."""
        wanted = max(0, min(len(buffer), self._size - self._place))
        self._stream.seek(self._offset + self._place)
        content = self._stream.read(wanted)
        buffer[: len(content)] = content
        self._place += len(content)
        return len(content)

    def close(self) -> None:
        """Close the stream, too, unless it is somebody else's."""
        if self._closes:
            self._stream.close()
        super().close()


class Inflated(io.RawIOBase):
    """What a zlib stream holds, read forwards in bounded memory."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._inflater = zlib.decompressobj()
        self._given = 0

    def readable(self) -> bool:
        """True."""
        return True

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override] # the stub's type is private
        """Read on."""
        content = b""
        while not content and not self._inflater.eof:
            packed = self._inflater.unconsumed_tail or self._stream.read(_PIECE_BYTES)
            if not packed:
                raise EOFError("its compressed data end too early")
            content = self._inflater.decompress(packed, len(buffer))
        buffer[: len(content)] = content
        self._given += len(content)
        return len(content)

    def tell(self) -> int:
        """How much was read."""
        return self._given
