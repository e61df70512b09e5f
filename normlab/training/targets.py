"""Targets that are numbers: training standardizes them, so that a learning rate means the same whatever their unit is,
and the network that is kept answers in that unit."""

import math
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from normlab.spec.regression import variance

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class TargetScale:
    """Of a job's own training rows, in the target's unit."""

    mean: float
    variance: float
    """The mean squared difference from the mean."""

    @property
    def deviation(self) -> float:
        """Its root; 1 where all targets are equal."""
        return math.sqrt(self.variance) or 1.0

    @classmethod
    def of(cls, targets: npt.NDArray[Any]) -> Self:
        """Of the training targets (n,), summed in float64."""
        exact = targets.astype(np.float64)
        return cls(float(exact.mean()), variance(exact))

    def standardized(self, targets: npt.NDArray[Any]) -> Floats:
        """Targets as training takes them."""
        scaled: Floats = (targets.astype(np.float64) - self.mean) / self.deviation
        return scaled

    def raw(self, standardized: npt.NDArray[Any]) -> Floats:
        """Numbers in the target's unit again."""
        numbers: Floats = standardized.astype(np.float64) * self.deviation + self.mean
        return numbers

    def raw_output(self, kernel: npt.NDArray[Any], bias: npt.NDArray[Any]) -> tuple[Floats, Floats]:
        """The output layer's kernel (n, 1) and bias (1,) with which it gives numbers in the target's unit."""
        return kernel.astype(np.float64) * self.deviation, self.raw(bias)
