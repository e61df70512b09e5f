"""Confidence intervals for a mean."""

import math
from typing import Any, NamedTuple

import numpy as np
from scipy import stats

from normlab.analysis.validation import ROUNDING, Floats

RESAMPLES = 9_999


class Interval(NamedTuple):
    """A confidence interval, ends included. An end that the data say nothing about is infinite."""

    low: float
    high: float

    def inside(self, margin: float) -> bool:
        """Whether all of it lies between ``-margin`` and ``margin``, ends included."""
        return -margin <= self.low and self.high <= margin

    def excludes_zero(self) -> bool:
        """Whether zero lies outside."""
        return self.low > 0 or self.high < 0

    def within(self, low: float, high: float) -> "Interval":
        """The part of it that lies where the truth can lie. It holds the truth as often as the whole."""
        return Interval(max(self.low, low), min(self.high, high))

    def times(self, factor: float) -> "Interval":
        """The interval in another unit."""
        return Interval(self.low * factor, self.high * factor)


NO_INTERVAL = Interval(-math.inf, math.inf)


def unit_of(*arrays: Floats) -> float:
    """The power of two that is just above all values, or 1 when all are zero.

    Dividing by it is exact, and then nothing overflows or vanishes when it is squared or cubed.
    """
    largest = max(float(np.max(np.abs(array))) for array in arrays)
    return math.ldexp(1.0, min(math.frexp(largest)[1], 1023)) if largest else 1.0


def spread(values: Floats) -> float:
    """The standard deviation (n - 1 in the denominator) of values whose unit is about 1, or that are
    differences of such; 0 where it is only their rounding error, and for a single value."""
    deviation = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
    return deviation if deviation > ROUNDING else 0.0


def t_interval(mean: float, sd: float, n: int, confidence: float) -> Interval:
    """Student's interval for the mean of ``n`` values, ``mean ± t(n-1) · sd / √n``.

    Exact when the values are normal. With one value, everything is possible.
    Source: Student (1908), The probable error of a mean, Biometrika 6.
    """
    if n < 2:
        return NO_INTERVAL
    half = float(stats.t.ppf((1 + confidence) / 2, n - 1)) * sd / math.sqrt(n)
    return Interval(mean - half, mean + half)


def t_p_value(mean: float, sd: float, n: int) -> float:
    """The two-sided p value of Student's t test that the mean of ``n`` values is zero.

    Values that are all the same but not zero have p = 0, values that are all zero p = 1, a single value p =
    1.
    """
    if n < 2 or mean == 0:
        return 1.0
    if sd == 0:
        return 0.0
    return float(2 * stats.t.sf(abs(mean) / sd * math.sqrt(n), n - 1))


class Bootstrap:
    """The bootstrap's bias-corrected and accelerated interval for the mean, from 9,999 resamples, which are drawn once
    for all levels.

    It follows skewed data better than Student's, but with fewer than about ten values it is too narrow.
    Values without spread give an interval of no width, one value gives no interval.
    Source: Efron (1987), Better bootstrap confidence intervals, JASA 82; by ``scipy.stats.bootstrap``.
    """

    def __init__(self, values: Floats, rng: np.random.Generator) -> None:
        self._values = values
        self._unit = unit_of(values)
        self._drawn = None
        if len(values) > 1 and spread(values / self._unit) > 0:
            self._drawn = self._bootstrap(0.5, n_resamples=RESAMPLES, rng=rng)

    def interval(self, confidence: float) -> Interval:
        """The interval at a level."""
        if len(self._values) < 2:
            return NO_INTERVAL
        if self._drawn is None:
            return Interval(float(self._values.mean()), float(self._values.mean()))
        found = self._bootstrap(confidence, n_resamples=0, bootstrap_result=self._drawn).confidence_interval
        return Interval(float(found.low) * self._unit, float(found.high) * self._unit)

    def _bootstrap(self, confidence: float, **options: Any) -> Any:
        return stats.bootstrap(
            (self._values / self._unit,), np.mean, confidence_level=confidence, method="BCa", **options
        )
