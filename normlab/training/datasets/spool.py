"""A dataset's samples in the order of the file, on disk as long as their parts are not known."""

import contextlib
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from normlab.errors import DatasetError
from normlab.training.datasets.origins import OriginsWriter
from normlab.training.datasets.readers.base import Chunk, ReadingLimits
from normlab.training.datasets.splitting import PARTS, UNSAID, Samples

_BLOCK_BYTES = 4 << 20
_TYPES = (np.dtype(np.uint8), np.dtype(np.float32))


class Spool:
    """Takes chunks: pixels and origins go to files in ``folder``, what parts are made of stays in memory.

    Memory for each sample: 13 bytes, 8 more with groups or times and 4 where numbers are predicted.
    """

    def __init__(self, folder: Path, limits: ReadingLimits) -> None:
        self._limits = limits
        self._pixels = (folder / "pixels").open("w+b")
        self.origins = OriginsWriter(folder / "origins.txt")
        self._labels = array("i")  # 0 for all where numbers are predicted
        self._numbers = array("f")
        self._parts = bytearray()
        self._group_numbers: dict[str, int] = {}
        self._groups = array("q")
        self._times: list[NDArray[Any]] = []
        self.shape: tuple[int, ...] = ()
        """Of one sample, without the samples' axis."""
        self.dtype = _TYPES[0]
        self.largest = 0.0
        """Of all pixels."""

    def __len__(self) -> int:
        return len(self._labels)

    @property
    def sample_bytes(self) -> int:
        """Of one sample's pixels."""
        return int(np.prod(self.shape, dtype=np.int64)) * self.dtype.itemsize

    def close(self) -> None:
        """Close both files, also where the first cannot be written to its end."""
        with contextlib.closing(self.origins):
            self._pixels.close()

    def append(self, chunk: Chunk) -> None:
        """Keep a chunk.

        Raises:
            DatasetError: a sample has another shape than those before it, or there are more than the limits allow.
            OSError: the disk is full.
        """
        count = len(chunk.y)
        if count == 0:
            return
        if len(chunk.x) != count or len(chunk.origins) != count:
            raise ValueError("a reader gave a chunk whose arrays are not equally long")
        self._check(chunk)
        if chunk.x.dtype == np.uint8:
            self.largest = max(self.largest, float(chunk.x.max()))
        self._pixels.write(np.ascontiguousarray(chunk.x).data)
        self.origins.append(chunk.origins)
        if chunk.y.dtype == np.float32:
            self._numbers.frombytes(chunk.y.tobytes())
            self._labels.frombytes(bytes(4 * count))
        else:
            self._labels.frombytes(np.ascontiguousarray(chunk.y, np.intc).tobytes())
        self._parts += bytes([UNSAID if chunk.split is None else PARTS.index(chunk.split)]) * count
        if chunk.groups is not None:
            numbers = self._group_numbers
            self._groups.extend(numbers.setdefault(group, len(numbers)) for group in chunk.groups)
        if chunk.times is not None:
            missing = np.flatnonzero(chunk.times != chunk.times)  # NaN and NaT
            if len(missing):
                raise DatasetError(f"{chunk.origins[int(missing[0])]} has no time: each sample needs one.")
            if self._times and (self._times[0].dtype.kind == "M") != (chunk.times.dtype.kind == "M"):
                raise DatasetError(
                    f"Times are numbers in a part and dates in another, as at {chunk.origins[0]}."
                )
            self._times.append(chunk.times.copy())

    def _check(self, chunk: Chunk) -> None:
        count, limits = len(self), self._limits
        if count == 0:
            self.shape, self.dtype = chunk.x.shape[1:], chunk.x.dtype
            if self.dtype not in _TYPES:
                raise ValueError(f"a reader gave values of type {self.dtype}")
            if (values := int(np.prod(self.shape, dtype=np.int64))) > limits.max_values_per_sample:
                raise DatasetError(
                    f"A sample has {values} values; {limits.max_values_per_sample} are allowed (max_values_per_sample)."
                )
        if chunk.x.shape[1:] != self.shape or chunk.x.dtype != self.dtype:
            raise DatasetError(
                f"All samples must have one shape: {chunk.origins[0]} has {_shape(chunk.x.shape[1:])}, those before it "
                f"{_shape(self.shape)}."
            )
        if count + len(chunk.y) > limits.max_samples:
            raise DatasetError(f"The file has more than {limits.max_samples} samples (max_samples).")
        if chunk.y.dtype != np.float32 and chunk.y.max() >= limits.max_classes:
            where = chunk.origins[int(chunk.y.argmax())]
            raise DatasetError(
                f"There are more than {limits.max_classes} classes (max_classes): {where} is of one more. Are these "
                "the labels?"
            )
        if (count + len(chunk.y)) * self.sample_bytes > limits.max_decoded_bytes:
            raise DatasetError(
                f"The decoded samples take more than {limits.max_decoded_bytes} bytes (max_decoded_bytes), which is so "
                f"at {chunk.origins[-1]}."
            )

    def samples(self) -> Samples:
        """All but the pixels."""
        count = len(self)
        timed = sum(map(len, self._times))
        for what, having in (("group", len(self._groups)), ("time", timed)):
            if 0 < having < count:
                raise DatasetError(
                    f"Only {having} of {count} samples have a {what}: give one to those of all parts."
                )
        return Samples(
            np.frombuffer(self._labels, np.int32),
            np.frombuffer(self._parts, np.uint8),
            np.frombuffer(self._groups, np.int64) if self._groups else None,
            np.concatenate(self._times) if timed else None,
            np.frombuffer(self._numbers, np.float32) if self._numbers else None,
        )

    def blocks(self) -> Iterator[tuple[slice, NDArray[Any]]]:
        """Which samples, and their pixels (n, *shape), some MiB at a time in the order of the file."""
        self._pixels.seek(0)
        step = max(1, _BLOCK_BYTES // self.sample_bytes)
        for start in range(0, len(self), step):
            count = min(step, len(self) - start)
            block = np.frombuffer(self._pixels.read(count * self.sample_bytes), self.dtype)
            yield slice(start, start + count), block.reshape(count, *self.shape)


def _shape(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape)) or "a single number"
