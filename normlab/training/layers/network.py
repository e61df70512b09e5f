"""A spec's layers as a Keras network, and its initial weights, each kernel from a stream of its own."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from normlab.spec import PlannedLayer
from normlab.spec.graph import flow
from normlab.spec.layers import Merge, Preparation
from normlab.spec.plan import OUTPUT_LAYER, predicts_numbers
from normlab.training.layers.builders import KERAS, Classes, build_layer
from normlab.training.layers.kernels import build_initializer, norms
from normlab.training.seeds import Role, derive
from normlab.training.targets import TargetScale

Array = npt.NDArray[Any]


def build_network(
    planned: Sequence[PlannedLayer],
    dtype_policy: str,
    classes: Classes = KERAS,
) -> keras.Model:
    """The network that training works on: scaled pixels in, class probabilities out, or standardized numbers.

    The output layer computes in the policy's variable dtype, since a softmax in 16 bits loses small probabilities, and
    so does what prepares a table, whose values may have any size.
    """
    inputs = keras.Input(planned[0].input_shape, name="pixels")
    output_dtype = keras.dtype_policies.get(dtype_policy).variable_dtype

    def build(item: PlannedLayer) -> keras.layers.Layer:
        if isinstance(item.layer, Preparation):
            return build_layer(item, output_dtype, classes)
        if item is not planned[-1]:
            return build_layer(item, dtype_policy, classes)
        activation = "linear" if predicts_numbers(planned) else "softmax"
        return keras.layers.Dense(
            item.output_shape[-1], activation=activation, name=item.name, dtype=output_dtype
        )

    outputs = flow(planned, inputs, lambda item, values: build(item)(entering(item, values)))
    return keras.Model(inputs, outputs)


def raw_dtype(planned: Sequence[PlannedLayer]) -> tf.DType:
    """The type of a network's data as they lie in the mapped file: bytes of pixels, or the values of a table."""
    return tf.float32 if isinstance(planned[0].layer, Preparation) else tf.uint8


def entering(item: PlannedLayer, values: Sequence[Any]) -> Any:
    """What Keras's layer takes of the values that enter a planned one: the only one, or all that it merges."""
    return list(values) if isinstance(item.layer, Merge) else values[0]


def built_layers(network: keras.Model) -> dict[str, keras.layers.Layer]:
    """A network's layers by their names."""
    return {layer.name: layer for layer in network.layers}


@contextmanager
def full_precision(network: keras.Model) -> Iterator[None]:
    """Let a network's layers compute in the type of their variables, as they do where it serves and is exported.

    Otherwise the figures of a network of a mixed policy would not be those of the network that is exported.
    """
    # Also of the layers in others, such as the four of an attention.
    policies = [(layer, layer.dtype_policy) for layer in network._flatten_layers(include_self=False)]
    try:
        for layer, policy in policies:
            layer.dtype_policy = policy.variable_dtype
        yield
    finally:
        for layer, policy in policies:
            layer.dtype_policy = policy


def build_serving_network(planned: Sequence[PlannedLayer], pixel_max: int) -> keras.Model:
    """The same network for raw pixels: the division by ``pixel_max`` is its first layer."""
    trained = build_network(planned, "float32")
    inputs = keras.Input(planned[0].input_shape, name="raw_pixels", dtype="float32")
    scaled = keras.layers.Rescaling(1 / pixel_max, name="rescaling")(inputs)
    built = built_layers(trained)
    outputs = flow(planned, scaled, lambda item, values: built[item.name](entering(item, values)))
    return keras.Model(inputs, outputs, name="network")  # without a name Keras counts, and files differ


def answer_in_the_targets_unit(network: keras.Model, scale: TargetScale) -> None:
    """Let a network's output layer, which gives standardized numbers, give them in the target's own unit."""
    output = network.get_layer(OUTPUT_LAYER)
    output.set_weights(scale.raw_output(*output.get_weights()))


def initial_weights(network: keras.Model, planned: Sequence[PlannedLayer], seed: int) -> list[Array]:
    """Initial values for ``network.weights``, in their order.

    A kernel's stream is derived from the seed, its initializer, its shape, and how many such kernels came
    before it in the plan: arms that differ elsewhere start from the same kernels wherever shape and initializer agree.
    """
    occurrences: dict[tuple[object, ...], int] = {}
    built = built_layers(network)
    values: dict[int, Array] = {}
    for item in planned:
        made: dict[str, Array] = {}
        for name, weight in weights_of(built[item.name]):
            (variable,) = (variable for variable in item.variables if variable.name == name)
            if variable.initializer is not None:
                key = (str(variable.initializer), tuple(weight.shape))
                occurrences[key] = occurrences.get(key, 0) + 1
                stream = derive(seed, Role.KERNEL, *key, occurrences[key])
                draw = build_initializer(variable.initializer, stream)
                made[name] = np.asarray(draw(tuple(weight.shape), dtype=weight.dtype))
            elif variable.norms_of is not None:
                made[name] = np.asarray(norms(made[variable.norms_of]))
            else:
                made[name] = np.full(weight.shape, variable.initial, weight.dtype)
            values[id(weight)] = made[name]
    return [values[id(weight)] for weight in network.weights]  # with branches Keras has an order of its own


def weights_of(layer: keras.layers.Layer) -> Iterator[tuple[str, keras.Variable]]:
    """A layer's variables with their names, of a layer in it with that before: ``kernel``, ``query/kernel``."""
    for weight in layer.weights:
        yield weight.path.split("/", 1)[1], weight


def kernel_digests(network: keras.Model) -> dict[str, str]:
    """``sha256:…`` of each kernel's bytes, by its layer's name; of one of several, its own name is behind that."""
    return {
        layer.name if name == "kernel" else f"{layer.name}/{name}": (
            f"sha256:{hashlib.sha256(np.asarray(weight).tobytes()).hexdigest()}"
        )
        for layer in network.layers
        for name, weight in weights_of(layer)
        if name.endswith("kernel")
    }
