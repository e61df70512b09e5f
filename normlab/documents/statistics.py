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


class BasisDocument(Document):
    """What stands behind an interval."""

    level: float = Field(description="Alone, such intervals hold the truth this often.")
    together: float = Field(
        description="The verdicts of all that it is corrected for are right together this often."
    )
    corrected_for: tuple[str, ...] = Field(
        description="Such as `6 pairs of arms`; empty for an interval that stands alone."
    )
    supposes: str = Field(description="What has to be true for it.")


Basis = Annotated[
    BasisDocument | None, Field(description="Of the interval beside it; null in results of earlier versions.")
]


class WinsDocument(Document):
    """In how many pairs each of two arms is the better one."""

    a: int
    b: int
    ties: int
    share_b: float | None = Field(
        description="Of the pairs that are no ties, the part in which b is better; null where all are ties."
    )
    interval: IntervalDocument | None = Field(
        description="Of that share in all seeds, exact (Clopper and Pearson); null where all pairs are ties."
    )
    confidence: float = Field(description="Of the interval, which is corrected as the comparison's is.")


class FurtherPairsDocument(Document):
    """How many pairs to add: few if the effect is as large as the pairs allow, many if it is as small."""

    least: int
    most: int | None = Field(description="Null: more than a thousand.")


class EarlierLookDocument(Document):
    """An earlier comparison that has seen runs of both arms."""

    comparison: str
    pairs: int = Field(description="How many it had, or has at most.")
    until_decided: bool = Field(description="Whether it had a plan of several looks.")
    margin: float = Field(description="Its `equivalence_margin`.")
    verdict: str | None = Field(description="Null while it runs.")


class MethodDocument(Document):
    """How the verdicts were reached."""

    correction: str = Field(description="For several pairs of arms: `none`, `holm` or `bonferroni`.")
    planned_looks: int = Field(description="At how many numbers of pairs the plan looks at most.")
    spending: str | None = Field(description="How a plan shares the error among its looks: `pocock`.")
    earlier_looks: int = Field(
        description="The largest number of earlier looks at runs of some pair of arms."
    )
    sentences: tuple[str, ...]


class ArmStatisticsDocument(Document):
    """What the replicates of one arm say of it."""

    values: tuple[Number, ...] = Field(description="The metric of each replicate.")
    mean: Number
    standard_deviation: Number = Field(description="With n - 1 in the denominator; null for a single value.")
    interval: IntervalDocument = Field(
        description="Student's interval for the mean, cut off where no mean can lie: an accuracy's at 0 and 1, a "
        "loss's at 0."
    )
    basis: Basis = None


class PairedComparisonDocument(Document):
    """Two arms by their paired differences."""

    verdict: str = Field(description="`a_better`, `b_better`, `equivalent` or `inconclusive`.")
    pairs: int
    difference: Number = Field(description="Mean of the paired differences.")
    interval: IntervalDocument = Field(description="Student's interval for the mean difference.")
    basis: Basis = None
    bootstrap_interval: IntervalDocument | None = Field(
        description="The BCa bootstrap's interval, to compare; the verdict does not rest on it. Null below ten pairs, "
        "with which it is far too narrow."
    )
    bootstrap_basis: Basis = None
    p_value: Number = Field(description="Two-sided, of the exact sign-flip test.")
    t_p_value: Number = Field(description="Two-sided, of Student's paired t test.")
    deciding_test: str | None = Field(
        default=None,
        description="On which it depends whether an arm is called better: `exact` or `t`, whichever has the higher p "
        "value, or `t_alone` where pairs are too few for the exact test.",
    )
    deciding_p_value: Number = Field(
        default=None,
        description="An arm is called better where this is at most 1 - `confidence`: the higher of the two p values, "
        "or twice that of the t test where it decides alone.",
    )
    standard_deviation: Number = Field(description="Of the paired differences; null with one pair.")
    effect_size: Number = Field(
        description="Cohen's d_z: mean difference over the differences' standard deviation."
    )
    wins: WinsDocument | None = Field(
        default=None, description="Null in results of versions that did not count them."
    )
    further_pairs: FurtherPairsDocument | None = Field(
        default=None,
        description="Of an inconclusive comparison: between how many and how many further pairs would decide it. Null "
        "when it is decided, not known, or more than a thousand.",
    )
    confidence: float = Field(description="The level of the verdict and of the interval beside it.")
    equivalence_margin: float
    higher_is_better: bool
    caveats: tuple[str, ...]
    withheld: str | None = Field(
        default=None,
        description="Why there is no verdict whatever the pairs show; null where there may be one.",
    )


