"""The layers that an architecture is made of, with Keras's own names and parameters."""

from typing import Annotated

from pydantic import Field

from normlab.spec.layers.base import BaseLayer, Shape, Variable, describe
from normlab.spec.layers.convolution import (
    AveragePooling2D,
    Conv2D,
    GlobalAveragePooling2D,
    MaxPooling2D,
    Pooling2D,
)
from normlab.spec.layers.core import ActivationLayer, Dense, Dropout, Flatten, Reshape, WithKernel
from normlab.spec.layers.normalization import (
    BatchNormalization,
    GroupNormalization,
    LayerNormalization,
    Normalization,
)

Layer = Annotated[
    Flatten
    | Reshape
    | Dense
    | Conv2D
    | MaxPooling2D
    | AveragePooling2D
    | GlobalAveragePooling2D
    | BatchNormalization
    | LayerNormalization
    | GroupNormalization
    | ActivationLayer
    | Dropout,
    Field(discriminator="type"),
]

__all__ = [
    "ActivationLayer",
    "AveragePooling2D",
    "BaseLayer",
    "BatchNormalization",
    "Conv2D",
    "Dense",
    "Dropout",
    "Flatten",
    "GlobalAveragePooling2D",
    "GroupNormalization",
    "Layer",
    "LayerNormalization",
    "MaxPooling2D",
    "Normalization",
    "Pooling2D",
    "Reshape",
    "Shape",
    "Variable",
    "WithKernel",
    "describe",
]
