"""About how many pairs would decide a comparison."""

import math

from scipy import stats

POWER = 0.8
"""The chance with which the number of pairs that is told would give a verdict, if the effect is as it looks
now."""

MAX_PAIRS = 1_000
"""More pairs than that are not asked for: the arms are then as good as the same."""


def pairs_for_difference(effect_size: float, alpha: float) -> float:
    """Pairs for a paired two-sided t test at ``alpha`` to find a standardised difference with a chance of 80
    %.

    Source: Guenther (1981), Sample size formulas for normal theory t tests, The American Statistician 35.
    """
    if effect_size == 0:
        return math.inf
    z = float(stats.norm.isf(alpha / 2))
    ratio = (z + float(stats.norm.isf(1 - POWER))) / effect_size
    return ratio * ratio + z * z / 2  # products, since a power of a float raises where these become infinite


def pairs_for_equivalence(difference: float, sd: float, margin: float, alpha: float) -> float:
    """Pairs for the interval at ``1 - alpha`` to lie inside ``±margin`` with a chance of 80 %, infinite when
    the difference is not inside.

    Source: Chow, Shao & Wang (2008), Sample size calculations in clinical research, §3.1.3.
    """
    room = margin - abs(difference)
    if room <= 0:
        return math.inf
    z = float(stats.norm.isf(alpha / 2))
    ratio = (z + float(stats.norm.isf((1 - POWER) / 2))) * sd / room
    return ratio * ratio + z * z / 2


def further_pairs(wanted: float, have: int, least: int) -> int | None:
    """How many pairs to add to those there are, at least one and to no fewer than ``least`` in all; None
    when the number wanted is beyond what is reasonable."""
    if not wanted <= MAX_PAIRS:
        return None
    return max(1, max(math.ceil(wanted), least) - have)
