"""What a network says about images."""

from pydantic import ConfigDict, Field

from normlab.documents.base import Document, Fraction


class ClassScore(Document):
    """One of the most probable classes."""

    model_config = ConfigDict(populate_by_name=True)

    label: int
    class_name: str = Field(alias="class")
    probability: Fraction


class PredictionDocument(ClassScore):
    """What the network says about one image, or one row of a table."""

    probabilities: tuple[float, ...] = Field(
        description="One for each class, in the order of the dataset's classes."
    )
    top_k: tuple[ClassScore, ...] | None = Field(
        default=None, description="The best classes, when `top_k` was asked for."
    )
    unknown: tuple[str, ...] | None = Field(
        default=None,
        description="Of a row of a table: the columns whose category is none that training has met. The network takes "
        "it for missing.",
    )
    image: str | None = Field(
        default=None, description="What the model saw, a PNG as a `data:` URL, when `image` was asked for."
    )


class NumberPrediction(Document):
    """What a network that predicts numbers says about one row of a table."""

    value: float = Field(description="In the target's own unit.")
    target: str | None = Field(default=None, description="The name of the column that it is a value of.")
    unknown: tuple[str, ...] | None = Field(
        default=None, description="As of a class: columns whose category training has not met."
    )


class Predictions(Document):
    """What the network says about each image or row, in the order they were sent."""

    job: str
    model: str | None = Field(default=None, description="The name that was asked for, if one was.")
    version: int | None = Field(default=None, description="The name's version that answers.")
    predictions: tuple[PredictionDocument, ...] | tuple[NumberPrediction, ...]
