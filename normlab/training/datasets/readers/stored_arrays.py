"""An array that lies in a file in C order, read some MiB at a time along its first axis."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from normlab.errors import DatasetError
from normlab.training.datasets.readers.streams import read_fully

BLOCK_BYTES = 2 << 20
MOST_TEXT_BYTES = 1024
"""Of one value that is a text: a class, a group."""
_BLOCK_SAMPLES = 1 << 16
"""So that what is read beside pixels is no more than some MiB either."""
_PADDING_BYTES = 8
"""Fewer than this may stand behind the values."""


@dataclass(frozen=True)
class StoredArray:
    """Values of one type and shape, the first axis counting samples."""

    name: str
    """For sentences: ``x_train``, ``train-images-idx3-ubyte``."""
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    open_values: Callable[[], AbstractContextManager[BinaryIO]]
    """Opens a stream that stands at the first value; a library's errors leave it as ``DatasetError``."""
    stored_sample: tuple[int, ...] | None = None
    """The shape of a sample in the file, where it is another than in ``shape``."""
    view: Callable[[NDArray[Any]], NDArray[Any]] = lambda block: block
    """Makes (n, stored_sample) (n, …) as in ``shape``."""

    @property
    def sample_values(self) -> int:
        """Values of one sample."""
        return int(np.prod(self.shape[1:], dtype=object))

    @property
    def step(self) -> int:
        """How many samples a block has."""
        return min(_BLOCK_SAMPLES, max(1, BLOCK_BYTES // self._sample_bytes))

    @property
    def _stored(self) -> tuple[int, ...]:
        return self.shape[1:] if self.stored_sample is None else self.stored_sample

    @property
    def _sample_bytes(self) -> int:
        return max(1, int(np.prod(self._stored, dtype=object)) * self.dtype.itemsize)

    def blocks(self, step: int | None = None) -> Iterator[tuple[int, NDArray[Any]]]:
        """The place of the first sample of each block, and the block (n, …).

        ``step`` is how many samples a block has; otherwise some MiB.

        Raises:
            DatasetError: the file ends before the array, or is damaged.
        """
        step, sample_bytes = self.step if step is None else step, self._sample_bytes
        with self.open_values() as stream:
            for start in range(0, self.shape[0], step):
                count = min(step, self.shape[0] - start)
                content = read_fully(stream, count * sample_bytes)
                if len(content) < count * sample_bytes:
                    raise DatasetError(
                        f"{self.name} ends after {start + len(content) // sample_bytes} of the {self.shape[0]} "
                        "samples that its header promises."
                    )
                yield start, self.view(np.frombuffer(content, self.dtype).reshape(count, *self._stored))
            # Reading to the end also lets zip and gzip compare their checksums.
            if len(read_fully(stream, _PADDING_BYTES)) == _PADDING_BYTES:
                raise DatasetError(
                    f"{self.name} goes on after the {self.shape[0]} samples that its header promises."
                )
