"""How good the best of n points would have been.

Dodge et al. (2019), Show Your Work: Improved Reporting of Experimental Results, EMNLP, equation (5): with the empirical
distribution P̂ of the values of N points that were drawn independently,

    E[best of n] = Σ_v v (P̂(V ≤ v)^n - P̂(V < v)^n)

The band is the percentile bootstrap's over points (2,000 draws). Towards n = N both lean on the few best points: the
estimate is too low on average (Tang et al. 2020, Showing Your Work Doesn't Always Work, ACL), and the band cannot reach
beyond the best that was seen. Simulated with 24 points, a band of 95 % holds the truth in 93 % for one point, 84 % at
a quarter of the budget, and 75 % at half of it.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from normlab.analysis.sweeps.points import Outcome, SweptArm, SweptSpace
from normlab.analysis.validation import Floats

RESAMPLES = 2_000
SOURCE = "Dodge et al. (2019), Show Your Work, EMNLP, equation (5); band: percentile bootstrap over points"


class ExpectedBest(NamedTuple):
    """By the number of points, from 1."""

    expected: Floats
    low: Floats
    high: Floats


def values_of(arm: SweptArm, asked: SweptSpace, *, diverged: float | None = None) -> Floats | None:
    """What each point came to, one that diverged as ``diverged``, or as the worst that was seen: (points,). None: fewer
    than two have a value."""
    complete = [point.mean for point in arm.complete if point.mean is not None]
    if len(complete) < 2:
        return None
    worst = diverged if diverged is not None else min(complete) if asked.sign > 0 else max(complete)
    return np.array(
        [
            point.mean if point.outcome is Outcome.COMPLETE else worst
            for point in arm.points
            if point.outcome in (Outcome.COMPLETE, Outcome.DIVERGED)
        ],
        np.float64,
    )


def diverged_as(arms: Sequence[SweptArm], asked: SweptSpace) -> float | None:
    """What a point that diverged counts as in expectations: right about nothing, or, where the metric is no fraction,
    the worst that any arm came to. The worst of its own arm would flatter one that either is good or breaks."""
    if asked.metric.is_fraction:
        return 0.0
    means = [asked.sign * point.mean for arm in arms for point in arm.complete if point.mean is not None]
    return asked.sign * min(means) if means else None


def expected_best(values: Floats, asked: SweptSpace, rng: np.random.Generator) -> ExpectedBest:
    """For every budget from one point to all."""
    drawn = _resampled(values, asked.sign, rng.integers(len(values), size=(RESAMPLES, len(values))))
    tail = (1 - asked.confidence) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail], axis=0)
    return ExpectedBest(_expected(np.sort(asked.sign * values)) * asked.sign, low, high)


def difference_band(
    first: Floats, second: Floats, asked: SweptSpace, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """A pointwise band for how much better the first arm's expected best is than the second's, by budget. Where both
    have the same points these are drawn together."""
    count = min(len(first), len(second))
    drawn = rng.integers(count, size=(RESAMPLES, count))
    difference = asked.sign * (
        _resampled(first[:count], asked.sign, drawn) - _resampled(second[:count], asked.sign, drawn)
    )
    tail = (1 - asked.confidence) / 2
    low, high = np.quantile(difference, [tail, 1 - tail], axis=0)
    return low, high


def _resampled(values: Floats, sign: int, drawn: Sequence[Sequence[int]] | np.ndarray) -> Floats:
    """The expected best of each resample: (resamples, budgets)."""
    found: Floats = _expected(np.sort(sign * values[np.asarray(drawn)], axis=1)) * sign
    return found


def _expected(ascending: Floats) -> Floats:
    """Of values that ascend along the last axis, of which more is better: for each budget."""
    count = ascending.shape[-1]
    below = np.arange(count + 1) / count
    powers = below[:, None] ** np.arange(1, count + 1)
    found: Floats = ascending @ np.diff(powers, axis=0)
    return found
