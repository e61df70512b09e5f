"""Pictures made smaller by areas: each pixel of the result is the mean of what it covers."""

from functools import cache

import numpy as np

from normlab.training.datasets.card.parts import Floats


@cache
def area_means(length: int, cells: int) -> Floats:
    """The matrix (cells, length) that takes means over equal areas, in parts of a pixel where they do not divide."""
    edges = np.linspace(0, length, cells + 1)
    pixels = np.arange(length)
    covered = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    means: Floats = (np.clip(covered, 0, None) * cells / length).astype(np.float32)
    return means


def shrunk(channels: Floats, most: int) -> Floats:
    """Pictures (samples, height, width, channels) with at most ``most`` rows and columns; smaller ones as they are."""
    for axis in (1, 2):
        if channels.shape[axis] > most:
            matrix = area_means(channels.shape[axis], most)
            moved = np.moveaxis(channels, axis, -1) @ matrix.T
            channels = np.moveaxis(moved, -1, axis)
    return channels
