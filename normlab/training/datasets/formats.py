"""The decoders of the plain formats: gzipped IDX, ``.npz``, and scikit-learn's digits."""

import gzip
import io
from collections.abc import Sequence

import numpy as np

from normlab.training.datasets.arrays import Arrays, Pixels

_DIGITS_TEST_SAMPLES = 360
_IDX_UINT8 = 0x08


def from_idx(archives: Sequence[bytes]) -> Arrays:
    """Decode four gzipped IDX files: training images and labels, test images and labels.

    Raises:
        ValueError, OSError, EOFError: a file is not what it should be.
    """
    return Arrays(*(_idx(gzip.decompress(archive)) for archive in archives))


def _idx(content: bytes) -> Pixels:
    """Read one IDX file: two zero bytes, type, number of axes, a big-endian int32 for each, the values.

    Source of the format: https://yann.lecun.com/exdb/mnist/.
    """
    if len(content) < 4 or content[:3] != bytes((0, 0, _IDX_UINT8)):
        raise ValueError("this is not an IDX file of unsigned bytes")
    axes = content[3]
    shape = tuple(np.frombuffer(content, ">i4", count=axes, offset=4).tolist())
    return np.frombuffer(content, np.uint8, offset=4 + 4 * axes).reshape(shape)


def from_npz(archives: Sequence[bytes]) -> Arrays:
    """Decode one ``.npz`` with ``x_train``, ``y_train``, ``x_test``, ``y_test``; pickled members are refused.

    Raises:
        ValueError, KeyError, zipfile.BadZipFile: the file is not what it should be.
    """
    (archive,) = archives
    with np.load(io.BytesIO(archive), allow_pickle=False) as members:
        return Arrays(*(members[part] for part in Arrays._fields))


def from_scikit_learn(archives: Sequence[bytes]) -> Arrays:  # noqa: ARG001 - scikit-learn has the file in its package
    """Take scikit-learn's digits, (1797, 8, 8) with pixels 0 to 16; the last 360 are the test set."""
    from sklearn.datasets import load_digits  # noqa: PLC0415 - takes a second and is needed once per machine

    digits = load_digits()
    x, y = digits.images.astype(np.uint8), digits.target.astype(np.uint8)
    split = len(x) - _DIGITS_TEST_SAMPLES
    return Arrays(x[:split], y[:split], x[split:], y[split:])
