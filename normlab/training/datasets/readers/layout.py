"""How the axes of pictures lie in people's arrays, brought to (height, width[, channels])."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from normlab.errors import DatasetError
from normlab.training.datasets.readers.base import Notice

_CHANNELS = (1, 3, 4)
_LEAST_FLAT = 64
"""Flat rows of fewer values are taken for tables, which pictures are not."""

Arrange = Callable[[NDArray[Any]], NDArray[Any]]


@dataclass(frozen=True)
class Layout:
    """What is done to each block of samples (n, …), and what is told of it."""

    arrange: Arrange
    notices: tuple[Notice, ...] = ()


def find_layout(name: str, shape: tuple[int, ...], *, turn: bool) -> Layout:
    """Say how samples of ``shape`` (without the samples' axis) become pictures.

    One channel is no axis of its own; channels that come first are brought to the end; flat rows of a square number of
    values are squares. ``turn`` exchanges rows and columns.

    Raises:
        DatasetError: this is the shape of no picture.
    """
    notices: list[Notice] = []
    steps: list[Arrange] = []
    if len(shape) == 1:
        side = math.isqrt(shape[0])
        if shape[0] < _LEAST_FLAT or side * side != shape[0]:
            raise DatasetError(
                f"The samples of {name} are rows of {shape[0]} values, and it is not known how these lie in a "
                "picture: give the array the shape (n, height, width) or (n, height, width, channels)."
            )
        steps.append(lambda block: block.reshape(len(block), side, side))
        detail = f"Samples are rows of {shape[0]} values: taken for pictures of {side} by {side}."
        notices.append(Notice("flat_pixels", "info", detail))
        shape = (side, side)
    if len(shape) == 3 and shape[0] in _CHANNELS and shape[2] not in _CHANNELS:
        steps.append(lambda block: np.moveaxis(block, 1, -1))
        notices.append(Notice("channels_first", "info", "Channels came first; they were brought to the end."))
        shape = (*shape[1:], shape[0])
    if len(shape) == 3 and shape[2] == 1:
        steps.append(lambda block: block[..., 0])
        shape = shape[:2]
    if len(shape) not in {2, 3} or 0 in shape or (len(shape) == 3 and shape[2] not in _CHANNELS):
        raise DatasetError(
            f"The samples of {name} have the shape {shape}; pictures are (height, width) or (height, width, "
            "channels) with 1, 3 or 4 channels."
        )
    if turn:
        steps.append(lambda block: np.swapaxes(block, 1, 2))
        notices.append(Notice("pictures_turned", "info", "Rows and columns were exchanged, as asked (turn)."))
    return Layout(_chain(steps), tuple(notices))


def _chain(steps: list[Arrange]) -> Arrange:
    def arrange(block: NDArray[Any]) -> NDArray[Any]:
        for step in steps:
            block = step(block)
        return np.ascontiguousarray(block)

    return arrange
