"""The trained network of a job: its layers, and the files it can be had as."""

from typing import Annotated

from pydantic import Field

from normlab.documents.base import Document
from normlab.spec.columns import Column
from normlab.spec.fields import LEFT_OUT


class ModelFormat(Document):
    """A format in which the trained network can be downloaded."""

    format: str
    media_type: str
    bytes: int | None = Field(description="Null: the file is made when somebody first asks for it.")
    sha256: str | None = Field(description="Null as long as the file is not made.")
    url: str


class PendingFormat(Document):
    """A format that was asked for and is not there yet."""

    job: str
    format: str
    detail: str


class VariableDocument(Document):
    """One variable of a layer."""

    name: str
    shape: tuple[int, ...]
    trainable: bool
    dtype: str


class LayerDocument(Document):
    """One layer of the trained network; its output shape is without the batch."""

    name: str
    type: str
    output_shape: tuple[int, ...]
    parameters: int
    variables: tuple[VariableDocument, ...]


class ModelInput(Document):
    """What the model takes: raw pixels, or rows of a table; scaling and preparation are part of it."""

    shape: tuple[int, ...] = Field(
        description="(height, width) or (height, width, channels), of a table (columns,), without the batch."
    )
    dtype: str
    pixel_max: int
    columns: Annotated[tuple[Column, ...] | None, LEFT_OUT] = Field(
        default=None, description="Of a table, in the order of its values; left out of pictures."
    )


class ModelDocument(Document):
    """A trained network."""

    job: str
    formats: tuple[ModelFormat, ...]
    layers: tuple[LayerDocument, ...]
    parameters: int
    trainable_parameters: int
    input: ModelInput
    classes: tuple[str, ...]
