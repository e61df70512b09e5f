"""The means and deviations that the numbers of a table are standardized with: of the rows that a job trains on.

Not of those that are kept apart: what is known of these must not be in the network that is tried on them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from normlab.spec.columns import Column
from normlab.spec.layers.preparation import TableInputs
from normlab.training.data import Samples

_CHUNK = 65_536
"""Rows that are added up at a time, …"""
_CHUNK_VALUES = 1 << 22
"""… of so many values at most: they are held six times over. Sums depend on both in their last digits, so they stay as
they are."""

_Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Statistics:
    """Of each column of numbers, (numbers,) float32 each."""

    mean: npt.NDArray[np.float32]
    deviation: npt.NDArray[np.float32]
    """Square root of the mean squared difference to the mean; 1 where that is 0."""


def table_statistics(columns: Sequence[Column] | None, training: Samples) -> Statistics | None:
    """Those of a job's training samples, in float64, in the order of the samples; missing values do not count, and a
    column without any value has mean 0. None: there are no numbers."""
    numbers = () if columns is None else TableInputs.of([column.form for column in columns]).numbers
    if not numbers:
        return None
    count, total = np.zeros(len(numbers), np.int64), np.zeros(len(numbers))
    low, high = np.full(len(numbers), np.inf), np.full(len(numbers), -np.inf)
    for values in _chunks(training, numbers):
        there = ~np.isnan(values)
        count += there.sum(axis=0)
        total += np.where(there, values, 0).sum(axis=0)
        low, high = np.fmin(low, np.fmin.reduce(values)), np.fmax(high, np.fmax.reduce(values))
    mean = total / np.maximum(count, 1)
    # In a second pass: the difference of large sums of squares would lose what a column of large numbers varies by.
    squares = np.zeros(len(numbers))
    for values in _chunks(training, numbers):
        squares += np.square(np.where(np.isnan(values), 0, values - mean)).sum(axis=0)
    deviation = np.sqrt(squares / np.maximum(count, 1)).astype(np.float32)
    # The mean of equal numbers may be another by a last digit.
    varies = (low < high) & (deviation > 0)
    return Statistics(mean.astype(np.float32), np.where(varies, deviation, np.float32(1)))


def _chunks(training: Samples, numbers: Sequence[int]) -> Iterator[_Doubles]:
    columns = np.array(numbers)
    step = max(1, min(_CHUNK, _CHUNK_VALUES // int(training.x.shape[1])))
    for start in range(0, training.count, step):
        yield training.between(start, start + step).x.numpy()[:, columns].astype(np.float64)
