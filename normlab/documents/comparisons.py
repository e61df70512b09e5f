"""Comparisons: arms that are trained with the same seeds, and what follows from it."""

from datetime import datetime
from typing import Any

from pydantic import Field

from normlab.documents.base import Document, Fraction
from normlab.documents.states import FailureCode, JobState, StudyState, StudyStopReason
from normlab.documents.statistics import (
    ArmCostDocument,
    ArmStatisticsDocument,
    ClocksDocument,
    MethodDocument,
    PairReportDocument,
)
from normlab.spec.metrics import Metric
from normlab.spec.open_enum import Open
from normlab.spec.replicates import Replicates


class VerdictDocument(Document):
    """The verdict on two arms."""

    a: str
    b: str
    verdict: str = Field(description="`a_better`, `b_better`, `equivalent` or `inconclusive`.")
    sentence: str = Field(description="The verdict with its numbers, in one sentence.")


class ArmJob(Document):
    """The job that trains an arm with one seed."""

    job: str
    seed: int
    state: Open[JobState]
    reused: bool = Field(description="Whether the job existed before, and was not made for this comparison.")
    value: float | None = Field(description="The metric, once the job has succeeded.")
    error: Open[FailureCode] | None


class ArmDocument(Document):
    """One side of a comparison."""

    name: str
    spec: dict[str, Any] = Field(description="With every default written out, and without a seed.")
    arm_digest: str = Field(description="The same for every job of this arm, whatever its seed.")
    base_seed: int | None = Field(description="The arm's first seed, if it has seeds of its own.")
    jobs: tuple[ArmJob, ...] = Field(description="One job for each seed so far.")


class DifferenceDocument(Document):
    """A field in which specs differ."""

    field: str
    values: dict[str, Any] = Field(description="By the arm's name, or by the job's id.")


class ComparisonProgress(Document):
    """How much of it is there, and how much is missing."""

    pairs: int = Field(description="Seeds for which every arm has a job that succeeded.")
    pairs_left_out: int = Field(description="Seeds with a job that failed or was cancelled.")
    pairs_running: int = Field(description="Seeds with unfinished jobs.")
    pairs_planned: int = Field(description="The largest number of pairs that the plan allows.")
    next_look: int | None = Field(
        description="The number of pairs at which the plan looks next; null without such a plan."
    )
    jobs: dict[Open[JobState], int] = Field(description="How many jobs are in which state.")
    fraction: Fraction = Field(description="The part of the jobs so far that have ended.")


class SetupDocument(Document):
    """What was trained, on what, and where, in words."""

    dataset: str | None = Field(description="Its title; null if there is more than one.")
    common: dict[str, str] = Field(description="What is the same everywhere, by field.")
    by_arm: dict[str, dict[str, str]] = Field(
        description="What differs, by field and the arm's name, or the job's id."
    )


class ComparisonResult(Document):
    """What the pairs that are complete say."""

    final: bool = Field(description="Whether nothing will be added.")
    headline: str | None = Field(
        default=None, description="The comparison in one sentence; null if it ended in a version without."
    )
    setup: SetupDocument | None = Field(
        default=None, description="What was trained; null if the comparison ended in a version without."
    )
    seeds: tuple[int | None, ...] = Field(
        description="The seeds of the pairs; where an arm has seeds of its own, those of an arm that has none."
    )
    arms: dict[str, ArmStatisticsDocument]
    pairs: tuple[PairReportDocument, ...] = Field(description="Each two of the arms.")
    clocks: ClocksDocument | None = Field(
        description="At equal epochs, at equal training seconds, and time to the target accuracy; null for metrics "
        "that are not measured after each epoch."
    )
    method: MethodDocument | None = Field(
        default=None, description="How the verdicts were reached; null in results of earlier versions."
    )
    clock: str = Field(
        default="wall",
        description="Whose seconds `costs` are: `wall`, `processor` (seconds of processor time, where the machine was "
        "too busy for the wall clock), or `none`.",
    )
    costs: dict[str, ArmCostDocument] = Field(
        description="By arm, training seconds and accuracy; empty unless the metric is an accuracy, and there are "
        "seconds that can be compared."
    )
    pareto_front: tuple[str, ...] | None = Field(
        description="The arms for which no other arm is both better and cheaper; null unless it is decided of each two "
        "arms which is more accurate, and which needs more time."
    )
    differences: tuple[DifferenceDocument, ...] = Field(description="What differs between the arms' specs.")
    arms_that_guess: tuple[str, ...] = Field(
        default=(), description="The arms of which no run's accuracy can be told from guessing."
    )
    caveats: tuple[str, ...] = Field(description="What to know before drawing a conclusion.")


class ComparisonLinks(Document):
    """Where everything else about a comparison is."""

    self: str
    events: str
    cancel: str
    report: str
    bundle: str
    charts: dict[str, str] = Field(
        description="Vega-Lite, PNG or SVG, by name: those that the result can be drawn as; in a list and before there "
        "is a result, those that every comparison has with its first pair."
    )


class ComparisonSummary(Document):
    """A comparison in a list."""

    id: str
    name: str | None
    state: Open[StudyState]
    stop_reason: Open[StudyStopReason] | None = Field(description="Why no more pairs are run.")
    created_at: datetime
    finished_at: datetime | None
    metric: Open[Metric]
    confidence: float
    equivalence_margin: float = Field(
        description="A smaller difference does not matter; in the metric's units."
    )
    target_accuracy: float | None
    replicates: Replicates
    base_seed: int
    fresh: bool
    arm_names: tuple[str, ...]
    verdicts: tuple[VerdictDocument, ...] | None = Field(description="Null until the comparison has ended.")
    links: ComparisonLinks


class ComparisonDocument(ComparisonSummary):
    """A comparison with all that is known so far."""

    arms: tuple[ArmDocument, ...]
    progress: ComparisonProgress
    result: ComparisonResult | None = Field(description="Null until a pair is complete.")
    left_out: tuple[str, ...] = Field(description="A sentence for each seed that does not count, and why.")
    error: str | None = Field(description="Why there is no result although pairs are complete.")


class ArmSize(Document):
    """An arm that would be accepted."""

    name: str
    spec: dict[str, Any]
    arm_digest: str
    parameters: int


class ValidatedComparison(Document):
    """What a request would run, without running it."""

    arms: tuple[ArmSize, ...]
    replicates: Replicates
    jobs: int = Field(description="How many jobs are made at first, if none can be used again.")
    max_jobs: int
    differences: tuple[DifferenceDocument, ...] = Field(description="What differs between the arms' specs.")


class ComparisonList(Document):
    """A page of comparisons, newest first."""

    data: tuple[ComparisonSummary, ...]
    has_more: bool
    next: str | None = Field(description="The `cursor` of the next page; null on the last one.")
