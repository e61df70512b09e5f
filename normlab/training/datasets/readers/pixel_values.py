"""Pixel values as people store them, brought to 0 … 255 by one stated rule for a whole file."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from normlab.errors import DatasetError
from normlab.training.datasets.readers.base import NOTHING_YET, Chunk, Notice
from normlab.training.datasets.readers.stored_arrays import StoredArray

_DEPTHS = (10, 12, 14, 16)
"""Bits of what sensors and scanners give; the smallest that holds the largest value is taken."""

Convert = Callable[[NDArray[Any]], NDArray[np.uint8]]


@dataclass(frozen=True)
class PixelRule:
    """How values become pixels, and what is told of it."""

    convert: Convert
    notice: Notice | None = None


def find_rule(arrays: Sequence[StoredArray]) -> Generator[Chunk, None, PixelRule]:
    """Look at all values that are not uint8 already, and choose how they become pixels.

    uint8 and whole numbers from 0 to 255 stay; bool and 0 to 1 are multiplied by 255 and rounded; whole numbers above
    255 are taken for 10, 12, 14 or 16 bits, whichever is the least that holds the largest, and of these the upper eight
    are kept, as of image files. ``NOTHING_YET`` comes after each block.

    Raises:
        DatasetError: values are NaN, negative, or of no such range; where the first is.
    """
    types = {array.dtype for array in arrays}
    if all(dtype == np.uint8 for dtype in types):
        return PixelRule(lambda block: block)
    if all(dtype == np.bool_ for dtype in types):
        return PixelRule(
            _scale(255), Notice("pixels_scaled", "info", "Pixels are true and false: they became 255 and 0.")
        )
    for array in arrays:
        if array.dtype.kind not in "iubf":
            raise DatasetError(f"{array.name} has values of type {array.dtype}; pixels are numbers.")
    largest, whole = 0.0, True
    for array in arrays:
        for start, block in array.blocks():
            largest = max(largest, _largest(array, start, block))
            whole = whole and (block.dtype.kind != "f" or bool((block == np.floor(block)).all()))
            yield NOTHING_YET
    floats = any(dtype.kind == "f" for dtype in types)
    return _choose(arrays[0].name, largest, whole=whole, floats=floats)


def _choose(name: str, largest: float, *, whole: bool, floats: bool) -> PixelRule:
    if floats and largest <= 1:
        detail = "Pixels are numbers from 0 to 1: they were multiplied by 255 and rounded."
        return PixelRule(_scale(255), Notice("pixels_scaled", "info", detail))
    if whole and largest <= 255:
        return PixelRule(lambda block: block.astype(np.uint8))
    if not whole:
        raise DatasetError(
            f"{name} has fractions and goes up to {largest:g}; pixels are 0 to 1, or whole numbers from 0 to 255 "
            "(or up to 65535 with 16 bits)."
        )
    bits = next((bits for bits in _DEPTHS if largest < 2**bits), None)
    if bits is None:
        raise DatasetError(
            f"{name} has a pixel of {largest:.0f}; the largest that can be one is 65535 (16 bits)."
        )
    detail = (
        f"Pixels go up to {largest:.0f} and were taken for {bits} bits, of which the upper eight were kept: "
        "neighbouring shades became one."
    )
    return PixelRule(_upper_eight(bits), Notice("pixels_scaled", "warning", detail))


def _upper_eight(bits: int) -> Convert:
    return lambda block: (block.astype(np.uint16) >> (bits - 8)).astype(np.uint8)


def _scale(factor: float) -> Convert:
    return lambda block: np.rint(block.astype(np.float64) * factor).astype(np.uint8)


def _largest(array: StoredArray, start: int, block: NDArray[Any]) -> float:
    """The largest value of a block that has no NaN, infinity or negative value."""
    if block.size == 0:
        return 0.0
    bad = ~np.isfinite(block) if block.dtype.kind == "f" else None
    if bad is not None and bad.any():
        raise DatasetError(f"{_place(array, start, bad)} is {block[bad][0]}; pixels are numbers.")
    if block.dtype.kind in "if" and block.min() < 0:
        bad = block < 0
        raise DatasetError(
            f"{_place(array, start, bad)} is {block[bad][0]}; pixels are not negative. Were they standardized? "
            "Bring them as they were before: the network has its own normalization."
        )
    return float(block.max())


def _place(array: StoredArray, start: int, bad: NDArray[np.bool_]) -> str:
    first = np.unravel_index(int(bad.argmax()), bad.shape)
    return f"{array.name}[{', '.join(str(int(place)) for place in (start + first[0], *first[1:]))}]"
