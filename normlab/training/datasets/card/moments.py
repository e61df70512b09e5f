"""Means, variances and extremes of many values at once, block by block."""

from typing import Any

import numpy as np
import numpy.typing as npt

from normlab.training.datasets.card.parts import Doubles


class Moments:
    """The mean and variance of each value over all samples that were added.

    Blocks are joined by the update of Chan, Golub and LeVeque (1979), *Updating formulae and a pairwise algorithm for
    computing sample variances*, so that nothing cancels however large the mean is beside the deviation.
    """

    def __init__(self, values: int) -> None:
        self.count = 0
        self.mean: Doubles = np.zeros(values)
        self._squares: Doubles = np.zeros(values)

    def add(self, block: npt.NDArray[Any]) -> None:
        """Add samples, (samples, values), at least one."""
        rows = block.astype(np.float64)
        mean = rows.mean(axis=0)
        rows -= mean
        self._join(len(rows), mean, np.einsum("nv,nv->v", rows, rows))

    def joined(self, other: "Moments") -> "Moments":
        """Of the samples of both."""
        both = Moments(len(self.mean))
        for one in (self, other):
            if one.count:
                both._join(one.count, one.mean, one._squares)
        return both

    def _join(self, count: int, mean: Doubles, squares: Doubles) -> None:
        total = self.count + count
        difference = mean - self.mean
        self._squares = self._squares + squares + difference**2 * (self.count * count / total)
        self.mean = self.mean + difference * (count / total)
        self.count = total

    @property
    def variance(self) -> Doubles:
        """Divided by the count, as normalization layers do."""
        return self._squares / max(1, self.count)


class Extremes:
    """The smallest and largest of each value over all samples that were added; infinite while there are none."""

    def __init__(self, values: int) -> None:
        self.smallest: Doubles = np.full(values, np.inf)
        self.largest: Doubles = np.full(values, -np.inf)

    def add(self, block: npt.NDArray[Any]) -> None:
        """Add samples, (samples, values), at least one."""
        self.smallest = np.minimum(self.smallest, block.min(axis=0))
        self.largest = np.maximum(self.largest, block.max(axis=0))
