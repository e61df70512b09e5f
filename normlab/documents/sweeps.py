"""Sweeps: points of a space, each trained with several seeds, and what follows from it."""

from datetime import datetime
from typing import Any

from pydantic import Field

from normlab.documents.base import Document, Fraction
from normlab.documents.states import FailureCode, JobState, StudyState, StudyStopReason
from normlab.documents.statistics import Basis, IntervalDocument, Number
from normlab.spec.metrics import Metric
from normlab.spec.open_enum import Open
from normlab.spec.sweeps import Range, Strategy, SweepBudget


class PointJob(Document):
    """The job that trains a point with one seed."""

    job: str
    seed: int
    state: Open[JobState]
    reused: bool = Field(description="Whether the job existed before, and was not made for this sweep.")
    value: Number = Field(description="The metric, once the job has succeeded.")
    error: Open[FailureCode] | None
    diverged_at: int | None = Field(
        description="The epoch in which the loss stopped being a number; null if it did not."
    )


class PointDocument(Document):
    """A point of the space, trained with every seed."""

    number: int = Field(description="Counted from 0 in the order in which the arm's points were made.")
    values: dict[str, Any] = Field(description="By JSON pointer into the spec.")
    epochs: int | None = Field(
        default=None, description="Of successive halving: how long it was trained; null: as the spec says."
    )
    outcome: str = Field(
        description="`running`, `complete` (every seed has a value), `diverged` (at least one seed did), or "
        "`incomplete` (a job failed otherwise or was cancelled)."
    )
    mean: Number = Field(description="Of the seeds that have a value.")
    standard_deviation: Number = Field(description="Over seeds, with n - 1 in the denominator; null for one.")
    interval: IntervalDocument = Field(description="Student's interval for the mean over seeds.")
    jobs: tuple[PointJob, ...]


class BestDocument(Document):
    """The best point of an arm. Points with a seed that diverged, or without a value of every seed, are left out."""

    number: int
    values: dict[str, Any]
    mean: Number
    standard_deviation: Number
    interval: IntervalDocument = Field(
        description="Student's, over its seeds. It is the best of many, so its mean flatters it: fresh seeds will show "
        "less, on average."
    )
    basis: Basis = None
    like_it: tuple[int, ...] = Field(
        description="The numbers of other points that cannot be told from it: the best of the space is among these and "
        "it with the stated confidence (paired t tests over seeds, Bonferroni)."
    )
    censored: dict[str, str] = Field(
        description="Parameters whose best value is the `low` or `high` end of all that was tried: the optimum may lie "
        "beyond it."
    )
    sentence: str


class ToleranceDocument(Document):
    """How wide the range of a parameter is within which the metric is nearly as good as at its best, the other
    parameters as they are there."""

    delta: float = Field(description="What counts as nearly, in the metric's units.")
    low: float
    high: float = Field(
        description="Ends of the range; between two points of the grid, where the straight line between them crosses."
    )
    width: float = Field(
        description="In decades (log10 of high over low) of a logarithmic range, else high - low."
    )
    unit: str = Field(description="`decades`, or `` for the parameter's own.")
    interval: IntervalDocument | None = Field(
        description="Of the width, by the jackknife over seeds; null with fewer than three seeds."
    )
    basis: Basis = None
    censored: tuple[str, ...] = Field(description="The ends (`low`, `high`) at which the tried range ends.")
    largest_stable: float = Field(description="The largest value at which no seed diverged.")
    smallest_diverged: float | None = Field(
        description="The smallest above it at which a seed did; null: none was seen."
    )
    sentence: str


class DivergedDocument(Document):
    """A run whose loss stopped being a number."""

    point: int
    values: dict[str, Any]
    seed: int
    job: str
    epoch: int


class ExpectedBestDocument(Document):
    """How good the best of n points would have been, had the arm had a budget of n points."""

    points: tuple[int, ...]
    expected: tuple[Number, ...]
    low: tuple[Number, ...] = Field(description="Ends of a pointwise band, by a bootstrap of the points.")
    high: tuple[Number, ...]
    seconds: tuple[Number, ...] = Field(description="What so many points cost on average, all seeds.")
    confidence: float
    source: str


class BestSoFarDocument(Document):
    """The best mean after each point, in the order in which they were made."""

    points: tuple[int, ...]
    best: tuple[Number, ...]


