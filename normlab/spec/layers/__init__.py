"""The layers that an architecture is made of, with Keras's own names and parameters.

A new kind is a class in one of these files and its place in the union below. Nothing else needs to know of it, unless
Keras's layer takes other arguments than the class has fields: then ``normlab/training/layers/builders.py`` says so.
"""

from typing import Annotated

from pydantic import Field

from normlab.spec.kinds import kinds_of
from normlab.spec.layers.base import BaseLayer, Facet, Shape, Variable, describe
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

_AnyLayer = (
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
    | Dropout
)

Layer = Annotated[_AnyLayer, Field(discriminator="type")]

LAYERS = kinds_of(_AnyLayer, "type", BaseLayer)
"""Every kind of layer by its ``type``."""

__all__ = [
    "LAYERS",
    "ActivationLayer",
    "AveragePooling2D",
    "BaseLayer",
    "BatchNormalization",
    "Conv2D",
    "Dense",
    "Dropout",
    "Facet",
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
