"""The same network in layers that Keras has, so that whoever opens its file needs nothing of Normlab.

A layer that Keras lacks becomes one or several of Keras's that give the same in inference; several are a network of
their own in its place, by its name. What is left of how it trains is said at each; ``docs/networks.md`` has the table.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from normlab.spec.plan import PREPARATION_LAYER
from normlab.training.layers.attention import SelfAttention
from normlab.training.layers.filter_response_normalization import FilterResponseNormalization
from normlab.training.layers.ghost_batch_normalization import GhostBatchNormalization
from normlab.training.layers.kernels import MatrixOrthogonality, NormalizedKernel, SpectrallyNormalized
from normlab.training.layers.local_response_normalization import LocalResponseNormalization, neighbours
from normlab.training.layers.network import Array
from normlab.training.layers.preparation import TablePreparation
from normlab.training.layers.scale_and_bias import BiasOnly, ScaleOnly
from normlab.training.layers.table_constants import TableConstants


def plain(network: keras.Model) -> keras.Model:
    """A copy of the network, its variables' values included."""
    made: dict[str, layers.Layer] = {}

    def copy(layer: layers.Layer) -> layers.Layer:
        writer = next((write for kind, write in _PLAIN.items() if isinstance(layer, kind)), _same)
        made[layer.name] = copied = writer(layer)
        return copied

    copied = keras.models.clone_model(network, clone_function=copy)
    for name, layer in made.items():
        if not isinstance(network.get_layer(name), tuple(_PLAIN)):
            layer.set_weights(network.get_layer(name).get_weights())
    return copied


def _same(layer: layers.Layer) -> layers.Layer:
    copied: layers.Layer = type(layer).from_config(_without_ours(layer))
    return copied


def _without_ours(layer: layers.Layer) -> dict[str, Any]:
    """A layer's options without our penalty, which Keras has for matrices alone."""
    config: dict[str, Any] = layer.get_config()
    for name in [name for name in config if name.endswith("regularizer")]:
        if isinstance(getattr(layer, name), MatrixOrthogonality):
            config[name] = None
    return config


def _composed(layer: layers.Layer, function: Callable[[Any], Any]) -> keras.Model:
    """A network in the place of a layer; names are given: Keras counts what has none."""
    inputs = keras.Input(layer.input.shape[1:], name="input")
    composed = keras.Model(inputs, function(inputs), name=layer.name)
    for number, operation in enumerate(composed.operations):
        if not isinstance(operation, layers.Layer):
            operation.name = f"operation_{number}"
    return composed


def _filled(layer: layers.Layer, shape: Any, **values: Any) -> layers.Layer:
    """A layer that is built for a shape and has these values."""
    layer.build(shape)
    for name, value in values.items():
        getattr(layer, name).assign(value)
    return layer


def _channelwise(name: str, shape: Any, **values: Any) -> layers.Layer:
    """``gamma * x + beta`` of each channel: batch normalization of mean 0, variance 1 and epsilon 0 in inference."""
    parts = {"center": "beta" in values, "scale": "gamma" in values}
    return _filled(layers.BatchNormalization(epsilon=0.0, **parts, name=name), shape, **values)


def _scale(layer: ScaleOnly) -> layers.Layer:
    """What trains on has statistics of batches: the file has no layer that is only a scale."""
    return _channelwise(layer.name, layer.input.shape, gamma=_for_each(layer.gamma, layer))


def _bias(layer: BiasOnly) -> layers.Layer:
    """See ``_scale``."""
    return _channelwise(layer.name, layer.input.shape, beta=_for_each(layer.beta, layer))


def _for_each(value: Any, layer: layers.Layer) -> Any:
    """A number for each channel, where it may be one for all."""
    return np.broadcast_to(np.asarray(value), layer.input.shape[-1:])


def _ghost(layer: GhostBatchNormalization) -> layers.Layer:
    """What trains on has statistics of whole batches."""
    config = layer.get_config()
    del config["virtual_batch_size"]
    copied = layers.BatchNormalization.from_config(config)
    copied.build(layer.input.shape)
    copied.set_weights(layer.get_weights())
    return copied


def _filter_response(layer: FilterResponseNormalization) -> layers.Layer:
    """Mean squares by global pooling, and a maximum with tau by ReLU of y - tau. Keras's RMS normalization over two
    axes multiplies by its scale along others."""
    shape = layer.input.shape
    beta, tau = np.asarray(layer.beta), None if layer.tau is None else np.asarray(layer.tau)

    def function(x: Any) -> Any:
        squares = layers.Multiply(name="squares")([x, x])
        mean_square = layers.GlobalAveragePooling2D(keepdims=True, name="mean_square")(squares)
        factor = ops.power(mean_square + layer.epsilon, -0.5)
        x = layers.Multiply(name="normalized")([x, factor])
        shift = beta if tau is None else beta - tau
        x = _channelwise("affine", shape, gamma=layer.gamma, beta=shift)(x)
        if tau is not None:
            x = _channelwise("threshold", shape, beta=tau)(layers.ReLU(name="relu")(x))
        return x

    return _composed(layer, function)


