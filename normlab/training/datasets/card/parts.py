"""A dataset's parts, block by block."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from normlab.spec.dataset_content import DatasetContent, DatasetFacts
from normlab.training.datasets.origins import Origins
from normlab.training.datasets.readers.base import Split

BLOCK_BYTES = 1 << 20
"""Of a block as it is stored. In float32 it is four times as large, which a processor's cache still holds."""

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]


class DecodedArrays(Protocol):
    """What a dataset is when it is decoded: ``Arrays``, or a built-in one as ``load`` gives it."""

    @property
    def x_train(self) -> npt.NDArray[Any]:
        """Pictures, (samples, height, width[, channels]), or rows of a table, (samples, columns)."""

    @property
    def y_train(self) -> npt.NDArray[Any]:
        """Labels, (samples,)."""

    @property
    def x_test(self) -> npt.NDArray[Any]:
        """As ``x_train``."""

    @property
    def y_test(self) -> npt.NDArray[Any]:
        """As ``y_train``."""


@dataclass(frozen=True)
class Block:
    """Some samples that follow each other in one part."""

    split: Split
    first: int
    """The place of the first one among all samples, the test part behind the others."""
    x: npt.NDArray[Any]
    y: npt.NDArray[Any]

    @cached_property
    def channels(self) -> Floats:
        """Pictures with their channels last, (samples, height, width, channels)."""
        return self.x.reshape(*self.x.shape[:3], -1).astype(np.float32)

    @cached_property
    def grey(self) -> Floats:
        """The mean of the channels, (samples, height, width)."""
        return grey(self.channels)


def grey(channels: Floats) -> Floats:
    """(samples, height, width, channels) without its channels: their mean."""
    mean: Floats = channels[..., 0] if channels.shape[-1] == 1 else channels.mean(axis=-1, dtype=np.float32)
    return mean


class Parts:
    """The three parts of a dataset, as jobs that say nothing else of validation take them."""

    def __init__(self, arrays: DecodedArrays, content: DatasetFacts, origins: Origins | None = None) -> None:
        self.arrays = arrays
        self.content = content
        self._origins = origins
        self.validation = min(content.default_validation_samples, len(arrays.x_train))
        self.in_training_array = len(arrays.x_train)
        self.samples = self.in_training_array + len(arrays.x_test)

    @property
    def pictures(self) -> bool:
        """Whether samples are pictures."""
        return len(self.content.shape) > 1

    @property
    def target(self) -> str:
        """The name of the column that is predicted, of a table."""
        content = self.content
        return (isinstance(content, DatasetContent) and content.target) or "target"

    @cached_property
    def labels(self) -> npt.NDArray[Any]:
        """Of all samples."""
        return np.concatenate([self.arrays.y_train, self.arrays.y_test])

    @cached_property
    def splits(self) -> npt.NDArray[np.uint8]:
        """Of all samples, as their places in ``Split``."""
        counts = (
            self.validation,
            self.in_training_array - self.validation,
            self.samples - self.in_training_array,
        )
        order = [list(Split).index(split) for split in (Split.VALIDATION, Split.TRAINING, Split.TEST)]
        return np.repeat(np.array(order, np.uint8), counts)

    def blocks(self) -> Iterator[Block]:
        """All samples, once, in the order of the arrays."""
        arrays = self.arrays
        per_block = max(1, BLOCK_BYTES // max(1, arrays.x_train[:1].nbytes))
        ranges = (
            (Split.VALIDATION, arrays.x_train, arrays.y_train, 0, self.validation, 0),
            (Split.TRAINING, arrays.x_train, arrays.y_train, self.validation, self.in_training_array, 0),
            (Split.TEST, arrays.x_test, arrays.y_test, 0, len(arrays.x_test), self.in_training_array),
        )
        for split, x, y, start, stop, offset in ranges:
            for at in range(start, stop, per_block):
                end = min(at + per_block, stop)
                yield Block(split, offset + at, x[at:end], y[at:end])

    def take(self, numbers: Numbers) -> npt.NDArray[Any]:
        """Some samples by their numbers among all."""
        numbers = np.asarray(numbers, np.int64)
        taken = np.empty((len(numbers), *self.arrays.x_train.shape[1:]), self.arrays.x_train.dtype)
        in_test = numbers >= self.in_training_array
        taken[~in_test] = self.arrays.x_train[numbers[~in_test]]
        taken[in_test] = self.arrays.x_test[numbers[in_test] - self.in_training_array]
        return taken

    def name_of(self, number: int) -> str:
        """A sample's place and class, for people, and where it is from as far as that is known."""
        in_test = number >= self.in_training_array
        place = number - self.in_training_array if in_test else number
        target = (self.arrays.y_test if in_test else self.arrays.y_train)[place]
        split = Split.TEST if in_test else Split.VALIDATION if place < self.validation else Split.TRAINING
        classes = self.content.classes
        about = classes[int(target)] if classes else f"{target:g}"
        if self._origins is not None:
            (origin,) = (self._origins.of_test if in_test else self._origins.of_training)([place])
            about = f"{about}, {origin}"
        return f"{split} sample {place} ({about})"
