"""A spec's layers as Keras's: the class that the spec names, with the spec's fields as its arguments."""

from collections.abc import Callable, Mapping
from typing import Any

import keras

from normlab.spec import PlannedLayer
from normlab.spec.layers import (
    ActivationLayer,
    BaseLayer,
    BatchNormalization,
    BatchRenormalization,
    InstanceNormalization,
    MultiHeadAttention,
    Noise,
    Preparation,
    WithActivation,
    WithKernelOptions,
)
from normlab.training.compiled.executors import Executor
from normlab.training.layers.attention import SelfAttention
from normlab.training.layers.batch_normalization import FusedBatchNormalization
from normlab.training.layers.filter_response_normalization import FilterResponseNormalization
from normlab.training.layers.ghost_batch_normalization import GhostBatchNormalization
from normlab.training.layers.graph_convolutions import GraphConv1D, GraphConv2D
from normlab.training.layers.kernels import build_constraint, build_regularizer, with_normalized_kernel
from normlab.training.layers.local_response_normalization import LocalResponseNormalization
from normlab.training.layers.noise import (
    VectorizedDropout,
    VectorizedGaussianDropout,
    VectorizedGaussianNoise,
    VectorizedSpatialDropout2D,
)
from normlab.training.layers.preparation import TablePreparation
from normlab.training.layers.scale_and_bias import BiasOnly, ScaleOnly
from normlab.training.layers.unit_normalization import SafeUnitNormalization

Arguments = dict[str, Any]

Classes = Mapping[str, type[keras.layers.Layer]]
"""Classes that take the place of Keras's own, by the names of these."""

KERAS: Classes = {}
"""Keras's own: what serves and is exported."""

OURS: Classes = {
    made.__name__: made
    for made in (
        BiasOnly,
        FilterResponseNormalization,
        GhostBatchNormalization,
        LocalResponseNormalization,
        ScaleOnly,
    )
} | {"MultiHeadAttention": SelfAttention, "Preparation": TablePreparation}
"""What Keras has not: each is also exported, as layers that Keras has (``normlab/training/export/plain.py``)."""

_FASTER: Mapping[Executor, Classes] = {
    Executor.XLA: {
        "Dropout": VectorizedDropout,
        "SpatialDropout2D": VectorizedSpatialDropout2D,
        "GaussianDropout": VectorizedGaussianDropout,
        "GaussianNoise": VectorizedGaussianNoise,
        "UnitNormalization": SafeUnitNormalization,
    },
    Executor.GRAPH: {
        "BatchNormalization": FusedBatchNormalization,
        "Conv1D": GraphConv1D,
        "Conv2D": GraphConv2D,
    },
}


def training_classes(executor: Executor) -> Classes:
    """The classes to train with: of the same arithmetic as Keras's, where an executor runs them faster, or rightly."""
    return _FASTER[executor]


def build_layer(planned: PlannedLayer, dtype_policy: str, classes: Classes) -> keras.layers.Layer:
    """The Keras layer of a planned one, not yet built for an input."""
    layer = planned.layer
    name, arguments = layer.keras_class, _of_kernels(planned)
    for kind, adapt in _ADAPTERS.items():
        if isinstance(layer, kind):
            name, arguments = adapt(name, arguments)
    made = classes.get(name) or OURS.get(name) or getattr(keras.layers, name)
    if isinstance(layer, WithKernelOptions) and layer.kernel_normalization is not None:
        made = with_normalized_kernel(made, layer.kernel_normalization)
    return made(**arguments, name=planned.name, dtype=dtype_policy)


def _of_kernels(planned: PlannedLayer) -> Arguments:
    """A layer's fields, and what they ask of its kernels as Keras's objects."""
    arguments: Arguments = {}
    for field, value in planned.layer:
        match field.rpartition("_")[2]:
            case "type" | "normalization":
                continue
            case "initializer":
                arguments[field] = "zeros"  # the values are set before each run: see initial_weights
            case "regularizer":
                arguments[field] = build_regularizer(value)
            case "constraint" if isinstance(planned.layer, WithActivation):
                kernel, *_ = planned.layer.kernels(planned.input_shape)
                arguments[field] = build_constraint(value, len(kernel.shape))
            case _:
                arguments[field] = value
    return arguments


def _activation(name: str, arguments: Arguments) -> tuple[str, Arguments]:
    slope = arguments["negative_slope"]
    if slope is not None:
        return "LeakyReLU", {"negative_slope": slope}
    return name, {"activation": str(arguments["activation"])}


def _with_activation(name: str, arguments: Arguments) -> tuple[str, Arguments]:
    return name, arguments | {"activation": str(arguments["activation"])}


def _noise(name: str, arguments: Arguments) -> tuple[str, Arguments]:
    # The seed is set with the other state before each run: see Program.reset.
    return name, arguments | {"seed": 0}


def _batch_normalization(name: str, arguments: Arguments) -> tuple[str, Arguments]:
    size = arguments.pop("virtual_batch_size")
    return (
        (name, arguments)
        if size is None
        else ("GhostBatchNormalization", arguments | {"virtual_batch_size": size})
    )


def _batch_renormalization(name: str, arguments: Arguments) -> tuple[str, Arguments]:
    bounds = {bound: arguments.pop(bound) for bound in ("rmax", "rmin", "dmax")}
    clipping = {bound: value for bound, value in bounds.items() if value is not None}
    return name, arguments | {"renorm": True, "renorm_clipping": clipping}


def _instance_normalization(name: str, arguments: Arguments) -> tuple[str, Arguments]:
    return name, arguments | {"groups": -1}


def _preparation(name: str, arguments: Arguments) -> tuple[str, Arguments]:
    return name, {"columns": [column.form for column in arguments["columns"]]}


_ADAPTERS: Mapping[type[BaseLayer], Callable[[str, Arguments], tuple[str, Arguments]]] = {
    ActivationLayer: _activation,
    BatchNormalization: _batch_normalization,
    BatchRenormalization: _batch_renormalization,
    InstanceNormalization: _instance_normalization,
    MultiHeadAttention: _noise,
    Noise: _noise,
    Preparation: _preparation,
    WithActivation: _with_activation,
}
"""The kinds whose fields are not simply the arguments of Keras's class."""
