"""Widening a grid: while the best point of an arm lies at an end that the space has, that end moves outwards.

A decade of a logarithmic range, half the width of another, on the same grid, for all arms; at most ``widen`` times at
each end, as far as the budget of jobs and the limits of specs allow.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from normlab.errors import SpecError
from normlab.spec import JobSpec, Limits
from normlab.spec.sweeps import Choices, Strategy, Value, grid_points
from normlab.sweeps.parse import point_spec
from normlab.sweeps.planning import PlannedPoint
from normlab.sweeps.runs import SweptRuns


@dataclass(frozen=True)
class Widening:
    """An end that moves, and the points that this adds."""

    change: Mapping[str, Any]
    points: Sequence[PlannedPoint]


def next_widening(runs: SweptRuns, limits: Limits) -> Widening | None:
    """The first end that is to be moved, by arm and parameter; None: none is, or it may not."""
    from normlab.analysis.sweeps.best import best_of, censored  # noqa: PLC0415 - scipy

    question = runs.question
    if question.strategy is not Strategy.GRID or not question.widen:
        return None
    for arm in runs.arms:
        best = best_of(arm.complete, runs.asked)
        if best is None:
            continue
        for pointer, side in censored(best, arm, runs.asked).items():
            times = sum((each["parameter"], each["side"]) == (pointer, side) for each in runs.sweep.widened)
            if times < question.widen and (found := _widening(runs, pointer, side, arm.name, limits)):
                return found
    return None


def _widening(runs: SweptRuns, pointer: str, side: str, arm: str, limits: Limits) -> Widening | None:
    drawn = runs.question.space[pointer]
    if isinstance(drawn, Choices):
        return None
    try:
        wider = drawn.widened(side)
    except ValueError:
        return None
    space = {**runs.question.space, pointer: wider}
    tried = {_key(runs.values_of(point)) for point in runs.points}
    new = [values for values in grid_points(space) if _key(values) not in tried]
    specs = runs.specs()
    if not _fits(runs, len(new) * len(specs), limits) or not _can_be_trained(specs, new, limits):
        return None
    first = 1 + max(point.number for point in runs.points)
    low, high = wider.ends
    return Widening(
        {"parameter": pointer, "side": side, "low": low, "high": high, "arm": arm},
        [
            PlannedPoint(position, first + index, values)
            for index, values in enumerate(new)
            for position in range(len(specs))
        ],
    )


def _fits(runs: SweptRuns, points: int, limits: Limits) -> bool:
    budget = runs.question.budget
    most = limits.sweep_jobs if budget is None or budget.jobs is None else budget.jobs
    if len(runs.members) + points * runs.sweep.seeds > most:
        return False
    return budget is None or budget.seconds is None or runs.seconds < budget.seconds


def _can_be_trained(specs: Sequence[JobSpec], points: Sequence[Mapping[str, Value]], limits: Limits) -> bool:
    """Whether the limits of specs allow it; values further out may be none that a spec can have."""
    try:
        for spec in specs:
            for values in points:
                point_spec(spec, values, limits)
    except SpecError:
        return False
    return True


def _key(values: Mapping[str, Value]) -> str:
    return repr(list(values.values()))
