"""The four arrays of a dataset, and what they must look like."""

import hashlib
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from normlab.errors import DatasetError
from normlab.spec.datasets import DATASETS, DatasetName

Pixels = NDArray[np.uint8] | NDArray[np.float32]
"""Raw pixels, uint8; or rows of a table, float32 (samples, columns): numbers, places of categories, NaN where a value
is missing, -1 for an unknown category."""
Labels = NDArray[np.uint8] | NDArray[np.int32] | NDArray[np.float32]
"""uint8 for up to 256 classes, else int32; float32 where numbers are predicted."""


class Arrays(NamedTuple):
    """Raw pixels, uint8 (samples, height, width[, channels]), or rows of a table, float32 (samples, columns); and
    labels, (samples,): uint8 for up to 256 classes, else int32, or float32 where numbers are predicted.
    """

    x_train: Pixels
    y_train: Labels
    x_test: Pixels
    y_test: Labels


def check(name: DatasetName, arrays: Arrays) -> None:
    """See that decoded arrays are the dataset that the spec describes.

    Raises:
        DatasetError: a shape, the type or the range of pixels or labels is another one.
    """
    info = DATASETS[name]
    pixels, labels = info.pixel_max, info.class_count - 1
    expected = (
        ((info.training_samples, *info.shape), pixels),
        ((info.training_samples,), labels),
        ((info.test_samples, *info.shape), pixels),
        ((info.test_samples,), labels),
    )
    for part, array, (shape, largest) in zip(Arrays._fields, arrays, expected, strict=True):
        actual = f"{array.dtype} of shape {array.shape}"
        if array.dtype != np.uint8 or array.shape != shape:
            raise DatasetError(f"{part} of {name} should be uint8 of shape {shape}; its files hold {actual}.")
        if array.max() > largest:
            raise DatasetError(
                f"{part} of {name} should go from 0 to {largest}; its files hold a {array.max()}."
            )


def content_digest(arrays: Arrays) -> str:
    """``sha256:…`` over the arrays' names, shapes and bytes: equal for equal content, however packed."""
    digest = hashlib.sha256()
    for part, array in zip(Arrays._fields, arrays, strict=True):
        digest.update(digest_heading(part, array.dtype, array.shape))
        digest.update(np.ascontiguousarray(array).data)
    return f"sha256:{digest.hexdigest()}"


def digest_heading(part: str, dtype: np.dtype[Any], shape: tuple[int, ...]) -> bytes:
    """What stands before an array's bytes in ``content_digest``."""
    return f"{part} {dtype.str} {shape}\n".encode()
