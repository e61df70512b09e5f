"""How wide the range is within which a parameter is nearly as good as at its best."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats

from normlab.analysis.intervals import Interval
from normlab.analysis.sweeps.points import Outcome, SweptArm, SweptPoint, SweptSpace
from normlab.spec.sweeps import Choices, LogRange, Strategy

MIN_SEEDS = 3
"""With fewer the jackknife has nothing to say."""


class Tolerance(NamedTuple):
    """A range around the best point."""

    low: float
    high: float
    width: float
    """In decades where the parameter's range is logarithmic."""
    in_decades: bool
    censored: tuple[str, ...]
    interval: Interval | None
    largest_stable: float
    smallest_diverged: float | None


class _Line(NamedTuple):
    """Points along one parameter, in order of its values."""

    points: Sequence[SweptPoint]
    places: Sequence[float]
    """Their values, or the logarithms of these."""
    best: int


def tolerance(pointer: str, best: SweptPoint, arm: SweptArm, asked: SweptSpace) -> Tolerance | None:
    """Of a parameter, the other ones as at the best point; None if fewer than three values were tried there.

    The range ends where the straight line between the means of two neighbours crosses best ∓ delta, and at the last
    good point before one that diverged. Its interval is the jackknife's over seeds (Tukey 1958; Efron 1982, The
    jackknife, the bootstrap and other resampling plans, chapter 3), with Student's t.
    """
    drawn = asked.space[pointer]
    if isinstance(drawn, Choices) or (len(asked.space) > 1 and asked.strategy is not Strategy.GRID):
        return None
    others = [other for other in asked.space if other != pointer]
    along = [
        point
        for point in arm.points
        if point.outcome in (Outcome.COMPLETE, Outcome.DIVERGED)
        and all(point.values[other] == best.values[other] for other in others)
    ]
    along.sort(key=lambda point: point.values[pointer])
    if len({point.values[pointer] for point in along}) < 3:
        return None
    in_decades = isinstance(drawn, LogRange)
    places = [
        math.log10(point.values[pointer]) if in_decades else float(point.values[pointer]) for point in along
    ]
    line = _Line(along, places, along.index(best))
    means = [point.mean if point.outcome is Outcome.COMPLETE else None for point in along]
    low, high, ends = _range(line, means, asked)
    diverged = [
        point.values[pointer]
        for point in along
        if point.outcome is Outcome.DIVERGED and point.values[pointer] > best.values[pointer]
    ]
    first = min(diverged, default=None)
    stable = [
        point.values[pointer]
        for point in along
        if point.outcome is Outcome.COMPLETE and (first is None or point.values[pointer] < first)
    ]
    return Tolerance(
        low=10**low if in_decades else low,
        high=10**high if in_decades else high,
        width=high - low,
        in_decades=in_decades,
        censored=ends,
        interval=_jackknife(line, high - low, asked),
        largest_stable=max(stable),
        smallest_diverged=first,
    )


def _range(
    line: _Line, means: Sequence[float | None], asked: SweptSpace
) -> tuple[float, float, tuple[str, ...]]:
    """The ends of the range, and at which of them nothing further was tried."""
    best = means[line.best]
    assert best is not None  # noqa: S101 - the best point is complete
    threshold = best - asked.sign * asked.delta
    low, low_open = _end(line, means, threshold, -1, asked.sign)
    high, high_open = _end(line, means, threshold, 1, asked.sign)
    return low, high, (("low",) * low_open + ("high",) * high_open)


def _end(
    line: _Line, means: Sequence[float | None], threshold: float, step: int, sign: int
) -> tuple[float, bool]:
    at = line.best
    while 0 <= at + step < len(means):
        here, there = means[at], means[at + step]
        if there is None:
            return line.places[at], False
        if sign * there < sign * threshold:
            if here is None or here == there:
                return line.places[at], False
            part = (here - threshold) / (here - there)
            return line.places[at] + part * (line.places[at + step] - line.places[at]), False
        at += step
    return line.places[at], True


def _jackknife(line: _Line, width: float, asked: SweptSpace) -> Interval | None:
    """Of the width, each seed left out in turn; the best point is looked for anew each time."""
    seeds = len(line.points[line.best].runs)
    if seeds < MIN_SEEDS:
        return None
    widths = []
    for left_out in range(seeds):
        means = [
            float(np.delete(point.measured, left_out).mean()) if point.outcome is Outcome.COMPLETE else None
            for point in line.points
        ]
        known = [index for index, mean in enumerate(means) if mean is not None]
        best = max(known, key=lambda index: asked.sign * (means[index] or 0.0))
        low, high, _ = _range(line._replace(best=best), means, asked)
        widths.append(high - low)
    error = math.sqrt((seeds - 1) / seeds * float(np.sum((np.array(widths) - np.mean(widths)) ** 2)))
    half = float(stats.t.ppf((1 + asked.confidence) / 2, seeds - 1)) * error
    return Interval(max(0.0, width - half), width + half)
