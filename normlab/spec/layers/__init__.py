"""The layers that an architecture is made of, with Keras's own names and parameters.

A new kind is a class in one of these files and its place in the union below. Nothing else needs to know of it, unless
Keras's layer takes other arguments than the class has fields: then ``normlab/training/layers/builders.py`` says so.
"""

from normlab.spec.kinds import kinds_of
from normlab.spec.layers.attention import MultiHeadAttention
from normlab.spec.layers.base import BaseLayer, Facet, Shape, Variable, describe
from normlab.spec.layers.convolution import Conv1D, Conv2D, DepthwiseConv2D, SeparableConv2D
from normlab.spec.layers.core import ActivationLayer, Dense, Flatten, PReLU, Reshape
from normlab.spec.layers.merge import MERGES, Add, Concatenate, Merge, Multiply
from normlab.spec.layers.noise import Dropout, GaussianDropout, GaussianNoise, Noise, SpatialDropout2D
from normlab.spec.layers.normalization import (
    BatchNormalization,
    BatchRenormalization,
    GroupNormalization,
    InstanceNormalization,
    LayerNormalization,
    Normalization,
    WithMovingStatistics,
)
from normlab.spec.layers.pooling import (
    AveragePooling2D,
    GlobalAveragePooling2D,
    GlobalMaxPooling2D,
    MaxPooling2D,
    Pooling2D,
)
from normlab.spec.layers.preparation import Preparation
from normlab.spec.layers.resizing import UpSampling2D, ZeroPadding2D
from normlab.spec.layers.responses import (
    BiasOnly,
    FilterResponseNormalization,
    LocalResponseNormalization,
    RMSNormalization,
    ScaleOnly,
    UnitNormalization,
)
from normlab.spec.layers.with_kernel import WithActivation, WithKernel, WithKernelOptions

AnyLayer = (
    Flatten
    | Reshape
    | Dense
    | Conv2D
    | DepthwiseConv2D
    | SeparableConv2D
    | Conv1D
    | MaxPooling2D
    | AveragePooling2D
    | GlobalAveragePooling2D
    | GlobalMaxPooling2D
    | ZeroPadding2D
    | UpSampling2D
    | BatchNormalization
    | BatchRenormalization
    | LayerNormalization
    | GroupNormalization
    | InstanceNormalization
    | RMSNormalization
    | UnitNormalization
    | FilterResponseNormalization
    | LocalResponseNormalization
    | ScaleOnly
    | BiasOnly
    | ActivationLayer
    | PReLU
    | Dropout
    | SpatialDropout2D
    | GaussianDropout
    | GaussianNoise
    | MultiHeadAttention
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
    "BatchRenormalization",
    "BiasOnly",
    "Concatenate",
    "Conv1D",
    "Conv2D",
    "Dense",
    "DepthwiseConv2D",
    "Dropout",
    "Facet",
    "FilterResponseNormalization",
    "Flatten",
    "GaussianDropout",
    "GaussianNoise",
    "GlobalAveragePooling2D",
    "GlobalMaxPooling2D",
    "GroupNormalization",
    "InstanceNormalization",
    "LayerNormalization",
    "LocalResponseNormalization",
    "MaxPooling2D",
    "Merge",
    "MultiHeadAttention",
    "Multiply",
    "Noise",
    "Normalization",
    "PReLU",
    "Pooling2D",
    "Preparation",
    "RMSNormalization",
    "Reshape",
    "ScaleOnly",
    "SeparableConv2D",
    "Shape",
    "SpatialDropout2D",
    "UnitNormalization",
    "UpSampling2D",
    "Variable",
    "WithActivation",
    "WithKernel",
    "WithKernelOptions",
    "WithMovingStatistics",
    "ZeroPadding2D",
    "describe",
]
