"""The card's pictures, as PNG: some samples of each class, the mean of each class, and the examples of findings."""

import io
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image

from normlab.training.datasets.card.parts import Block, Doubles, Floats, Numbers, Parts
from normlab.training.datasets.card.shrinking import shrunk
from normlab.training.datasets.readers.base import Split

MOST_CLASSES = 100
"""Pictures are made of the first so many classes; what is said of classes is of all."""

MOSAIC_SIDE = 8
"""A mosaic has so many samples in a row and in a column."""

LARGEST_TILE = 64
"""Larger pictures are shrunk to so many pixels on a side: a mosaic of 64 in colour is 0.8 MB before it is packed."""

_GAP = 1


class ClassMeans:
    """Sums of the training pictures of each class."""

    def __init__(self, classes: int, shape: Sequence[int]) -> None:
        self._count = min(classes, MOST_CLASSES)
        self._shape = tuple(min(side, LARGEST_TILE) for side in shape[:2]) + (*shape[2:3], 1)[:1]
        self._sums: Doubles = np.zeros((self._count, int(np.prod(self._shape))))
        self._counts: Numbers = np.zeros(self._count, np.int64)

    def add(self, block: Block) -> None:
        """Add pictures; those of other parts than training are passed over."""
        if block.split is not Split.TRAINING:
            return
        rows = shrunk(block.channels, LARGEST_TILE).reshape(len(block.x), -1)
        of_class = (block.y == np.arange(self._count)[:, None]).astype(np.float32)
        self._sums += of_class @ rows
        self._counts += of_class.sum(axis=1).astype(np.int64)

    def mean(self, label: int) -> Floats | None:
        """(height, width, channels); None for a class without pictures and for those behind the first ones."""
        if label >= self._count or not self._counts[label]:
            return None
        mean: Floats = (self._sums[label] / self._counts[label]).reshape(self._shape).astype(np.float32)
        return mean


def mosaic(parts: Parts, numbers: Numbers) -> bytes:
    """Samples in a square of tiles, row by row."""
    rows = [numbers[at : at + MOSAIC_SIDE] for at in range(0, len(numbers), MOSAIC_SIDE)]
    return tiles(parts, rows)


def tiles(parts: Parts, rows: Sequence[Sequence[int] | Numbers]) -> bytes:
    """Samples by their numbers, in rows that need not be equally long; gaps are grey."""
    flat = parts.take(np.concatenate([np.asarray(row, np.int64) for row in rows]))
    pictures = shrunk(flat.reshape(*flat.shape[:3], -1).astype(np.float32), LARGEST_TILE)
    _, height, width, channels = pictures.shape
    sheet = np.full(
        (
            len(rows) * (height + _GAP) - _GAP,
            max(map(len, rows)) * (width + _GAP) - _GAP,
            channels,
        ),
        parts.content.pixel_max / 2,
        np.float32,
    )
    places = [(down, right) for down, row in enumerate(rows) for right in range(len(row))]
    for (down, right), picture in zip(places, pictures, strict=True):
        top, left = down * (height + _GAP), right * (width + _GAP)
        sheet[top : top + height, left : left + width] = picture
    return png(sheet, parts.content.pixel_max)


def png(pixels: npt.NDArray[np.floating], pixel_max: float) -> bytes:
    """A picture (height, width, channels) with values to ``pixel_max`` as a file of 8 bits a channel.

    One channel is grey, three are red, green and blue, four have transparency; of other numbers it is the mean.
    """
    scaled = np.rint(np.clip(pixels * (255 / pixel_max), 0, 255)).astype(np.uint8)
    if scaled.shape[-1] not in (3, 4):
        scaled = np.rint(scaled.mean(axis=-1)).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(scaled).save(file, format="PNG", optimize=True)
    return file.getvalue()
