"""A picture's gist in 64 bits: pictures that look alike differ in few of them.

The bits say which of the first 8 by 8 waves of the picture are above their median, as in a DCT hash; but the waves are
centred on the picture's centre of mass rather than on its middle, so that a shift changes little. A difference hash
(which of two neighbouring cells is brighter) was tried beside it: where the background is flat its bits are noise.
``docs/data-card.md`` has the figures.
"""

import numpy as np
import numpy.typing as npt

from normlab.training.datasets.card.background import edge
from normlab.training.datasets.card.parts import Floats

_WAVES = 8

Codes = npt.NDArray[np.uint64]


def codes(grey: Floats) -> Codes:
    """The hashes of pictures, (samples, height, width)."""
    foreground = grey - np.median(edge(grey), axis=1).astype(np.float32)[:, None, None]
    rows, columns = centre_of_mass(foreground)
    waves = _waves(rows, grey.shape[1]) @ foreground @ _waves(columns, grey.shape[2]).transpose(0, 2, 1)
    flat = waves.reshape(len(grey), -1)
    flat[:, 0] = 0  # the mean, which says how bright a picture is
    bits = np.packbits(flat > np.median(flat, axis=1, keepdims=True), axis=1)
    return bits.view(np.uint64)[:, 0]


def centre_of_mass(foreground: Floats) -> tuple[Floats, Floats]:
    """Rows and columns, in pixels, of the centres of what differs from the background; of empty pictures the middle."""
    mass = np.abs(foreground)
    height, width = mass.shape[1:]
    total = mass.sum(axis=(1, 2))
    empty = total == 0
    total[empty] = 1
    rows = mass.sum(axis=2) @ np.arange(height, dtype=np.float32) / total
    columns = mass.sum(axis=1) @ np.arange(width, dtype=np.float32) / total
    return np.where(empty, (height - 1) / 2, rows), np.where(empty, (width - 1) / 2, columns)


def _waves(centres: Floats, length: int) -> Floats:
    """(samples, waves, length): cosines and sines in turn, about each sample's centre."""
    numbers = np.arange(_WAVES, dtype=np.float32)
    places = (np.arange(length, dtype=np.float32) - centres[:, None].astype(np.float32)) * np.float32(
        np.pi / length
    )
    quarter = np.where(numbers % 2 == 1, np.float32(np.pi / 2), np.float32(0))
    waves: Floats = np.cos(places[:, None, :] * numbers[:, None] - quarter[:, None])
    return waves
