"""The best point, its uncertainty, and which points cannot be told from it."""

import math
from collections.abc import Sequence

import numpy as np
from scipy import stats

from normlab.analysis.sweeps.points import Outcome, SweptArm, SweptPoint, SweptSpace
from normlab.analysis.validation import ROUNDING
from normlab.spec.sweeps import Choices


def best_of(points: Sequence[SweptPoint], asked: SweptSpace) -> SweptPoint | None:
    """The complete point with the best mean; of equal ones the first."""
    known = [(point.mean, point) for point in points if point.mean is not None]
    return max(known, key=lambda entry: (asked.sign * entry[0], -entry[1].number))[1] if known else None


def like_the_best(best: SweptPoint, points: Sequence[SweptPoint], asked: SweptSpace) -> tuple[int, ...]:
    """The numbers of the points that cannot be told from the best, those that are compared being all complete.

    A point is told from it if a one-sided paired t test over their common seeds says so at (1 - confidence) / (k - 1)
    with k points. Then the point that is truly best is in the set (with the best that was seen) with the confidence:
    it is lost only if it tests worse than the one that was seen best, one of k - 1 tests each of which errs so seldom,
    whichever that is. Subset selection, after Gupta (1965), On some multiple decision rules, Technometrics 7; the
    bound is Bonferroni's. With one seed nothing can be told.
    """
    others = [point for point in points if point is not best]
    level = (1 - asked.confidence) / max(len(others), 1)
    return tuple(point.number for point in others if _p_value(best, point, asked.sign) > level)


def _p_value(best: SweptPoint, other: SweptPoint, sign: int) -> float:
    """One-sided, that the other is as good or better; equal differences have no spread."""
    differences = sign * (best.measured - other.measured)
    count, mean = len(differences), float(differences.mean())
    if count < 2 or mean <= 0:
        return 1.0
    deviation = float(np.std(differences, ddof=1))
    if deviation <= ROUNDING * max(abs(float(best.measured.mean())), mean):
        return 0.0
    return float(stats.t.sf(mean / deviation * math.sqrt(count), count - 1))


def censored(best: SweptPoint, arm: SweptArm, asked: SweptSpace) -> dict[str, str]:
    """The parameters for which nothing beyond the best point's value was tried on one side: its optimum may lie there.

    A value at which training diverged was tried: such an edge is the network's, not the space's. One whose jobs were
    lost or cancelled was not. ``arm`` has all rungs of successive halving: what was given up early was tried as well.
    """
    found = {}
    for pointer, drawn in asked.space.items():
        if isinstance(drawn, Choices):
            continue
        tried = [
            point.values[pointer]
            for point in arm.points
            if point.outcome in (Outcome.COMPLETE, Outcome.DIVERGED)
        ]
        at = best.values[pointer]
        if min(tried) == max(tried):
            continue
        if at == max(tried):
            found[pointer] = "high"
        elif at == min(tried):
            found[pointer] = "low"
    return found
