"""What the analysis knows of a sweep: points, each with a run for every seed, in plain numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

import numpy as np

from normlab.analysis.intervals import Interval, spread, t_interval, unit_of
from normlab.analysis.validation import Floats
from normlab.spec.metrics import Metric
from normlab.spec.sweeps import Space, Strategy


class Outcome(StrEnum):
    """How a point has ended."""

    RUNNING = "running"
    COMPLETE = "complete"
    """Every seed has a value."""
    DIVERGED = "diverged"
    """The loss of at least one seed stopped being a number."""
    INCOMPLETE = "incomplete"
    """A job failed otherwise, or was cancelled."""


@dataclass(frozen=True)
class PointRun:
    """A point trained with one seed."""

    seed: int
    job: str
    value: float | None = None
    diverged_at: int | None = None
    """The epoch in which the loss stopped being a number."""
    ended: bool = True


@dataclass(frozen=True)
class SweptPoint:
    """A point of an arm."""

    number: int
    round: int
    values: Mapping[str, Any]
    """By pointer."""
    runs: Sequence[PointRun]
    """In the order of their seeds, which are those of every point."""
    seconds: float = 0.0
    """Of all its runs."""

    @cached_property
    def outcome(self) -> Outcome:
        """How it has ended."""
        if any(run.diverged_at is not None for run in self.runs):
            return Outcome.DIVERGED
        if any(not run.ended for run in self.runs):
            return Outcome.RUNNING
        return Outcome.COMPLETE if all(run.value is not None for run in self.runs) else Outcome.INCOMPLETE

    @cached_property
    def measured(self) -> Floats:
        """The values of the seeds that have one: (runs,)."""
        return np.array([run.value for run in self.runs if run.value is not None], np.float64)

    @property
    def mean(self) -> float | None:
        """Of the seeds that have a value."""
        return float(self.measured.mean()) if len(self.measured) else None

    @cached_property
    def standard_deviation(self) -> float | None:
        """Over seeds; None with fewer than two."""
        if len(self.measured) < 2:
            return None
        unit = unit_of(self.measured)
        return spread(self.measured / unit) * unit

    def interval(self, confidence: float, metric: Metric) -> Interval:
        """Student's interval for the mean, cut off where no mean can lie."""
        low, high = metric.bounds
        if self.standard_deviation is None or self.mean is None:
            return Interval(low, high)
        found = t_interval(self.mean, self.standard_deviation, len(self.measured), confidence)
        return found.within(low, high)


@dataclass(frozen=True)
class SweptArm:
    """An arm and its points in the order in which they were made."""

    name: str
    points: Sequence[SweptPoint]

    @cached_property
    def complete(self) -> list[SweptPoint]:
        """Those with a value of every seed."""
        return [point for point in self.points if point.outcome is Outcome.COMPLETE]


@dataclass(frozen=True)
class SweptSpace:
    """What was asked about the points."""

    space: Space
    strategy: Strategy
    metric: Metric
    confidence: float
    delta: float

    @property
    def sign(self) -> int:
        """1 where more of the metric is better, else -1."""
        return 1 if self.metric.higher_is_better else -1


def last_rung(arm: SweptArm) -> SweptArm:
    """Of successive halving the points that were trained longest, since the others were trained for less."""
    complete = [point.round for point in arm.complete]
    last = max(complete, default=0)
    return SweptArm(arm.name, [point for point in arm.points if point.round == last])