def _local_response(layer: LocalResponseNormalization) -> layers.Layer:
    """The sums of squares by a dense layer, and their power by one of Keras's operations."""
    shape = layer.input.shape
    near = layer.alpha * neighbours(shape[-1], layer.depth_radius)
    sums = layers.Dense(shape[-1], name="sums", trainable=False)

    def function(x: Any) -> Any:
        _filled(sums, shape, kernel=near, bias=np.full(shape[-1], layer.bias))
        squares = layers.Multiply(name="squares")([x, x])
        return layers.Multiply(name="normalized")([x, ops.power(sums(squares), -layer.beta)])

    return _composed(layer, function)


def _attention(layer: SelfAttention) -> layers.Layer:
    """Keras's own layer, whose three inputs are one."""
    config = layer.get_config() | {"name": "attention"}

    def function(x: Any) -> Any:
        attention = layers.MultiHeadAttention.from_config(config)
        outputs = attention(x, x)
        attention.set_weights(layer.get_weights())
        return outputs

    return _composed(layer, function)


def _table(layer: TablePreparation) -> layers.Layer:
    """Keras's operations, with means and deviations as constants: its ``Normalization`` takes no deviation below 1e-7.
    An embedding is a dense layer on 0 and 1."""
    table, made, values_of = layer.table, TableConstants.of(layer.table), layer.embeddings
    dense = {
        item.embedding: layers.Dense(item.width, use_bias=False, name=item.embedding)
        for item in table.categories
        if item.embedding is not None
    }

    def numbers(x: Any) -> Iterator[Any]:
        mean, deviation = np.asarray(layer.mean), np.asarray(layer.deviation)
        x = ops.take(x, made.numbers, axis=1)
        missing = ops.isnan(x)
        yield ops.divide(ops.subtract(ops.where(missing, mean, x), mean), deviation)
        if table.indicators:
            yield ops.cast(ops.take(missing, made.indicators, axis=1), "float32")

    def categories(x: Any) -> Iterator[Any]:
        x = ops.take(x, made.categories, axis=1)
        known = ops.logical_and(ops.greater_equal(x, 0.0), ops.less(x, made.counts))
        spread = ops.take(ops.where(known, x, made.otherwise), made.column_of_value, axis=1)
        values = ops.cast(ops.equal(spread, made.values), "float32")
        for item in table.categories:
            own = values[:, item.first : item.first + item.values]
            if item.embedding is not None:
                _filled(dense[item.embedding], own.shape, kernel=values_of[item.embedding])
            yield own if item.embedding is None else dense[item.embedding](own)

    def function(x: Any) -> Any:
        parts = [*(numbers(x) if table.numbers else ()), *(categories(x) if table.categories else ())]
        return parts[0] if len(parts) == 1 else layers.Concatenate(name="prepared")(parts)

    return _composed(layer, function)


def table_statistics(network: keras.Model) -> tuple[Array, Array]:
    """The means and deviations in a network on a table, ours or a plain one, (numbers,) each."""
    layer = network.get_layer(PREPARATION_LAYER)
    if isinstance(layer, TablePreparation):
        found = (layer.mean, layer.deviation) if layer.table.numbers else ((), ())
    else:
        second = {
            type(operation).__name__: operation._inbound_nodes[0].arguments.args[1]  # there is no public way
            for operation in layer.operations
            if type(operation).__name__ in {"Subtract", "Divide"}
        }
        found = second.get("Subtract", ()), second.get("Divide", ())
    mean, deviation = (np.asarray(values, np.float32) for values in found)
    return mean, deviation


def _kernel(layer: layers.Layer) -> layers.Layer:
    """The kernel as it is used, in the layer that it is in: what trains on trains it without its normalization."""
    base: Any = next(kind for kind in type(layer).mro() if kind.__module__.startswith("keras."))
    copied = base.from_config(_without_ours(layer))
    copied.build(layer.input.shape)
    copied.kernel.assign(layer.kernel)
    if copied.bias is not None:
        copied.bias.assign(layer.bias)
    return copied


_PLAIN: Mapping[type, Callable[[Any], layers.Layer]] = {
    BiasOnly: _bias,
    FilterResponseNormalization: _filter_response,
    GhostBatchNormalization: _ghost,
    LocalResponseNormalization: _local_response,
    NormalizedKernel: _kernel,
    ScaleOnly: _scale,
    SelfAttention: _attention,
    SpectrallyNormalized: _kernel,
    TablePreparation: _table,
}
"""How each of our layers is written."""
