"""How much each parameter matters by itself.

The part of the variance between points that lies between groups of equal values of a parameter, corrected for the part
that chance alone would give (epsilon squared; Kelley 1935, An unbiased correlation ratio measure, PNAS 21):

    ε² = 1 - (N - 1) SS_within / ((N - g) SS_total)

with N points in g groups. It sees what a parameter does on average over the others, not what it does together with
them. Named in each answer, since evaluators disagree: Optuna 5's default (PED-ANOVA) asks what marks the best tenth,
and ranks a parameter that decides between success and failure last.
"""

import math
from collections.abc import Mapping

import numpy as np

from normlab.analysis.sweeps.points import Outcome, SweptArm, SweptSpace
from normlab.analysis.validation import Floats
from normlab.spec.sweeps import Choices, LogRange

EVALUATOR = "epsilon squared: variance between groups of equal values (first order), corrected for chance"
MIN_POINTS = 8
MOST_GROUPS = 5
"""Of a parameter with many values: groups of as many points each."""


def importance(arm: SweptArm, values: Floats, asked: SweptSpace) -> Mapping[str, float] | None:
    """By parameter, from 0 to 1; None with too few points, or where all came to the same.

    Args:
        arm: The points.
        values: What each that has ended came to, as ``expected.values_of`` gives it.
        asked: The space and what is better.
    """
    points = [point for point in arm.points if point.outcome in (Outcome.COMPLETE, Outcome.DIVERGED)]
    total = float(np.sum((values - values.mean()) ** 2))
    if len(asked.space) < 2 or len(points) < MIN_POINTS or total == 0:
        return None
    found = {}
    for pointer, drawn in asked.space.items():
        given = [point.values[pointer] for point in points]
        if isinstance(drawn, Choices):
            groups = np.array([list(map(repr, drawn.choices)).index(repr(value)) for value in given])
        else:
            numbers = np.log10(given) if isinstance(drawn, LogRange) else np.array(given, np.float64)
            groups = _grouped(numbers)
        found[pointer] = _epsilon_squared(values, groups, total)
    return found


def _grouped(numbers: Floats) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """The number of each value's group."""
    different, groups = np.unique(numbers, return_inverse=True)
    most = min(MOST_GROUPS, max(2, math.isqrt(len(numbers))))
    if len(different) <= len(numbers) // 2:
        return groups
    order = np.argsort(np.argsort(numbers, kind="stable"), kind="stable")
    return order * most // len(numbers)


def _epsilon_squared(
    values: Floats, groups: "np.ndarray[tuple[int], np.dtype[np.int64]]", total: float
) -> float:
    kinds = np.unique(groups)
    count = len(values)
    if len(kinds) < 2 or count <= len(kinds):
        return 0.0
    within = sum(
        float(np.sum((values[groups == kind] - values[groups == kind].mean()) ** 2)) for kind in kinds
    )
    return max(0.0, 1 - (count - 1) * within / ((count - len(kinds)) * total))
