"""What the API answers about comparisons."""

from datetime import datetime
from typing import Any

from pydantic import ConfigDict, Field, RootModel

from api.comparisons import examples
from api.jobs.schemas import Answer, ComparedJob, DifferenceDocument, Fraction
from normlab.analysis.metrics import Metric
from normlab.comparisons import Replicates
from normlab.store import ComparisonState, FailureCode, JobState, StopReason


class VerdictDocument(Answer):
    """What is said of two arms."""

    a: str
    b: str
    verdict: str = Field(description="`a_better`, `b_better`, `equivalent` or `inconclusive`.")
    sentence: str = Field(description="The verdict with its numbers, in one sentence.")


class ArmJob(Answer):
    """The job that trains an arm with one seed."""

    job: str
    seed: int
    state: JobState
    reused: bool = Field(description="It was there before, and was not made for this comparison.")
    value: float | None = Field(description="The metric, when it has succeeded.")
    error: FailureCode | None


class ArmDocument(Answer):
    """One side of a comparison."""

    name: str
    spec: dict[str, Any] = Field(description="With every default written out, and without a seed.")
    arm_digest: str = Field(description="The same for every job of this arm, whatever its seed.")
    base_seed: int | None = Field(description="The arm's first seed, if it has seeds of its own.")
    jobs: list[ArmJob] = Field(description="One for each seed so far.")


class ComparisonProgress(Answer):
    """How much of it is there, and how much is missing."""

    pairs: int = Field(description="Seeds that every arm has been trained with.")
    pairs_left_out: int = Field(description="Seeds with a job that failed or was cancelled.")
    pairs_running: int = Field(description="Seeds with unfinished jobs.")
    pairs_planned: int = Field(description="At most so many.")
    next_look: int | None = Field(description="At so many pairs it may be decided; null without such a plan.")
    jobs: dict[JobState, int] = Field(description="How many jobs are in which state.")
    fraction: Fraction = Field(description="Of the jobs that there are so far, how many have ended.")


class ComparisonResult(Answer):
    """What the pairs that are complete say."""

    final: bool = Field(description="Whether nothing will be added.")
    seeds: list[int | None] = Field(
        description="Those of the pairs; where an arm has seeds of its own, those of an arm that has none."
    )
    arms: dict[str, Any] = Field(
        description="Of each arm: values, mean, standard deviation, Student's interval for the mean."
    )
    pairs: list[dict[str, Any]] = Field(
        description=(
            "Of each pair of arms: the verdict's sentence; mean paired difference (b minus a) with Student's and "
            "bootstrap interval, exact p value, effect size, probability that b is better; the difference "
            "along the epochs with its band; cost of a point; variance of seeds and of the test set; "
            "the bootstrap over test examples; McNemar's test of each pair of networks."
        )
    )
    clocks: dict[str, Any] | None = Field(
        description="At equal epochs, at equal training seconds, and time to the target accuracy."
    )
    costs: dict[str, Any] = Field(description="Of each arm: training seconds and accuracy.")
    pareto_front: list[str] = Field(description="Arms of which no other is both better and cheaper.")
    differences: list[DifferenceDocument] = Field(description="What differs between the arms' specs.")
    caveats: list[str] = Field(description="What to know before drawing a conclusion.")


class ComparisonLinks(Answer):
    """Where everything else about a comparison is."""

    self: str
    events: str
    cancel: str
    report: str
    bundle: str
    charts: dict[str, str] = Field(description="Vega-Lite, PNG or SVG, by name.")


class ComparisonSummary(Answer):
    """A comparison in a list."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.SUMMARY]})

    id: str
    name: str | None
    state: ComparisonState
    stop_reason: StopReason | None = Field(description="Why no more pairs are run.")
    created_at: datetime
    finished_at: datetime | None
    metric: Metric
    confidence: float
    equivalence_margin: float = Field(description="Smaller differences do not matter; in the metric's units.")
    target_accuracy: float | None
    replicates: Replicates
    base_seed: int
    fresh: bool
    arm_names: list[str]
    verdicts: list[VerdictDocument] | None = Field(description="When it has ended.")
    links: ComparisonLinks


class Comparison(ComparisonSummary):
    """A comparison with all that is known so far."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.WHOLE]})

    arms: list[ArmDocument]
    progress: ComparisonProgress
    result: ComparisonResult | None = Field(description="Null until a pair is complete.")
    left_out: list[str] = Field(description="A sentence for each seed that does not count, and why.")


class ArmSize(Answer):
    """An arm that would be accepted."""

    name: str
    spec: dict[str, Any]
    arm_digest: str
    parameters: int


class ValidatedComparison(Answer):
    """What a request would run, without running it."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.VALIDATED]})

    arms: list[ArmSize]
    replicates: Replicates
    jobs: int = Field(description="So many at first, as far as none can be used again.")
    max_jobs: int
    differences: list[DifferenceDocument] = Field(description="What differs between the arms' specs.")


class ComparisonList(Answer):
    """A page of comparisons, newest first."""

    data: list[ComparisonSummary]
    has_more: bool
    next: str | None = Field(description="The `cursor` of the next page; null on the last one.")


class Statistics(ComparisonResult):
    """What finished jobs say when they form arms with common seeds."""

    metric: Metric
    confidence: float
    equivalence_margin: float


class SideBySide(Answer):
    """Several jobs side by side."""

    jobs: list[ComparedJob]
    differences: list[DifferenceDocument]
    caveats: list[str] = Field(description="What to know before drawing a conclusion.")
    statistics: Statistics | None = Field(
        description="Null unless at least two arms (specs without their seed) have succeeded with a common seed."
    )


class Comparisons(RootModel[ComparisonList | SideBySide]):
    """A page of comparisons, or with `jobs` these jobs side by side."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.LIST, examples.SIDE_BY_SIDE]})
