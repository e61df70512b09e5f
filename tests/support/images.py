"""Images that no library would write."""

import struct
import zlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


def png(width: int, height: int, rows: bytes) -> bytes:
    """A grey PNG whose header promises width x height pixels, with whatever rows behind it."""
    return _file((width, height, 8, 0), rows)


def deep_png(values: npt.NDArray[np.uint16], depth: int, *, transparent: Sequence[int]) -> bytes:
    """A PNG of (height, width, colours) with so many bits a value, one of which is declared transparent."""
    height, width, colours = values.shape
    bits = np.unpackbits(values.astype(">u2").reshape(height, -1, 1).view(np.uint8), axis=2)[
        ..., 16 - depth :
    ]
    rows = np.packbits(bits.reshape(height, -1), axis=1)
    lines = b"".join(b"\0" + row.tobytes() for row in rows)
    header = (width, height, depth, 0 if colours == 1 else 2)
    return _file(header, lines, struct.pack(f">{colours}H", *transparent))


def _file(header: tuple[int, int, int, int], rows: bytes, transparent: bytes | None = None) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", *header, 0, 0, 0))
        + (b"" if transparent is None else chunk(b"tRNS", transparent))
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )
