"""A spec's layers as Keras's: the class that the spec names, with the spec's fields as its arguments."""

from collections.abc import Callable, Mapping
from typing import Any

import keras

from normlab.spec import PlannedLayer
from normlab.spec.layers import ActivationLayer, BaseLayer, Dropout, WithKernel
from normlab.training.compiled.executors import Executor
from normlab.training.layers.batch_normalization import FusedBatchNormalization
from normlab.training.layers.dropout import VectorizedDropout

Arguments = dict[str, Any]

Classes = Mapping[str, type[keras.layers.Layer]]
"""Classes that take the place of Keras's own, by the names of these."""

KERAS: Classes = {}
"""Keras's own: what serves and is exported."""

_FASTER: Mapping[Executor, Classes] = {
    Executor.XLA: {"Dropout": VectorizedDropout},
    Executor.GRAPH: {"BatchNormalization": FusedBatchNormalization},
}


def training_classes(executor: Executor) -> Classes:
    """The classes to train with: of the same arithmetic as Keras's, where an executor runs them faster."""
    return _FASTER[executor]


def build_layer(planned: PlannedLayer, dtype_policy: str, classes: Classes) -> keras.layers.Layer:
    """The Keras layer of a planned one, not yet built for an input."""
    layer = planned.layer
    name, arguments = layer.keras_class, {field: value for field, value in layer if field != "type"}
    for kind, adapt in _ADAPTERS.items():
        if isinstance(layer, kind):
            name, arguments = adapt(name, arguments)
    made = classes.get(name) or getattr(keras.layers, name)
    return made(**arguments, name=planned.name, dtype=dtype_policy)


def _activation(name: str, arguments: Arguments) -> tuple[str, Arguments]:
    slope = arguments["negative_slope"]
    if slope is not None:
        return "LeakyReLU", {"negative_slope": slope}
    return name, {"activation": str(arguments["activation"])}


def _with_kernel(name: str, arguments: Arguments) -> tuple[str, Arguments]:
    penalty = arguments["kernel_regularizer"]
    return name, arguments | {
        "activation": str(arguments["activation"]),
        "kernel_initializer": "zeros",  # the values are set before each run: see initial_weights
        "kernel_regularizer": keras.regularizers.L2(penalty.l2) if penalty else None,
    }


def _dropout(name: str, arguments: Arguments) -> tuple[str, Arguments]:
    # The seed is set with the other state before each run: see Program.reset.
    return name, arguments | {"seed": 0}


_ADAPTERS: Mapping[type[BaseLayer], Callable[[str, Arguments], tuple[str, Arguments]]] = {
    ActivationLayer: _activation,
    Dropout: _dropout,
    WithKernel: _with_kernel,
}
"""The kinds whose fields are not simply the arguments of Keras's class."""
