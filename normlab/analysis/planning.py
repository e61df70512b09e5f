"""Between how many and how many pairs would decide a comparison."""

import math
from dataclasses import dataclass

import numpy as np
from scipy import special, stats
from scipy.optimize import brentq

POWER = 0.8
"""The chance with which a number of pairs would give a verdict, if the effect is as supposed."""

RANGE_CONFIDENCE = 0.8
"""How often the range of numbers of pairs is to hold the one that the true effect needs."""

MAX_PAIRS = 1_000
"""More pairs than that are not asked for: the arms are then as good as the same."""

_GRID = 33
"""How many effects between the ends of their interval are tried."""

_QUANTILES = 500
_FAR = 10.0
"""So many standard deviations away a normal distribution has nothing left."""


@dataclass(frozen=True)
class FurtherPairs:
    """How many pairs to add: few if the effect is as large as the pairs allow, many if it is as small."""

    least: int
    most: int | None
    """None: more than ``MAX_PAIRS``."""

    def in_all(self, pairs: int) -> str:
        """With the ``pairs`` that there are, in a sentence: ``between 9 and more than 1,000 pairs``."""
        least = pairs + self.least
        if self.most == self.least:
            return f"about {least:,} pairs"
        most = f"more than {MAX_PAIRS:,}" if self.most is None else f"{pairs + self.most:,}"
        return f"between {least:,} and {most} pairs"


def pairs_for_difference(effect_size: float, alpha: float) -> float:
    """Pairs for a paired two-sided t test at ``alpha`` to find a standardised difference with a chance of 80
    %.

    Source: Guenther (1981), Sample size formulas for normal theory t tests, The American Statistician 35.
    """
    if effect_size == 0:
        return math.inf
    z = _upper(alpha / 2)
    ratio = (z + _upper(1 - POWER)) / effect_size
    return ratio * ratio + z * z / 2  # products, since a power of a float raises where these become infinite


def pairs_for_equivalence(difference: float, sd: float, margin: float, alpha: float) -> float:
    """Pairs for the interval at ``1 - alpha`` to lie inside ``±margin`` with a chance of 80 %, infinite when
    the difference is not inside.

    Source: Chow, Shao & Wang (2008), Sample size calculations in clinical research, §3.1.3.
    """
    room = margin - abs(difference)
    if room <= 0:
        return math.inf
    z = _upper(alpha / 2)
    ratio = (z + _upper((1 - POWER) / 2)) * sd / room
    return ratio * ratio + z * z / 2


def _upper(tail: float) -> float:
    """The quantile of the standard normal distribution above which this share of it lies."""
    return -float(special.ndtri(tail))


def effect_interval(
    effect_size: float, pairs: int, confidence: float = RANGE_CONFIDENCE
) -> tuple[float, float]:
    """An interval for the standardised mean difference d_z, from the one that so many pairs (at least 2) show.

    The ends are those effects under which a t statistic as high, or as low, as the one seen has a chance of half the
    rest. Exact for normal differences. Source: Steiger & Fouladi (1997), Noncentrality interval estimation, in What
    if there were no significance tests?

    The noncentral t distribution is worked out as the mean of Φ(t s - δ) over the distribution of the standard
    deviation s, since ``scipy.stats.nct.cdf`` is NaN in places
    (SciPy 1.17.1: of -2.0124611797498106 with 4 degrees of freedom and noncentrality 14.062305898749056).
    """
    t, freedom, tail = effect_size * math.sqrt(pairs), pairs - 1, (1 - confidence) / 2
    quantiles = (np.arange(_QUANTILES) + 0.5) / _QUANTILES
    scaled = t * np.sqrt(stats.chi2.ppf(quantiles, freedom) / freedom)  # t s, shape (_QUANTILES,)
    low, high = float(scaled.min()) - _FAR, float(scaled.max()) + _FAR

    def solve(share: float) -> float:
        def excess(noncentrality: float) -> float:
            return float(np.mean(special.ndtr(scaled - noncentrality))) - share

        return float(brentq(excess, low, high, rtol=1e-9)) / math.sqrt(pairs)

    return solve(1 - tail), solve(tail)


def further_pairs(
    mean: float, sd: float, pairs: int, *, alpha: float, margin: float, least: int
) -> FurtherPairs | None:
    """How many pairs to add to those there are, at least one and to no fewer than ``least`` in all, for a verdict at
    ``alpha``; None when that takes more than ``MAX_PAIRS`` whatever the effect is.

    The range is that over the effects which the pairs allow (``effect_interval``), not over what other seeds would
    show: it says how little is known, not what will be.
    """
    low, high = effect_interval(mean / sd, pairs)

    def wanted(effect: float) -> float:
        return min(pairs_for_difference(effect, alpha), pairs_for_equivalence(effect * sd, sd, margin, alpha))

    effects = [*np.linspace(low, high, _GRID).tolist(), *([0.0] if low < 0 < high else [])]
    numbers = [wanted(effect) for effect in effects]
    fewest, most = min(numbers), max(numbers)
    if fewest > MAX_PAIRS:
        return None

    def added(number: float) -> int:
        return max(1, max(math.ceil(number), least) - pairs)

    return FurtherPairs(added(fewest), added(most) if most <= MAX_PAIRS else None)
