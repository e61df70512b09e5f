"""An interval for the ratio of two uncertain means."""

import math

import numpy as np
from scipy import stats

from normlab.analysis.intervals import Interval
from normlab.analysis.validation import Floats

SUPPOSES = "pairs that do not depend on each other, with both differences roughly normal together"


def fieller_interval(numerators: Floats, denominators: Floats, confidence: float) -> Interval | None:
    """Fieller's interval for mean(numerators) / mean(denominators) of paired values, both of shape (n,).

    A ratio r is inside where Student's test of the mean of ``numerators - r · denominators`` does not refuse zero, so

        r² (d̄² - t² s_dd/n) - 2r (n̄ d̄ - t² s_nd/n) + (n̄² - t² s_nn/n) ≤ 0.

    None where that holds of infinitely large ratios: the denominator cannot be told from zero. Exact for normal pairs.
    Source: Fieller (1954), Some problems in interval estimation, J. R. Statist. Soc. B 16.
    """
    n = len(numerators)
    if n < 2:
        return None
    # Each in its own unit, so that squares neither vanish nor overflow.
    units = [float(np.max(np.abs(values))) or 1.0 for values in (numerators, denominators)]
    x, y = numerators / units[0], denominators / units[1]
    (s_xx, s_xy), (_, s_yy) = (np.cov(x, y) / n).tolist()
    x_mean, y_mean = float(x.mean()), float(y.mean())
    t2 = float(stats.t.ppf((1 + confidence) / 2, n - 1)) ** 2
    square, half, rest = y_mean**2 - t2 * s_yy, x_mean * y_mean - t2 * s_xy, x_mean**2 - t2 * s_xx
    if square <= 0:
        return None
    root = math.sqrt(max(0.0, half * half - square * rest))
    factor = units[0] / units[1]
    return Interval((half - root) / square * factor, (half + root) / square * factor)