class ArmPairDocument(Document):
    """Two of several arms."""

    a: str
    b: str
    comparison: PairedComparisonDocument
    adjusted_p_value: Number = Field(
        description="The deciding test's p value, so corrected for all pairs of arms and all looks that an arm is "
        "called better where it is at most the error of all verdicts together; 1 where the verdict is withheld."
    )


class DifferenceBandDocument(Document):
    """A simultaneous confidence band for the mean difference over the epochs, from epoch 1."""

    difference: tuple[Number, ...] = Field(description="One for each epoch that all runs have.")
    band: tuple[IntervalDocument, ...] = Field(
        description="The whole true curve lies inside with the given confidence."
    )
    critical_value: Number = Field(description="How many standard errors wide the band is to each side.")
    pairs: int
    confidence: float
    basis: Basis = None
    reading: str = Field(description="In a sentence.")


class CostOfAPointDocument(Document):
    """What one arm costs more than the other, for what it gives more."""

    extra_seconds: Number = Field(description="By the comparison's `clock`.")
    extra_seconds_interval: IntervalDocument | None = Field(
        default=None, description="Student's, over the pairs."
    )
    extra_seconds_basis: Basis = None
    extra_points: Number = Field(description="Percentage points of accuracy.")
    seconds_per_point: Number = Field(
        description="Null unless one arm is better and shown to take longer, and the ratio's interval is finite."
    )
    interval: IntervalDocument | None = Field(default=None, description="Fieller's, of `seconds_per_point`.")
    basis: Basis = None
    reading: str = Field(description="In a sentence.")


class VarianceSourcesDocument(Document):
    """Standard errors of a mean difference of test accuracies, by what is drawn anew."""

    difference: Number = Field(description="Mean over runs and test examples.")
    seeds: Number = Field(description="If other seeds were drawn and the test set stayed.")
    test_set: Number = Field(description="If another test set were drawn and the seeds stayed.")
    both: Number = Field(description="If both were drawn anew.")
    share_of_test_set: Number = Field(description="The part of the variance that more seeds cannot reduce.")
    interval: IntervalDocument = Field(description="For the difference with both drawn anew.")
    basis: Basis = None


class ExampleBootstrapDocument(Document):
    """How much another test set of the same size would have changed the difference of these trained networks."""

    difference: Number = Field(description="Mean over runs and test examples.")
    standard_error: Number = Field(
        description="If the test examples were drawn anew and the networks stayed."
    )
    interval: IntervalDocument = Field(description="The bootstrap's percentile interval.")
    basis: Basis = None
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
    earlier_looks: tuple[EarlierLookDocument, ...] = Field(
        default=(), description="Comparisons that have seen runs of both arms before, oldest first."
    )
    error_share: Fraction = Field(
        default=1.0, description="The part of its error that they leave to this one."
    )
    same_looks: tuple[str, ...] = Field(
        default=(), description="Comparisons before that asked the same of the same runs, which is free."
    )
    values: tuple[tuple[int | None, Number, Number], ...] = Field(
        description="Of each pair: its number (the seed, if its runs share one), value of a, value of b."
    )
    curve: DifferenceBandDocument | None = Field(
        description="The difference along the epochs; null when the metric has none."
    )
    cost: CostOfAPointDocument | None = Field(
        description="Null unless the metric is an accuracy, and there are seconds that can be compared."
    )
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
    """The Kaplan-Meier estimate of how many runs have not reached the target yet, by time."""

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
    unit: str = Field(
        default="seconds",
        description="Of the arms' times: `seconds` of training, or `epochs` where seconds cannot be compared.",
    )
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
    seconds: Number = Field(
        description="The training time that all runs have; null, too, where seconds cannot be compared."
    )
    at_seconds: tuple[ArmPairDocument, ...] | None
    target: TargetDocument | None


class ArmCostDocument(Document):
    """What an arm needs and what it gives, means over its runs."""

    seconds: Number = Field(description="Training time of the whole run, by the comparison's `clock`.")
    accuracy: Number
