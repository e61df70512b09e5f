"""What can be asked of a trained network in JSON."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Instances(BaseModel):
    """Images to classify, in the dataset's raw pixel values, or rows of a table."""

    model_config = ConfigDict(extra="forbid")

    instances: list[list[Any] | dict[str, str | float | None]] = Field(
        min_length=1,
        description="Each image nested (height by width, by channels) or as one flat list of numbers. Of a network on "
        "a table: each row an object by the names of columns, or a list of all values in their order; categories by "
        "their text. What is left out or null is missing.",
    )
