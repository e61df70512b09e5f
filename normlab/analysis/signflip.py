"""The exact test of paired data: if the arms are alike, each difference could as well have had the other
sign."""

import math

import numpy as np
from scipy import stats

from normlab.analysis.validation import ROUNDING, Floats

RESAMPLES = 9_999


def sign_flip_p_value(differences: Floats, rng: np.random.Generator) -> float:
    """Two-sided p value of the mean difference among all 2ⁿ ways of giving the differences their signs.

    Up to 13 pairs all ways are counted; above, 9,999 are drawn with ``rng``. It supposes nothing but that,
    without an effect, a difference is as likely as its opposite. The differences are of values whose unit is
    about 1; sums that agree to their rounding error are ties. Source: Fisher (1935), The design of
    experiments, §21; by ``scipy.stats.permutation_test``.
    """
    largest = float(np.max(np.abs(differences)))
    if len(differences) < 2 or largest <= ROUNDING:
        return 1.0
    # Sums are compared in whole units of this size: far below any difference, far above their rounding
    # errors.
    unit = max(1e-10 * largest, ROUNDING)
    test = stats.permutation_test(
        (differences,),
        lambda x, axis: np.round(np.abs(np.sum(x / unit, axis=axis))),
        permutation_type="samples",
        alternative="greater",
        n_resamples=RESAMPLES,
        vectorized=True,
        rng=rng,
    )
    return float(min(1.0, test.pvalue))


def smallest_p_value(pairs: int) -> float:
    """The smallest p value that so many pairs can give: all differences have the same sign."""
    return min(1.0, 2.0 ** (1 - pairs))


def pairs_to_reach(alpha: float) -> int:
    """How many pairs the test needs before it can give a p value of ``alpha`` or less."""
    return math.ceil(1 - math.log2(alpha) - 1e-9)
