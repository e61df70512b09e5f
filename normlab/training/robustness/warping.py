"""Pictures moved, turned and made larger: each new pixel is what lies there, between four pixels of the old picture."""

from functools import lru_cache
from math import cos, radians, sin
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


class Warp(NamedTuple):
    """Of which four pixels each pixel is made, and how much of each: bilinear, with the border continued outside."""

    places: npt.NDArray[np.intp]
    """(4, height * width), of a flat picture."""
    weights: Floats
    """(4, height * width, 1)."""

    def __call__(self, x: Floats) -> Floats:
        """Pictures (n, height, width, channels) warped."""
        flat = x.reshape(len(x), -1, x.shape[3])
        total = np.zeros_like(flat)
        for places, weights in zip(self.places, self.weights, strict=True):
            if weights.any():
                total += weights * np.take(flat, places, axis=1)
        return total.reshape(x.shape)


@lru_cache(maxsize=64)
def shifted(size: tuple[int, int], down: float, right: float) -> Warp:
    """Moved by shares of the height and of the width."""
    rows, columns = _grid(size)
    return _from(size, rows - down * size[0], columns - right * size[1])


@lru_cache(maxsize=64)
def rotated(size: tuple[int, int], degrees: float) -> Warp:
    """Turned about the centre."""
    (rows, columns), (middle, centre) = _grid(size), _centre(size)
    turned_sin, turned_cos = sin(radians(degrees)), cos(radians(degrees))
    down, right = rows - middle, columns - centre
    return _from(
        size, middle + turned_cos * down + turned_sin * right, centre - turned_sin * down + turned_cos * right
    )


@lru_cache(maxsize=64)
def scaled(size: tuple[int, int], factor: float) -> Warp:
    """Made so many times as large about the centre."""
    (rows, columns), (middle, centre) = _grid(size), _centre(size)
    return _from(size, middle + (rows - middle) / factor, centre + (columns - centre) / factor)


def _grid(size: tuple[int, int]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    rows, columns = np.indices(size).astype(np.float64)
    return rows, columns


def _centre(size: tuple[int, int]) -> tuple[float, float]:
    return (size[0] - 1) / 2, (size[1] - 1) / 2


def _from(size: tuple[int, int], rows: npt.NDArray[np.float64], columns: npt.NDArray[np.float64]) -> Warp:
    """Where each pixel comes from, in pixels of the old picture. What is within rounding of a pixel is that pixel."""
    parts = []
    for given, length in ((rows, size[0]), (columns, size[1])):
        inside = np.clip(np.round(given, 9), 0, length - 1)
        first = np.floor(inside).astype(np.intp)
        parts.append(((first, np.minimum(first + 1, length - 1)), inside - first))
    (row_pair, down), (column_pair, right) = parts
    places, weights = [], []
    for row, weight_down in zip(row_pair, (1 - down, down), strict=True):
        for column, weight_right in zip(column_pair, (1 - right, right), strict=True):
            places.append((row * size[1] + column).ravel())
            weights.append((weight_down * weight_right).ravel())
    return Warp(np.stack(places), np.stack(weights).astype(np.float32)[..., None])