class ImportanceDocument(Document):
    """What part of the differences between points each parameter accounts for by itself."""

    evaluator: str = Field(description="How it was worked out; other evaluators rank otherwise.")
    values: dict[str, Number] = Field(description="By parameter, from 0 to 1.")
    points: int
    sentence: str


class ArmSweepResult(Document):
    """What the points of one arm say."""

    best: BestDocument | None = Field(description="Null while no point is complete.")
    tolerance: dict[str, ToleranceDocument] = Field(
        description="By parameter that is a number; empty unless values were tried on a line through the best point."
    )
    diverged: tuple[DivergedDocument, ...]
    expected_best: ExpectedBestDocument | None = Field(
        description="Of `grid` and `random`; null where later points depend on earlier ones."
    )
    best_so_far: BestSoFarDocument
    importance: ImportanceDocument | None = Field(description="Null with one parameter, or too few points.")


class AheadDocument(Document):
    """Which arm's expected best is ahead, by budget."""

    points: int
    arm: str | None = Field(description="Null where the bands of the two best arms overlap.")
    leading: str = Field(description="The arm with the better expectation, told apart or not.")


class SweepResult(Document):
    """What is known so far."""

    final: bool = Field(description="Whether nothing will be added.")
    arms: dict[str, ArmSweepResult]
    ahead: tuple[AheadDocument, ...] = Field(description="Empty with one arm.")
    sentences: tuple[str, ...] = Field(description="The answer in words.")
    caveats: tuple[str, ...]


class WidenedDocument(Document):
    """The space was widened, since the best point of an arm lay at its edge."""

    parameter: str
    side: str
    low: float
    high: float
    arm: str = Field(description="Whose best point it was; all arms got the new points.")


class SweepArmDocument(Document):
    """A network that is swept."""

    name: str
    spec: dict[str, Any] = Field(description="With every default written out, and without a seed.")
    arm_digest: str
    points: tuple[PointDocument, ...]


class SweepProgress(Document):
    """How much of it is there, and how much is missing."""

    points: int = Field(description="All jobs of which have ended, all arms together.")
    points_planned: int | None = Field(description="As far as is known; null with a budget in seconds.")
    jobs: dict[Open[JobState], int] = Field(description="How many jobs are in which state.")
    seconds: float = Field(description="Of all jobs that have ended, added up.")
    fraction: Fraction = Field(description="The part of the plan that is done.")


class SweepLinks(Document):
    """Where everything else about a sweep is."""

    self: str
    events: str
    cancel: str
    charts: dict[str, str] = Field(description="Vega-Lite, PNG or SVG, by name.")


class SweepSummary(Document):
    """A sweep in a list."""

    id: str
    name: str | None
    state: Open[StudyState]
    stop_reason: Open[StudyStopReason] | None
    created_at: datetime
    finished_at: datetime | None
    metric: Open[Metric]
    confidence: float
    delta: float
    strategy: Open[Strategy]
    space: dict[str, Range] = Field(description="As it was asked for, by JSON pointer.")
    budget: SweepBudget | None = Field(description="All arms together; null: all points of the grid.")
    seeds: int = Field(description="With so many each point is trained.")
    base_seed: int
    seed: int = Field(description="Of the strategy's draws.")
    widen: int = Field(description="How often an end of a range may be widened.")
    fresh: bool
    arm_names: tuple[str, ...]
    sentences: tuple[str, ...] | None = Field(description="The answer in words; null until it has ended.")
    links: SweepLinks


class SweepDocument(SweepSummary):
    """A sweep with all that is known so far."""

    arms: tuple[SweepArmDocument, ...]
    widened: tuple[WidenedDocument, ...]
    progress: SweepProgress
    result: SweepResult | None = Field(description="Null until a point has ended.")
    error: str | None = Field(description="Why there is no result although points have ended.")


class ValidatedSweep(Document):
    """What a request would run, without running it."""

    arms: tuple[str, ...]
    points: int | None = Field(description="Of each arm; null with a budget in seconds only.")
    jobs: int | None
    first: tuple[dict[str, Any], ...] = Field(description="The first points of each arm.")


class SweepList(Document):
    """A page of sweeps, newest first."""

    data: tuple[SweepSummary, ...]
    has_more: bool
    next: str | None = Field(description="The `cursor` of the next page; null on the last one.")
