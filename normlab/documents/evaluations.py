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
    image: str = Field(description="A PNG as a `data:` URL.")


class EvaluationDocument(Document):
    """How well a network does."""

    job: str
    dataset: str
    dataset_version: int | None = Field(
        default=None, description="Of an uploaded dataset; null of a built-in one."
    )
    split: Open[Split]
    samples: int
    accuracy: Fraction
    macro_f1: Fraction = Field(description="Mean of the classes' F1.")
    classes: tuple[ClassEvaluation, ...]
    confusion_matrix: tuple[tuple[int, ...], ...] = Field(
        description="Row: the right class. Column: the one that the network says."
    )
    mistakes: tuple[Mistake, ...] = Field(description="The most confident first.")
