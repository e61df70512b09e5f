"""Arrays of numbers -> a batch of raw pixels: NumPy's ``.npy`` files and the tensors of binary protocols.

The bytes become the batch as they are; nothing looks at single numbers but NumPy.
"""

import io
import math
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib import format as npy

from normlab.errors import InstancesError
from normlab.serving.instances import refuse_too_many

_MAX_HEADER_BYTES = 4096
"""NumPy writes headers of 128 bytes for arrays of numbers."""


def parse_npy(
    body: bytes, *, shape: tuple[int, ...], pixel_max: int | None, max_instances: int
) -> npt.NDArray[np.float32]:
    """The images of a ``.npy`` file as float32 (n, *shape), in raw pixel values 0 to ``pixel_max``; without one, rows
    of a table (n, columns) in their decoded form.

    The file holds (n, *shape), (n, pixels) or one image as *shape; whole numbers or floats of any width.
    Nothing is unpickled. Raises :class:`InstancesError`.
    """
    array_shape, fortran_order, dtype, start = _header(body[: _header_end(body)])
    count = math.prod(array_shape)
    if len(body) - start != count * dtype.itemsize:
        raise InstancesError(
            f"the npy header promises {count * dtype.itemsize} bytes, but {len(body) - start} follow it"
        )
    array = np.frombuffer(body, dtype, count, start).reshape(array_shape, order="F" if fortran_order else "C")
    if array.shape == shape:
        array = array[np.newaxis]
    return pixels_of(array, shape=shape, pixel_max=pixel_max, max_instances=max_instances)


def pixels_of(
    array: npt.NDArray[Any],
    *,
    shape: tuple[int, ...],
    pixel_max: int | None,
    max_instances: int,
    pointer: str = "",
) -> npt.NDArray[np.float32]:
    """An array (n, *shape) or (n, pixels) of numbers, checked, as float32 (n, *shape).

    Raises :class:`InstancesError` with ``pointer``.
    """
    pixels = math.prod(shape)
    if array.ndim == 0 or array.shape[1:] not in (shape, (pixels,)):
        wanted = f"{_written(('n', *shape))} or {_written(('n', pixels))}"
        raise InstancesError(f"the array has the shape {_written(array.shape)} instead of {wanted}", pointer)
    if not len(array):
        raise InstancesError("the array is empty: send at least one image", pointer)
    refuse_too_many(len(array), max_instances, pointer)
    fits = pixel_max is None or (array.dtype == np.uint8 and pixel_max >= 255)
    if not fits and not (array.min() >= 0 and array.max() <= pixel_max):  # NaN fails both comparisons
        raise InstancesError(
            f"the array holds numbers that are not raw pixel values of this dataset, 0 to {pixel_max}",
            pointer,
        )
    values = array.reshape(len(array), *shape)
    return (
        np.ascontiguousarray(values, dtype=np.float32)
        if pixel_max is not None
        else as_float32(values, pointer)
    )


def as_float32(values: npt.NDArray[Any], pointer: str) -> npt.NDArray[np.float32]:
    """Values of a table. Raises :class:`InstancesError` where one is infinite, or too large."""
    with np.errstate(over="ignore"):
        made = np.ascontiguousarray(values, dtype=np.float32)
    if np.isinf(made).any():
        raise InstancesError("a value is infinite, or too large for float32", pointer)
    return made


def _header_end(body: bytes) -> int:
    """Where the data begins, as the file's own length field says."""
    if not body.startswith(npy.MAGIC_PREFIX) or len(body) <= npy.MAGIC_LEN:
        raise InstancesError("the body is no npy file: write it with numpy.save")
    width = 2 if body[npy.MAGIC_LEN - 2] == 1 else 4  # of the length field, by the format's major version
    start = npy.MAGIC_LEN + width
    return start + min(int.from_bytes(body[npy.MAGIC_LEN : start], "little"), _MAX_HEADER_BYTES)


@lru_cache(maxsize=64)
def _header(head: bytes) -> tuple[tuple[int, ...], bool, np.dtype[Any], int]:
    """Shape, order, type and length of a header. Cached, for NumPy parses a Python literal to read it."""
    file = io.BytesIO(head)
    try:
        version = npy.read_magic(file)
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, fortran_order, dtype = read(file, max_header_size=_MAX_HEADER_BYTES)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        raise InstancesError("the npy header cannot be read") from None
    if dtype.kind not in "uif":
        raise InstancesError(f"the npy file holds {dtype}: send numbers, such as uint8 or float32")
    if any(length < 0 for length in shape):
        raise InstancesError("the npy header cannot be read: a length is negative")
    return shape, fortran_order, dtype, file.tell()


def _written(shape: tuple[object, ...]) -> str:
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"
