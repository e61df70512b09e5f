"""What the API answers about how well a network does on held-out samples."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from api.jobs.schemas import Answer, ClassScore, Fraction
from api.models import evaluation_examples as examples
from normlab.spec import DatasetName


class Split(StrEnum):
    """Which samples."""

    TEST = "test"
    VALIDATION = "validation"


class EvaluationRequest(BaseModel):
    """What to evaluate on; `{}` is a whole request."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [examples.REQUEST]})

    dataset: DatasetName | None = Field(default=None, description="The one that the job was trained on.")
    split: Split = Split.TEST
    mistakes: int = Field(default=10, ge=0, le=50, description="So many of the most confident mistakes.")


class ClassEvaluation(Answer):
    """One class. A figure whose denominator is 0 is null."""

    label: int
    class_name: str = Field(alias="class")
    precision: Fraction | None = Field(description="Of the samples given this class, the part that has it.")
    recall: Fraction | None = Field(description="Of the samples of this class, the part that was given it.")
    f1: Fraction | None
    support: int = Field(description="How many samples have this class.")


class Mistake(Answer):
    """A sample that the network is sure of, and wrong about."""

    sample: int = Field(description="Its place in the split, from 0.")
    label: int = Field(description="What it is.")
    class_name: str = Field(alias="class")
    predicted: ClassScore
    probabilities: list[float]
    image: str = Field(description="A PNG as a `data:` URL.")


class EvaluationDocument(Answer):
    """How well a network does."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.EVALUATION]})

    job: str
    dataset: DatasetName
    split: Split
    samples: int
    accuracy: Fraction
    macro_f1: Fraction = Field(description="Mean of the classes' F1.")
    classes: list[ClassEvaluation]
    confusion_matrix: list[list[int]] = Field(
        description="Row: the right class. Column: the one that the network says."
    )
    mistakes: list[Mistake] = Field(description="The most confident first.")
