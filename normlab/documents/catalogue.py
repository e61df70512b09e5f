"""What a job spec can name beside datasets: presets."""

from typing import Any

from pydantic import Field

from normlab.documents.base import Document


class ArchitectureDocument(Document):
    """A preset."""

    name: str
    description: str
    layers: tuple[dict[str, Any], ...] = Field(
        description="As a job spec would write them, defaults included."
    )
    parameters: int = Field(description="Numbers that the network keeps when it is built for Fashion-MNIST.")
    trainable_parameters: int
    planned_layers: int = Field(
        description="How many layers are built of these, those in blocks as often as they are repeated; without the "
        "output layer."
    )
    normalizations: tuple[str, ...] = Field(
        description='Which normalizations can be asked for, as in `{"preset": "resnet20", "normalization": "group"}`; '
        "empty where there is no choice."
    )


class ArchitectureList(Document):
    """All presets."""

    data: tuple[ArchitectureDocument, ...]
