"""How an uploaded dataset is to be read, as far as its file does not say."""

import re
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from normlab.spec.columns import Task
from normlab.spec.text import Form, one_line

MAX_COLUMN_LENGTH = 200
MAX_COLUMNS_LENGTH = 20_000
MAX_DESCRIPTION_LENGTH = 500
MAX_IMAGE_SIDE = 9999
SEED_MAX = 2**31 - 1

Column = Annotated[str, Field(min_length=1, max_length=MAX_COLUMN_LENGTH), AfterValidator(one_line)]
_SIZE = rf"[1-9][0-9]{{0,{len(str(MAX_IMAGE_SIDE)) - 1}}}"


class SampleKind(StrEnum):
    """What the samples of a file of columns are."""

    PICTURES = "pictures"
    """A row is a picture, a column a pixel."""
    TABLE = "table"
    """A row is a sample, a column a number or a category."""


class ValidationPart(StrEnum):
    """Where validation samples come from when the file has none."""

    STRATIFIED = "stratified"
    """Drawn from the training samples, from each class its share."""
    FIRST = "first"
    """The first training samples: the order of the file is kept."""
    NONE = "none"


def _whole_number(value: Any) -> Any:
    if isinstance(value, str) and not re.fullmatch(r"\d{1,18}", value):
        raise ValueError("should be a whole number")
    return value


def _yes_or_no(value: Any) -> Any:
    if isinstance(value, str):
        if value not in {"true", "false"}:
            raise ValueError("should be true or false")
        return value == "true"
    return value


Columns = Annotated[str, Field(min_length=1, max_length=MAX_COLUMNS_LENGTH), AfterValidator(one_line)]
"""Names with commas between; a name with a comma cannot be among them."""


class DatasetOptions(BaseModel):
    """How an uploaded file is to be read; what is left out is found out."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    description: (
        Annotated[str, Field(min_length=1, max_length=MAX_DESCRIPTION_LENGTH), AfterValidator(one_line)]
        | None
    ) = Field(default=None, description="What it is, in a sentence, for lists.")
    label_column: Column | None = Field(
        default=None,
        description="The column that is predicted: its name, or `first` or `last`.",
    )
    split_column: Column | None = Field(
        default=None, description="The column that says `train`, `validation` or `test` of each sample."
    )
    group_column: Column | None = Field(
        default=None, description="Samples with one value in this column all go into one part."
    )
    time_column: Column | None = Field(
        default=None,
        description="The last samples by this column are for testing, those before for validation.",
    )
    kind: SampleKind | None = Field(
        default=None,
        description="Whether the rows of a file of columns are `pictures`, a column for each pixel, or a `table`.",
    )
    task: Task | None = Field(
        default=None,
        description="What is predicted of a table: a class (`classification`) or a number (`regression`).",
    )
    category_columns: Columns | None = Field(
        default=None,
        description="Columns of a table whose numbers are names of categories, with commas between.",
    )
    ignore_columns: Columns | None = Field(
        default=None, description="Columns of a table that are left out, with commas between."
    )
    header: Annotated[bool, BeforeValidator(_yes_or_no)] | None = Field(
        default=None, description="Whether the first row of a CSV has the names of the columns."
    )
    turn: Annotated[bool, BeforeValidator(_yes_or_no)] | None = Field(
        default=None, description="Turn pictures that lie on their side, as EMNIST's do."
    )
    image_size: (
        Annotated[str, Form(f"^{_SIZE}x{_SIZE}$", "height x width in pixels, such as 64x64")] | None
    ) = Field(default=None, description="Bring all pictures to this height and width, such as `64x64`.")
    validation: ValidationPart = Field(
        default=ValidationPart.STRATIFIED,
        description="Where validation samples come from when the file has none.",
    )
    validation_samples: Annotated[int, BeforeValidator(_whole_number), Field(ge=1, le=SEED_MAX)] | None = (
        Field(default=None, description="So many of the first training samples, with `validation=first`.")
    )
    test_fraction: Annotated[float, Field(gt=0, lt=1)] = Field(
        default=0.2, description="Of all samples, when the file has no test samples."
    )
    validation_fraction: Annotated[float, Field(gt=0, lt=1)] = Field(
        default=0.1,
        description="Of the samples that are not for testing, when the file has none for validation.",
    )
    seed: Annotated[int, BeforeValidator(_whole_number), Field(ge=0, le=SEED_MAX)] = Field(
        default=0, description="What parts are drawn with."
    )
