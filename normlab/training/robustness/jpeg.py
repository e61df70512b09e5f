"""Many small pictures through JPEG at once.

JPEG works in blocks of 8 by 8 values that know nothing of each other, and continues a picture's last row and column to
whole blocks. So one large picture of many small ones, each continued like that, gives each what a file of its own would
give it, without ten thousand headers and tables.
"""

import io

import numpy as np
import numpy.typing as npt
from PIL import Image

_BLOCK = 8
_MAX_SIDE = 8192
"""Of the large picture, unless one small picture is larger; JPEG ends at 65,535."""

Bytes = npt.NDArray[np.uint8]


def through_jpeg(pictures: Bytes, quality: int) -> Bytes:
    """Pictures (n, height, width, channels) as they come back from a JPEG file: three channels as red, green and blue
    with all of their colours, any other number as grey pictures each.
    """
    count, height, width, channels = pictures.shape
    if channels not in (1, 3):
        apart = pictures.transpose(0, 3, 1, 2).reshape(-1, height, width, 1)
        return through_jpeg(apart, quality).reshape(count, channels, height, width).transpose(0, 2, 3, 1)
    padded = np.pad(pictures, ((0, 0), (0, -height % _BLOCK), (0, -width % _BLOCK), (0, 0)), mode="edge")
    down, across = (max(1, _MAX_SIDE // side) for side in padded.shape[1:3])
    sheets = [
        _sheet(padded[start : start + down * across], across, quality)
        for start in range(0, count, down * across)
    ]
    return np.concatenate(sheets)[:, :height, :width]


def _sheet(pictures: Bytes, across: int, quality: int) -> Bytes:
    """The same of so many as one large picture holds, whose sides are whole blocks."""
    count, height, width, channels = pictures.shape
    rows = -(-count // across)
    across = min(across, count)
    sheet = np.zeros((rows * across, height, width, channels), np.uint8)
    sheet[:count] = pictures
    large = sheet.reshape(rows, across, height, width, channels).swapaxes(1, 2)
    large = large.reshape(rows * height, across * width, channels)
    file = io.BytesIO()
    Image.fromarray(large[..., 0] if channels == 1 else large).save(
        file, "JPEG", quality=quality, subsampling=0
    )
    with Image.open(file) as opened:
        read = np.asarray(opened).reshape(rows, height, across, width, channels).swapaxes(1, 2)
    return read.reshape(-1, height, width, channels)[:count]
