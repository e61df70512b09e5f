"""What is in a version of an uploaded dataset: its place in a job's spec, and what everything that reads one needs."""

from typing import Annotated, Protocol

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from normlab.spec.columns import MAX_ALL_CATEGORIES, MAX_COLUMNS, Column, Task, Word
from normlab.spec.dataset_names import DATASET_NAME_PATTERN
from normlab.spec.fields import LEFT_OUT, NonNegativeInteger, PositiveInteger, SpecModel
from normlab.spec.text import Form, one_line

FEWEST_CLASSES = 2
MAX_CLASSES = 10_000
"""Of an uploaded dataset: all names are in the spec of each of its jobs."""
MAX_CLASS_NAME_LENGTH = 200
"""Characters."""
MAX_DIMENSIONS = 3
"""Of a sample: height, width, channels."""
PIXEL_LIMIT = 255
"""The largest value of a byte."""

AnyDatasetName = Annotated[
    str,
    Form(
        f"^{DATASET_NAME_PATTERN}$",
        "letters, digits, `.`, `_` and `-`, beginning with a letter or digit",
    ),
]
"""The name of a built-in or an uploaded dataset."""
ContentDigest = Annotated[str, Form("^sha256:[0-9a-f]{64}$", "sha256: and 64 hex digits")]
ClassName = Annotated[str, Field(min_length=1, max_length=MAX_CLASS_NAME_LENGTH), AfterValidator(one_line)]


class DatasetFacts(Protocol):
    """What a network, and what is said about one, needs to know of the data: of a built-in dataset
    (:class:`~normlab.spec.datasets.DatasetInfo`) or of an uploaded one (:class:`DatasetContent`).

    Shapes are (height, width) or (height, width, channels), of a table (columns,).
    """

    @property
    def shape(self) -> tuple[int, ...]:
        """Of a sample."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Their names, by label."""

    @property
    def class_count(self) -> int:
        """How many classes there are; 0 where a number is predicted."""

    @property
    def predicts(self) -> Task:
        """A class or a number."""

    @property
    def output_units(self) -> int:
        """The width of the output layer: a unit for each class, or one for a number."""

    @property
    def training_samples(self) -> int:
        """With those that are kept apart for validation."""

    @property
    def test_samples(self) -> int:
        """Samples that no training sees."""

    @property
    def pixel_max(self) -> int:
        """The largest raw pixel value; training divides by it."""

    @property
    def default_validation_samples(self) -> int:
        """How many of the first training samples are kept apart for validation unless the job says otherwise."""


class DatasetContent(SpecModel):
    """What is in a version of an uploaded dataset. ``digest`` alone says which bytes; two versions with equal bytes
    can differ in the names of classes, and in the names and kinds of columns.
    """

    digest: ContentDigest
    """Over the names, types, shapes and bytes of the decoded arrays."""
    shape: Annotated[tuple[PositiveInteger, ...], Field(min_length=1, max_length=MAX_DIMENSIONS)]
    """Of a sample: (height, width) or (height, width, channels); of a table (columns,)."""
    task: Annotated[Task | None, LEFT_OUT] = None
    """None: classification."""
    classes: Annotated[tuple[ClassName, ...], Field(max_length=MAX_CLASSES)]
    """Their names, by label; none where a number is predicted."""
    training_samples: PositiveInteger
    """With those that are kept apart for validation."""
    test_samples: PositiveInteger
    """Samples that no training sees."""
    default_validation_samples: NonNegativeInteger
    """How many of the first training samples are kept apart for validation unless the job says otherwise."""
    pixel_max: Annotated[PositiveInteger, Field(le=PIXEL_LIMIT)]
    """The largest raw pixel value; training divides by it. 1 of a table, whose values enter as they are."""
    columns: Annotated[tuple[Column, ...] | None, Field(max_length=MAX_COLUMNS), LEFT_OUT] = None
    """Of a table, in the order of the decoded array; None for pictures."""
    target: Annotated[Word | None, LEFT_OUT] = None
    """The name of the column that is predicted, of a table."""

    @field_validator("classes")
    @classmethod
    def _classes_are_told_apart(cls, classes: tuple[str, ...], others: ValidationInfo) -> tuple[str, ...]:
        if others.data.get("task") is not Task.REGRESSION and len(classes) < FEWEST_CLASSES:
            raise ValueError(f"should be at least {FEWEST_CLASSES} classes")
        return classes

    @model_validator(mode="after")
    def _is_a_table_or_pictures(self) -> "DatasetContent":
        if self.columns is not None and (self.shape != (len(self.columns),) or self.pixel_max != 1):
            raise ValueError("a table's shape should be its number of columns, and its pixel_max 1")
        if self.columns is not None and len({column.name for column in self.columns}) < len(self.columns):
            raise ValueError("columns should have different names")
        if sum(len(column.categories or ()) for column in self.columns or ()) > MAX_ALL_CATEGORIES:
            raise ValueError(f"columns should have no more than {MAX_ALL_CATEGORIES} categories together")
        if self.task is Task.REGRESSION and (self.classes or self.columns is None):
            raise ValueError("numbers are predicted of a table, and have no classes")
        return self

    @model_validator(mode="after")
    def _leaves_something_to_learn(self) -> "DatasetContent":
        if self.default_validation_samples >= self.training_samples:
            raise ValueError("default_validation_samples should be fewer than training_samples")
        return self

    @property
    def class_count(self) -> int:
        """How many classes there are; 0 where a number is predicted."""
        return len(self.classes)

    @property
    def predicts(self) -> Task:
        """A class or a number."""
        return self.task or Task.CLASSIFICATION

    @property
    def output_units(self) -> int:
        """The width of the output layer: a unit for each class, or one for a number."""
        return 1 if self.predicts is Task.REGRESSION else self.class_count
