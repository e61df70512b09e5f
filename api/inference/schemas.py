"""What can be asked of a trained network in JSON."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Instances(BaseModel):
    """Images to classify, in the dataset's raw pixel values."""

    model_config = ConfigDict(extra="forbid")

    instances: list[list[Any]] = Field(
        min_length=1,
        description="Each image nested (height by width, by channels) or as one flat list of numbers.",
    )
