"""How well a network does on held-out samples."""

from enum import StrEnum

from pydantic import Field

from normlab.documents.base import Document, Fraction
from normlab.documents.predictions import ClassScore
from normlab.spec.open_enum import Open


class Split(StrEnum):
    """Which samples."""

    TEST = "test"
    VALIDATION = "validation"


class ClassEvaluation(Document):
    """One class. A figure whose denominator is 0 is null."""

    label: int
    class_name: str = Field(alias="class")
    precision: Fraction | None = Field(description="Of the samples given this class, the part that has it.")
    recall: Fraction | None = Field(description="Of the samples of this class, the part that was given it.")
    f1: Fraction | None
    support: int = Field(description="How many samples have this class.")


class Mistake(Document):
    """A sample that the network is sure of, and wrong about."""

    sample: int = Field(description="Its place in the split, from 0.")
    label: int = Field(description="What it is.")
    class_name: str = Field(alias="class")
    predicted: ClassScore
    probabilities: tuple[float, ...]
    image: str | None = Field(default=None, description="A PNG as a `data:` URL; null of a row of a table.")
    row: dict[str, str | float | None] | None = Field(
        default=None, description="Of a table: the row by the names of columns; null of a picture."
    )


class ChartKind(StrEnum):
    """What a chart of an evaluation shows."""

    CONFUSION = "confusion"
    """Which classes are taken for which others."""
    RELIABILITY = "reliability"
    """Whether the network is right as often as it says."""
    PREDICTED = "predicted"
    """Predicted numbers against the right ones."""


class CalibrationBin(Document):
    """The samples with a confidence above `low` and at most `high`."""

    low: Fraction
    high: Fraction
    samples: int
    confidence: Fraction | None = Field(description="Mean; null without samples.")
    accuracy: Fraction | None


class CalibrationDocument(Document):
    """Confidence, the probability of the most probable class, beside accuracy."""

    expected_calibration_error: Fraction = Field(
        description=(
            "Mean distance between confidence and accuracy over 15 bins of equal width (`bins`), weighed by samples."
        )
    )
    adaptive_calibration_error: Fraction = Field(
        description="The same over 15 bins of equally many samples, fewer where confidences are equal."
    )
    error_by_chance: Fraction = Field(
        description=(
            "The `expected_calibration_error` that a perfectly calibrated network with these confidences has on so "
            "many samples, on average."
        )
    )
    confidence: Fraction = Field(
        description="Mean. Above the accuracy: the network is surer than it should be."
    )
    bins: tuple[CalibrationBin, ...]


class EvaluationDocument(Document):
    """How well a network does."""

    job: str
    dataset: str
    dataset_version: int | None = Field(
        default=None, description="Of an uploaded dataset; null of a built-in one."
    )
    trained_on: str | None = Field(
        default=None, description="The job's own dataset. Null from a service of an earlier version."
    )
    remarks: tuple[str, ...] = Field(
        default=(), description="What to know before reading the figures, such as classes of other names."
    )
    split: Open[Split]
    samples: int
    accuracy: Fraction
    balanced_accuracy: Fraction | None = Field(
        default=None, description="Mean of the classes' recalls that are known: all classes count alike."
    )
    macro_f1: Fraction = Field(description="Mean of the classes' F1 that are known.")
    cross_entropy: float | None = Field(
        default=None,
        description=(
            "The log loss, in nats, as the job's `test_cross_entropy`. This and the Brier score are null of jobs from "
            "before they were kept."
        ),
    )
    brier_score: float | None = Field(
        default=None,
        description="Mean squared distance of the probabilities from the right answer, summed over classes: 0 to 2.",
    )
    calibration: CalibrationDocument | None = Field(
        default=None, description="Null from a service of an earlier version."
    )
    classes: tuple[ClassEvaluation, ...]
    confusion_matrix: tuple[tuple[int, ...], ...] = Field(
        description="Row: the right class. Column: the one that the network says. Empty of more than 1,000 classes."
    )
    mistakes: tuple[Mistake, ...] = Field(description="The most confident first.")


class PendingEvaluation(Document):
    """An evaluation on another dataset that was asked for and is not there yet."""

    job: str
    dataset: str
    dataset_version: int | None = Field(
        default=None, description="Of an uploaded dataset; null of a built-in one."
    )
    detail: str


class LargeError(Document):
    """A sample whose number the network misses by much."""

    sample: int = Field(description="Its place in the split, from 0.")
    target: float = Field(description="What it is.")
    prediction: float
    residual: float = Field(description="`target` less `prediction`.")
    row: dict[str, float | str | None] = Field(
        description="Its values by the names of the columns; null where one is missing."
    )


class Residuals(Document):
    """Targets less predictions, in the target's own unit."""

    mean: float = Field(description="Above 0 the network says too little on average.")
    standard_deviation: float
    quantiles: dict[str, float] = Field(
        description="By the part of the samples that lies below, such as `0.05`."
    )


class NumberEvaluation(Document):
    """How well a network does that predicts numbers. Errors are in the target's own unit."""

    job: str
    dataset: str
    dataset_version: int | None = None
    target: str | None = Field(default=None, description="The column that is predicted.")
    split: Open[Split]
    samples: int
    mse: float
    rmse: float
    mae: float
    r2: float | None = Field(
        description="Against the mean of these very samples; null where all targets are equal."
    )
    residuals: Residuals
    worst: tuple[LargeError, ...] = Field(description="The largest errors first.")
