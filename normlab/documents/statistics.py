"""The numbers of a comparison. Differences are those of the second arm minus the first, in the metric's units.

A number that is not finite, such as the end of an interval from one pair, is null. How each is computed:
``docs/statistics.md`` and the classes of the same names in ``normlab.analysis``, whose fields these are.
"""

from typing import Annotated

from pydantic import Field

from normlab.documents.base import Document, Fraction

Number = Annotated[float | None, Field(description="Null where it is not finite or not defined.")]


class IntervalDocument(Document):
    """An interval; an end that is infinite is null."""

    low: Number
    high: Number


class ArmStatisticsDocument(Document):
    """What the replicates of one arm say of it."""

    values: tuple[Number, ...] = Field(description="The metric of each replicate.")
    mean: Number
    standard_deviation: Number = Field(description="With n - 1 in the denominator; null for a single value.")
    interval: IntervalDocument = Field(description="Student's interval for the mean.")


class PairedComparisonDocument(Document):
    """Two arms by their paired differences."""

    verdict: str = Field(description="`a_better`, `b_better`, `equivalent` or `inconclusive`.")
    pairs: int
    difference: Number = Field(description="Mean of the paired differences.")
    interval: IntervalDocument = Field(description="Student's interval for the mean difference.")
    bootstrap_interval: IntervalDocument = Field(
        description="The BCa bootstrap's interval, to compare; the verdict does not rest on it."
    )
    p_value: Number = Field(description="Two-sided, of the exact sign-flip test.")
    t_p_value: Number = Field(description="Two-sided, of Student's paired t test.")
    standard_deviation: Number = Field(description="Of the paired differences; null with one pair.")
    effect_size: Number = Field(
        description="Cohen's d_z: mean difference over the differences' standard deviation."
    )
    probability_b_better: Fraction = Field(
        description="The share of pairs in which b is better; a tie counts half."
    )
    pairs_needed: int | None = Field(
        description="Of an inconclusive comparison: about how many further pairs would decide it. Null when it is "
        "decided, not known, or more than a thousand."
    )
    confidence: float
    equivalence_margin: float
    higher_is_better: bool
    caveats: tuple[str, ...]


class ArmPairDocument(Document):
    """Two of several arms."""

    a: str
    b: str
    comparison: PairedComparisonDocument
    adjusted_p_value: Number = Field(description="By Holm's method over all pairs of arms.")


class DifferenceBandDocument(Document):
    """A simultaneous confidence band for the mean difference over the epochs, from epoch 1."""

    difference: tuple[Number, ...] = Field(description="One for each epoch that all runs have.")
    band: tuple[IntervalDocument, ...] = Field(
        description="The whole true curve lies inside with the given confidence."
    )
    critical_value: Number = Field(description="How many standard errors wide the band is to each side.")
    pairs: int
    confidence: float
    reading: str = Field(description="In a sentence.")


class CostOfAPointDocument(Document):
    """What one arm costs more than the other, for what it gives more."""

    extra_seconds: Number = Field(description="Training seconds.")
    extra_points: Number = Field(description="Percentage points of accuracy.")
    seconds_per_point: Number = Field(
        description="Null unless the arm that is more accurate is also the more expensive one."
    )
    reading: str = Field(description="In a sentence.")


class VarianceSourcesDocument(Document):
    """Standard errors of a mean difference of test accuracies, by what is drawn anew."""

    difference: Number = Field(description="Mean over runs and test examples.")
    seeds: Number = Field(description="If other seeds were drawn and the test set stayed.")
    test_set: Number = Field(description="If another test set were drawn and the seeds stayed.")
    both: Number = Field(description="If both were drawn anew.")
    share_of_test_set: Number = Field(description="The part of the variance that more seeds cannot reduce.")
    interval: IntervalDocument = Field(description="For the difference with both drawn anew.")


class ExampleBootstrapDocument(Document):
    """How much another test set of the same size would have changed the difference of these trained networks."""

    difference: Number = Field(description="Mean over runs and test examples.")
    standard_error: Number = Field(
        description="If the test examples were drawn anew and the networks stayed."
    )
    interval: IntervalDocument = Field(description="The bootstrap's percentile interval.")
    share_above_zero: Fraction = Field(
        description="The share of resampled test sets on which b is ahead; a tie counts half."
    )
    examples: int
    resamples: int


class McNemarDocument(Document):
    """Two trained networks on the same test examples."""

    only_a_right: int
    only_b_right: int
    difference: Number = Field(description="Accuracy of b minus accuracy of a.")
    p_value: Number = Field(description="Two-sided, of the exact test.")


class PairReportDocument(ArmPairDocument):
    """Two arms: the verdict, its sentence, and the evidence."""

    sentence: str = Field(description="The verdict with its numbers, in one sentence.")
    values: tuple[tuple[int | None, Number, Number], ...] = Field(
        description="Of each pair: its number (the seed, if its runs share one), value of a, value of b."
    )
    curve: DifferenceBandDocument | None = Field(
        description="The difference along the epochs; null when the metric has none."
    )
    cost: CostOfAPointDocument | None = Field(description="Null unless the metric is an accuracy.")
    variance: VarianceSourcesDocument | None = Field(
        description="Null unless there are two pairs for which each test example's result is known."
    )
    test_set: ExampleBootstrapDocument | None = Field(
        description="Null unless each test example's result is known."
    )
    mcnemar: tuple[tuple[int | None, McNemarDocument], ...] = Field(
        description="Of each pair whose test examples are known: its number, and McNemar's test of its networks."
    )


class TimeToTargetDocument(Document):
    """The Kaplan-Meier estimate of how many runs have not reached the target yet, by training seconds."""

    runs: int
    reached: int
    times: tuple[Number, ...] = Field(description="When runs reached the target, each time once, ascending.")
    not_reached: tuple[Number, ...] = Field(
        description="The share that has not reached the target after each of `times`; before the first it is 1."
    )
    ended_without: tuple[Number, ...] = Field(description="When runs ended without reaching it, ascending.")
    median: Number = Field(description="When half of the runs have reached it; null when that was not seen.")
    caveats: tuple[str, ...]


class LogRankDocument(Document):
    """Whether two arms reach the target at different speeds."""

    statistic: Number = Field(
        description="Standard normal if they do not; positive when a is the quicker one."
    )
    p_value: Number = Field(description="Two-sided.")
    caveats: tuple[str, ...]


class TargetDocument(Document):
    """How fast the arms reach a target accuracy."""

    accuracy: float
    arms: dict[str, TimeToTargetDocument]
    epochs: dict[str, tuple[int | None, ...]] = Field(
        description="By arm, the epoch at which each run reached it."
    )
    pairs: tuple[tuple[str, str, LogRankDocument], ...] = Field(
        description="Two arms, and the log-rank test of them."
    )


class ClocksDocument(Document):
    """The same runs by three clocks. A clock is null when the runs have too little in common for it."""

    epoch: int | None = Field(description="The last epoch that all runs have.")
    at_epoch: tuple[ArmPairDocument, ...] | None
    seconds: Number = Field(description="The training time that all runs have.")
    at_seconds: tuple[ArmPairDocument, ...] | None
    target: TargetDocument | None


class ArmCostDocument(Document):
    """What an arm needs and what it gives, means over its runs."""

    seconds: Number = Field(description="Training time of the whole run.")
    accuracy: Number
