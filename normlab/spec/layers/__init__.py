"""The layers that an architecture is made of, with Keras's own names and parameters.

A new kind is a class in one of these files and its place in the union below. Nothing else needs to know of it, unless
Keras's layer takes other arguments than the class has fields: then ``normlab/training/layers/builders.py`` says so.
"""

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
from normlab.spec.layers.merge import MERGES, Add, Concatenate, Merge, Multiply
from normlab.spec.layers.normalization import (
    BatchNormalization,
    GroupNormalization,
    LayerNormalization,
    Normalization,
)

AnyLayer = (
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

LAYERS = kinds_of(AnyLayer, "type", BaseLayer)
"""Every kind of layer that people write, by its ``type``. Blocks of them are in ``normlab/spec/blocks.py``."""

__all__ = [
    "LAYERS",
    "MERGES",
    "ActivationLayer",
    "Add",
    "AnyLayer",
    "AveragePooling2D",
    "BaseLayer",
    "BatchNormalization",
    "Concatenate",
    "Conv2D",
    "Dense",
    "Dropout",
    "Facet",
    "Flatten",
    "GlobalAveragePooling2D",
    "GroupNormalization",
    "LayerNormalization",
    "MaxPooling2D",
    "Merge",
    "Multiply",
    "Normalization",
    "Pooling2D",
    "Reshape",
    "Shape",
    "Variable",
    "WithKernel",
    "describe",
]
