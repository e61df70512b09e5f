"""What is known of a dataset that was opened: its data card."""

from pydantic import Field

from normlab.documents.base import Document
from normlab.spec.columns import ColumnKind
from normlab.spec.open_enum import Open


class DataFindingDocument(Document):
    """Something about a dataset that who trains on it should know."""

    code: str
    severity: str = Field(description="`error`, `warning` or `info`.")
    detail: str = Field(description="What is so, and what to do.")
    count: int = Field(description="How many samples, classes, inputs or files it is about.")
    examples: tuple[str, ...] = Field(
        default=(),
        description="Some of them. `training sample 17` and `validation sample 3` are places in the training array, "
        "of which validation is the beginning; `test sample 5` is a place in the test array.",
    )
    numbers: dict[str, float] = Field(
        default_factory=dict,
        description="What the sentence rests on, the threshold among them.",
    )
    picture: str | None = Field(
        default=None, description="The PNG that shows the examples, a row for each; none for tables."
    )


class ClassDocument(Document):
    """A class: how often it is met, and how it looks."""

    label: int
    name: str
    training: int
    validation: int
    test: int
    mosaic: str | None = Field(description="The PNG with some of its training samples.")
    mean: str | None = Field(description="The PNG with the mean of its training samples.")


class ChannelDocument(Document):
    """The values of a channel (of a table: of all columns) in the training part, as they are stored."""

    mean: float
    deviation: float


class InputsDocument(Document):
    """How much single inputs vary in the training part, after the division by `pixel_max`.

    A normalization layer multiplies an input by `1 / sqrt(variance + epsilon)`.
    """

    inputs: int
    constant: int = Field(description="Inputs with one value in all training samples.")
    constant_but_in_test: int = Field(description="Those of them that have another value in the test part.")
    nearly_constant: int = Field(description="Inputs with a variance below epsilon that are not constant.")
    epsilon: float = Field(description="The default of the normalization layers.")
    largest_gain: float = Field(description="`1 / sqrt(variance + epsilon)` of the input that varies least.")
    median_gain: float


class MissingDocument(Document):
    """How many values of a column are missing, by part."""

    training: int
    validation: int
    test: int


class CategoryDocument(Document):
    """How often a category is met, by part."""

    name: str
    training: int
    validation: int
    test: int


class ColumnDocument(Document):
    """A column of a table. Mean, deviation and extremes are those of a number in the training part."""

    name: str
    kind: Open[ColumnKind]
    missing: MissingDocument
    constant: bool = Field(description="All training rows have one value.")
    categories: tuple[CategoryDocument, ...] | None = Field(
        default=None, description="Of a category: those that are met in rows that are not for test."
    )
    mean: float | None = None
    deviation: float | None = None
    smallest: float | None = None
    largest: float | None = None


class NumberTargetDocument(Document):
    """The numbers that are predicted, in the training part."""

    name: str
    mean: float
    deviation: float
    smallest: float
    largest: float


class DataCardDocument(Document):
    """All that is known of a dataset's content."""

    shape: tuple[int, ...] = Field(description="Of a sample.")
    pixel_max: int
    training_samples: int = Field(description="Without those of validation.")
    validation_samples: int
    test_samples: int
    smallest: float | None = Field(
        description="The smallest value of all parts, as it is stored; null for a table."
    )
    largest: float | None
    channels: tuple[ChannelDocument, ...] = Field(description="None for a table.")
    inputs: InputsDocument | None = Field(description="Null for a table, whose columns are standardized.")
    classes: tuple[ClassDocument, ...] = Field(description="None where a number is predicted.")
    columns: tuple[ColumnDocument, ...] | None = Field(default=None, description="Of a table.")
    target: NumberTargetDocument | None = Field(
        default=None, description="Of a table whose target is a number."
    )
    findings: tuple[DataFindingDocument, ...] = Field(
        description="The worst first; what was met while the files were read is among them."
    )
