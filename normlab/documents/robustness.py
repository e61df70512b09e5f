"""How accurate networks stay when their pictures are corrupted.

Everywhere ``trained`` is the network as it is, and ``re_estimated`` the same with the statistics of its batch
normalization taken from the corrupted pictures (Schneider et al. 2020, "Improving robustness against common corruptions
by covariate shift adaptation", arXiv 2006.16971).
"""

from enum import StrEnum

from pydantic import Field

from normlab.documents.base import Document, Fraction
from normlab.documents.statistics import IntervalDocument, Number
from normlab.spec.open_enum import Open
from normlab.spec.robustness import CorruptionName


class StatisticsOrigin(StrEnum):
    """With which statistics a network with batch normalization is asked."""

    TRAINED = "trained"
    RE_ESTIMATED = "re_estimated"


class CorruptionDocument(Document):
    """What is done to the pictures."""

    corruption: Open[CorruptionName]
    family: str
    meaning: str
    unit: str = Field(description="Of the parameters.")
    parameters: dict[int, float] = Field(description="By severity.")


class AccuracyDocument(Document):
    """An accuracy on clean pictures."""

    accuracy: Fraction
    interval: IntervalDocument = Field(
        description="Of a job: Wilson's, over pictures. Of an arm: Student's, over its seeds; null ends with one seed."
    )


class CorruptedAccuracyDocument(Document):
    """An accuracy on corrupted pictures, absolute and against the accuracy on the same pictures before."""

    accuracy: Fraction
    interval: IntervalDocument = Field(
        description="Over pictures (a job), or seeds (an arm); of a mean over corruptions these stay as they are."
    )
    drop: float = Field(description="Accuracy on the clean pictures minus this one.")
    drop_interval: IntervalDocument = Field(description="Paired by picture (a job), or by seed (an arm).")
    relative: Number = Field(description="This accuracy divided by the clean one; null where that is 0.")
    relative_interval: IntervalDocument | None = Field(
        default=None, description="Paired as the drop's; null where there is none."
    )


class SeverityDocument(CorruptedAccuracyDocument):
    """At one severity."""

    severity: int


class CorruptionFiguresDocument(Document):
    """Under one corruption."""

    corruption: Open[CorruptionName]
    mean: CorruptedAccuracyDocument = Field(description="Over the severities.")
    severities: tuple[SeverityDocument, ...]


class RobustnessFiguresDocument(Document):
    """A network or an arm, asked with one kind of statistics."""

    clean: AccuracyDocument
    mean: CorruptedAccuracyDocument = Field(
        description="Over all corruptions and severities, each counting alike."
    )
    corruptions: tuple[CorruptionFiguresDocument, ...]


class ReEstimationDocument(Document):
    """Whether statistics could be taken from the corrupted pictures, and how."""

    applicable: bool
    reason: str = Field(description="Why not; empty where it is.")
    layers: tuple[str, ...] = Field(description="Whose moving statistics were replaced.")
    samples: int | None = Field(
        description="Over how many of the corrupted pictures they were taken: fewer than all where memory is short."
    )


class CorruptedPicturesDocument(Document):
    """Which pictures, and what was done to them."""

    dataset: str
    dataset_version: int | None = Field(description="Of an uploaded dataset.")
    test_samples: int = Field(description="So many has the test set.")
    samples: int = Field(description="So many were taken, the same for all networks.")
    seed: int
    severities: tuple[int, ...]
    corruptions: tuple[CorruptionDocument, ...]


class RobustnessDocument(Document):
    """How accurate a job's network stays."""

    job: str
    pictures: CorruptedPicturesDocument
    confidence: float = Field(description="Of all intervals, each for itself.")
    trained: RobustnessFiguresDocument
    re_estimated: RobustnessFiguresDocument | None = Field(
        description="Null where `re_estimation` does not apply."
    )
    re_estimation: ReEstimationDocument
    sentence: str
    remarks: tuple[str, ...]


class PendingRobustness(Document):
    """A worker has yet to try the networks."""

    jobs: tuple[str, ...] = Field(description="Whose networks have not been tried yet.")
    detail: str


class ArmRobustnessDocument(Document):
    """An arm of a comparison."""

    arm: str
    seeds: int
    jobs: tuple[str, ...]
    trained: RobustnessFiguresDocument
    re_estimated: RobustnessFiguresDocument | None
    re_estimation: ReEstimationDocument


class EstimateDocument(Document):
    """By how much arm b is above arm a. Runs are paired by seed, and answers by picture."""

    difference: Number = Field(description="b minus a.")
    interval: IntervalDocument = Field(
        description="If other seeds and other pictures were drawn; null ends with fewer than two pairs."
    )
    p_value: Number = Field(description="Two-sided, that there is none, corrected for nothing.")
    adjusted_p_value: Number = Field(
        default=None,
        description="By Holm, over what `multiplicity` says; null of single severities, which are not tested.",
    )


class BothEstimatesDocument(Document):
    """A difference of accuracies, and of accuracies relative to the clean ones."""

    absolute: EstimateDocument = Field(
        description="Of the accuracies: what a user of the network sees. It has the clean difference in it."
    )
    relative: EstimateDocument = Field(
        description="Of the accuracies divided by the network's own clean one: what corruption alone does."
    )


class SeverityDifferenceDocument(BothEstimatesDocument):
    """At one severity."""

    severity: int


class CorruptionDifferenceDocument(Document):
    """Under one corruption."""

    corruption: Open[CorruptionName]
    mean: BothEstimatesDocument = Field(description="Over the severities.")
    severities: tuple[SeverityDifferenceDocument, ...]


class RobustnessDifferenceDocument(Document):
    """Two arms, asked with one kind of statistics."""

    a: str
    b: str
    statistics: Open[StatisticsOrigin]
    pairs: int = Field(description="Seeds for which both arms were tried.")
    clean: EstimateDocument
    mean: BothEstimatesDocument = Field(description="Over all corruptions and severities: the main question.")
    corruptions: tuple[CorruptionDifferenceDocument, ...]
    sentence: str


class ComparisonRobustnessDocument(Document):
    """How accurate the networks of a comparison's arms stay, and which stay more so."""

    comparison: str
    pictures: CorruptedPicturesDocument
    confidence: float
    arms: tuple[ArmRobustnessDocument, ...]
    differences: tuple[RobustnessDifferenceDocument, ...] = Field(
        description="Of each pair of arms with each kind of statistics that both have."
    )
    multiplicity: tuple[str, ...] = Field(description="What the p values are corrected for, in sentences.")
    left_out: dict[str, str] = Field(
        default_factory=dict, description="Jobs that could not be tried, each with its reason."
    )
    remarks: tuple[str, ...]
