"""A spec's layers as a Keras network, and its initial weights, each kernel from a stream of its own."""

import hashlib
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from normlab.spec import PlannedLayer
from normlab.spec.layers import (
    ActivationLayer,
    AveragePooling2D,
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    GroupNormalization,
    LayerNormalization,
    MaxPooling2D,
    Pooling2D,
    Reshape,
    WithKernel,
)
from normlab.training.layers.classes import KERAS, LayerClasses
from normlab.training.layers.seeds import Role, derive

Array = npt.NDArray[Any]


def build_network(
    planned: Sequence[PlannedLayer],
    dtype_policy: str,
    classes: LayerClasses = KERAS,
) -> keras.Model:
    """The network that training works on: scaled pixels in, class probabilities out.

    The output layer computes in the policy's variable dtype, since a softmax in 16 bits loses small probabilities.
    """
    inputs = keras.Input(planned[0].input_shape, name="pixels")
    x = inputs
    for item in planned[:-1]:
        x = _keras_layer(item, dtype_policy, classes)(x)
    output_dtype = keras.dtype_policies.get(dtype_policy).variable_dtype
    outputs = keras.layers.Dense(
        planned[-1].output_shape[-1], activation="softmax", name=planned[-1].name, dtype=output_dtype
    )(x)
    return keras.Model(inputs, outputs)


def build_serving_network(planned: Sequence[PlannedLayer], pixel_max: int) -> keras.Model:
    """The same network for raw pixels: the division by ``pixel_max`` is its first layer."""
    trained = build_network(planned, "float32")
    inputs = keras.Input(planned[0].input_shape, name="raw_pixels", dtype="float32")
    x = keras.layers.Rescaling(1 / pixel_max, name="rescaling")(inputs)
    for layer in trained.layers[1:]:
        x = layer(x)
    return keras.Model(inputs, x)


def initial_weights(network: keras.Model, planned: Sequence[PlannedLayer], seed: int) -> list[Array]:
    """Initial values for ``network.weights``, in their order.

    A kernel's stream is derived from the seed, its initializer, its shape, and how many such kernels came
    before it: arms that differ elsewhere start from the same kernels wherever shape and initializer agree.
    """
    occurrences: dict[tuple[object, ...], int] = {}
    initializers = {
        item.name: item.layer.kernel_initializer for item in planned if isinstance(item.layer, WithKernel)
    }
    values = []
    for layer in network.layers:
        for weight in layer.weights:
            if weight.name == "kernel":
                initializer = initializers[layer.name]
                key = (initializer, tuple(weight.shape))
                occurrences[key] = occurrences.get(key, 0) + 1
                stream = derive(seed, Role.KERNEL, *key, occurrences[key])
                values.append(_drawn(initializer, stream, weight))
            else:
                fill = np.ones if weight.name in ("gamma", "moving_variance") else np.zeros
                values.append(fill(weight.shape, weight.dtype))
    return values


def kernel_digests(network: keras.Model) -> dict[str, str]:
    """``sha256:…`` of each kernel's bytes, by its layer's name."""
    return {
        layer.name: f"sha256:{hashlib.sha256(np.asarray(weight).tobytes()).hexdigest()}"
        for layer in network.layers
        for weight in layer.weights
        if weight.name == "kernel"
    }


def _drawn(initializer: str, stream: int, weight: Any) -> Array:
    config = {} if initializer in ("zeros", "ones") else {"seed": stream}
    made = keras.initializers.deserialize({"class_name": initializer, "config": config})
    return np.asarray(made(tuple(weight.shape), dtype=weight.dtype))


def _keras_layer(item: PlannedLayer, dtype: str, classes: LayerClasses) -> keras.layers.Layer:
    common = {"name": item.name, "dtype": dtype}
    layer = item.layer
    match layer:
        case Flatten():
            return keras.layers.Flatten(**common)
        case Reshape():
            return keras.layers.Reshape(layer.target_shape, **common)
        case Dense():
            return keras.layers.Dense(layer.units, **_kernel_parameters(layer), **common)
        case Conv2D():
            return keras.layers.Conv2D(
                layer.filters,
                layer.kernel_size,
                strides=layer.strides,
                padding=layer.padding,
                dilation_rate=layer.dilation_rate,
                **_kernel_parameters(layer),
                **common,
            )
        case MaxPooling2D() | AveragePooling2D():
            return _pooling(layer, common)
        case GlobalAveragePooling2D():
            return keras.layers.GlobalAveragePooling2D(**common)
        case BatchNormalization():
            return classes.batch_normalization(
                momentum=layer.momentum,
                epsilon=layer.epsilon,
                center=layer.center,
                scale=layer.scale,
                **common,
            )
        case LayerNormalization():
            return keras.layers.LayerNormalization(
                epsilon=layer.epsilon, center=layer.center, scale=layer.scale, **common
            )
        case GroupNormalization():
            return keras.layers.GroupNormalization(
                layer.groups, epsilon=layer.epsilon, center=layer.center, scale=layer.scale, **common
            )
        case ActivationLayer():
            if layer.negative_slope is not None:
                return keras.layers.LeakyReLU(negative_slope=layer.negative_slope, **common)
            return keras.layers.Activation(str(layer.activation), **common)
        case Dropout():
            # The seed is set with the other state before each run: see Program.reset.
            return classes.dropout(layer.rate, seed=0, **common)
    raise AssertionError(f"no Keras layer for {item.name}")


def _kernel_parameters(layer: WithKernel) -> dict[str, Any]:
    return {
        "activation": str(layer.activation),
        "use_bias": layer.use_bias,
        "kernel_initializer": "zeros",  # the values are set before each run: see initial_weights
        "kernel_regularizer": keras.regularizers.L2(layer.kernel_regularizer.l2)
        if layer.kernel_regularizer
        else None,
    }


def _pooling(layer: Pooling2D, common: dict[str, Any]) -> keras.layers.Layer:
    made = keras.layers.MaxPooling2D if isinstance(layer, MaxPooling2D) else keras.layers.AveragePooling2D
    return made(pool_size=layer.pool_size, strides=layer.strides, padding=layer.padding, **common)
