"""Many small PNGs of one size, decoded by Pillow in one go.

Opening an image file costs Pillow ten times what decoding 28 by 28 pixels does. So the files' compressed lines are put
below each other, a line of zeros between two (a PNG's first line is predicted from such a line), and the strip is
given to Pillow's decoder once: 20 instead of 110 microseconds a file. The container is read by hand for that, and only
of plain files; everything else is left to Pillow as a whole. Format: https://www.w3.org/TR/png-3/.
"""

import struct
import zlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image

from normlab.pillow_images import BROKEN

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHUNK = struct.Struct(">I4s")
_MODES = {0: ("L", 1), 2: ("RGB", 3)}
"""Pillow's mode and the bytes of a pixel, by the file's colour type, with 8 bits a value."""
_LEFT_TO_PILLOW = (b"tRNS", b"eXIf", b"acTL", b"tEXt", b"zTXt", b"iTXt")
"""What changes the picture (texts may hold an EXIF note, too)."""


def plain_size(data: bytes) -> tuple[int, int, bool] | None:
    """(height, width, coloured) of a PNG of grey or RGB with 8 bits and in one pass; None for all other files."""
    if len(data) < 33 or not data.startswith(_SIGNATURE) or data[12:16] != b"IHDR":
        return None
    width, height, depth, colour, compression, filtering, passes = struct.unpack_from(">IIBBBBB", data, 16)
    plain = (depth, compression, filtering, passes) == (8, 0, 0, 0) and colour in _MODES
    return (height, width, colour == 2) if plain and width and height else None


def decode_strip(
    files: Sequence[bytes], height: int, width: int, *, colour: bool
) -> list[npt.NDArray[np.uint8] | None]:
    """The pixels of each file, uint8 (height, width[, 3]); None for those that are left to Pillow as a whole."""
    mode, depth = _MODES[2 if colour else 0]
    line = 1 + width * depth
    blank = bytes(line)
    lines: list[bytes] = []
    places: list[int] = []
    for place, data in enumerate(files):
        if (
            plain_size(data) == (height, width, colour)
            and (pixels := _lines(data, height * line)) is not None
        ):
            lines += (blank, pixels)
            places.append(place)
    decoded: list[npt.NDArray[np.uint8] | None] = [None] * len(files)
    if not places:
        return decoded
    try:
        size = (width, len(places) * (height + 1))
        strip = Image.frombytes(mode, size, zlib.compress(b"".join(lines), 0), "zip", (mode, 0))
    except BROKEN:  # one has an unknown filter: Pillow will say which
        return decoded
    pictures = np.asarray(strip).reshape(len(places), height + 1, width, *([depth] if colour else []))[:, 1:]
    for place, picture in zip(places, pictures, strict=True):
        decoded[place] = picture
    return decoded


def _lines(data: bytes, size: int) -> bytes | None:
    """The filtered lines of a plain PNG, ``size`` bytes; None where anything is unusual."""
    position = len(_SIGNATURE)
    parts = []
    while position + 12 <= len(data):
        length, kind = _CHUNK.unpack_from(data, position)
        end = position + 8 + length
        if kind in _LEFT_TO_PILLOW or data[end : end + 4] != zlib.crc32(data[position + 4 : end]).to_bytes(
            4, "big"
        ):
            return None
        if kind == b"IDAT":
            parts.append(data[position + 8 : end])
        elif kind == b"IEND":
            decompressor = zlib.decompressobj()
            try:
                lines = decompressor.decompress(b"".join(parts), size + 1)
            except zlib.error:
                return None
            return lines if len(lines) == size and decompressor.eof else None
        position = end + 4
    return None
