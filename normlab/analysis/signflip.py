"""The exact test of paired data: if the arms are alike, each difference could as well have had the other
sign."""

import math

import numpy as np
from numpy.typing import NDArray

from normlab.analysis.validation import ROUNDING, Floats

RESAMPLES = 9_999

_ROUNDING_OF_SUMS = 100 * float(np.finfo(np.float64).eps)
"""Sums that agree to this part of them are ties."""


def sign_flip_p_value(differences: Floats, rng: np.random.Generator) -> float:
    """Two-sided p value of the mean difference among all 2ⁿ ways of giving the differences their signs.

    Up to 13 pairs all ways are counted; above, 9,999 are drawn with ``rng``, and the observed one counts with them. It
    supposes nothing but that, without an effect, a difference is as likely as its opposite. The differences are of
    values whose unit is about 1; sums that agree to their rounding error are ties. Source: Fisher (1935), The design of
    experiments, §21. It is what ``scipy.stats.permutation_test`` gives, to the last digit and with the same draws; that
    draws an order of two numbers for each sign, which takes ten times as long.
    """
    largest = float(np.max(np.abs(differences)))
    n = len(differences)
    if n < 2 or largest <= ROUNDING:
        return 1.0
    # Sums are compared in whole units of this size: far below any difference, far above their rounding
    # errors.
    sizes = differences / max(1e-10 * largest, ROUNDING)
    drawn = 2**n > RESAMPLES
    keeps_sign = rng.integers(2**32, size=(RESAMPLES, n), dtype=np.uint32) & 1 if drawn else _all_signs(n)
    sums = np.where(keeps_sign.T, sizes[:, None], -sizes[:, None]).sum(axis=0)  # (ways,)
    observed = np.round(np.abs(sizes.sum()))
    as_extreme = np.round(np.abs(sums)) >= observed - abs(_ROUNDING_OF_SUMS * observed)
    return float(min(1.0, (np.count_nonzero(as_extreme) + drawn) / (len(sums) + drawn)))


def _all_signs(n: int) -> NDArray[np.int64]:
    """All ways of keeping (1) or turning (0) n signs, shape (2ⁿ, n)."""
    return np.arange(2**n)[:, None] >> np.arange(n) & 1


def smallest_p_value(pairs: int) -> float:
    """The smallest p value that so many pairs can give: all differences have the same sign."""
    return min(1.0, 2.0 ** (1 - pairs))


def pairs_to_reach(alpha: float) -> int:
    """How many pairs the test needs before it can give a p value of ``alpha`` or less."""
    return math.ceil(1 - math.log2(alpha) - 1e-9)
