"""Each kind of layer in operations of ONNX that most runtimes know and compute rightly.

A new kind is a function here and its place in ``_WRITERS``. Which runtimes take what is in ``docs/serving.md``,
measured by ``bench/onnx_runtimes``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np

from normlab.spec import PlannedLayer
from normlab.spec.fields import Activation
from normlab.spec.layers import (
    ActivationLayer,
    Add,
    AveragePooling2D,
    BaseLayer,
    BatchNormalization,
    Concatenate,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    GroupNormalization,
    LayerNormalization,
    MaxPooling2D,
    Merge,
    Multiply,
    Pooling2D,
    Reshape,
    Shape,
)
from normlab.training.export.onnx_graph import Graph, Value
from normlab.training.layers.network import Array


@dataclass(frozen=True)
class _Planned:
    """A layer to write, with its variables by their names."""

    layer: Any
    output_shape: Shape
    variables: Mapping[str, Array]


def add_layer(
    graph: Graph, entering: Sequence[Value], planned: PlannedLayer, variables: Mapping[str, Array]
) -> Value:
    """Add a layer as it is in inference; ``variables`` are its own, by Keras's names."""
    graph.layer = planned.name
    layer = planned.layer
    if isinstance(layer, Merge):
        return _MERGES[type(layer)](graph, graph.aligned(entering), planned.output_shape)
    (x,) = entering
    return _WRITERS[type(layer)](graph, x, _Planned(layer, planned.output_shape, variables))


def _reshape(graph: Graph, x: Value, planned: _Planned) -> Value:
    return graph.reshape(x, planned.output_shape)


def _dense(graph: Graph, x: Value, planned: _Planned) -> Value:
    # As a product of two matrices: OpenCV refuses more dimensions.
    rows = graph.reshape(x, x.shape[-1:])
    operation = "Gemm" if planned.layer.use_bias else "MatMul"
    kernel = graph.constant(planned.variables["kernel"])
    product = graph.node(operation, rows.name, kernel, *_bias(graph, planned))
    y = graph.reshape(Value(product, planned.output_shape[-1:]), planned.output_shape)
    return _activate(graph, y, planned.layer.activation)


def _conv2d(graph: Graph, x: Value, planned: _Planned) -> Value:
    layer: Conv2D = planned.layer
    kernel = planned.variables["kernel"]  # (height, width, channels, filters)
    window = [
        (size - 1) * dilation + 1
        for size, dilation in zip(layer.kernel_size, layer.dilation_rate, strict=True)
    ]
    convolved = graph.node(
        "Conv",
        graph.channels_first(x).name,
        graph.constant(kernel.transpose(3, 2, 0, 1)),
        *_bias(graph, planned),
        kernel_shape=layer.kernel_size,
        strides=layer.strides,
        dilations=layer.dilation_rate,
        pads=_pads(x.shape, window, layer.strides, layer.padding),
    )
    return _activate(graph, Value(convolved, planned.output_shape, channels_first=True), layer.activation)


def _bias(graph: Graph, planned: _Planned) -> list[str]:
    return [graph.constant(planned.variables["bias"])] if planned.layer.use_bias else []


def _pool(operation: str, **attributes: Any) -> "_Writer":
    def write(graph: Graph, x: Value, planned: _Planned) -> Value:
        layer: Pooling2D = planned.layer
        strides = layer.strides or layer.pool_size
        pooled = graph.node(
            operation,
            graph.channels_first(x).name,
            kernel_shape=layer.pool_size,
            strides=strides,
            pads=_pads(x.shape, layer.pool_size, strides, layer.padding),
            **attributes,
        )
        return Value(pooled, planned.output_shape, channels_first=True)

    return write


def _pads(shape: Shape, window: Any, strides: Any, padding: str) -> list[int]:
    """How far the windows reach over the image's edges, the odd pixel at the end: top, left, bottom, right."""
    if padding == "valid":
        return [0, 0, 0, 0]
    totals = [
        max((-(-size // stride) - 1) * stride + length - size, 0)
        for size, length, stride in zip(shape[:2], window, strides, strict=True)
    ]
    return [*(total // 2 for total in totals), *(total - total // 2 for total in totals)]


def _global_average(graph: Graph, x: Value, planned: _Planned) -> Value:
    axes = [2, 3] if x.channels_first else [1, 2]
    return Value(graph.node("ReduceMean", x.name, axes=axes, keepdims=0), planned.output_shape)


def _batch_normalization(graph: Graph, x: Value, planned: _Planned) -> Value:
    mean, variance = planned.variables["moving_mean"], planned.variables["moving_variance"]
    gamma, beta = planned.variables.get("gamma", np.float32(1)), planned.variables.get("beta", np.float32(0))
    factor = gamma / np.sqrt(variance + np.float32(planned.layer.epsilon))
    return graph.channelwise("Add", graph.channelwise("Mul", x, factor), beta - mean * factor)


def _layer_normalization(graph: Graph, x: Value, planned: _Planned) -> Value:
    x = graph.channels_last(x)
    normalized = _normalize(graph, x.name, [len(x.shape)], planned.layer.epsilon)
    return _scale_and_center(graph, replace(x, name=normalized), planned.variables, x.shape[-1:])


def _group_normalization(graph: Graph, x: Value, planned: _Planned) -> Value:
    # Over axes 1 and 3 of four: OpenCV computes means over axes 1, 2 and 4 of five wrongly.
    *places, channels = x.shape
    groups = (planned.layer.groups, channels // planned.layer.groups)
    grouped = graph.reshape(x, (prod(places), *groups))
    normalized = _normalize(graph, grouped.name, [1, 3], planned.layer.epsilon)
    scaled = _scale_and_center(graph, replace(grouped, name=normalized), planned.variables, groups)
    return graph.reshape(scaled, x.shape)


def _normalize(graph: Graph, x: str, axes: list[int], epsilon: float) -> str:
    """``(x - mean) / sqrt(variance + epsilon)`` over these axes."""
    centered = graph.node("Sub", x, graph.node("ReduceMean", x, axes=axes, keepdims=1))
    squares = graph.node("Mul", centered, centered)
    variance = graph.node("ReduceMean", squares, axes=axes, keepdims=1)
    deviation = graph.node("Sqrt", graph.node("Add", variance, graph.scalar(epsilon)))
    return graph.node("Div", centered, deviation)


def _scale_and_center(graph: Graph, x: Value, variables: Mapping[str, Array], shape: Shape) -> Value:
    for operation, name in (("Mul", "gamma"), ("Add", "beta")):
        if name in variables:
            x = replace(x, name=graph.node(operation, x.name, graph.constant(variables[name].reshape(shape))))
    return x


def _elementwise(operation: str) -> "_MergeWriter":
    def write(graph: Graph, values: Sequence[Value], shape: Shape) -> Value:
        # Two at a time: ONNX has a sum of many, which stretches nothing in some runtimes, and no such product.
        first, *others = (value.name for value in values)
        for other in others:
            first = graph.node(operation, first, other)
        return replace(values[0], name=first, shape=shape)

    return write


def _concatenate(graph: Graph, values: Sequence[Value], shape: Shape) -> Value:
    axis = 1 if values[0].channels_first else len(shape)
    joined = graph.node("Concat", *(value.name for value in values), axis=axis)
    return replace(values[0], name=joined, shape=shape)


def _activation(graph: Graph, x: Value, planned: _Planned) -> Value:
    layer: ActivationLayer = planned.layer
    if layer.negative_slope is not None:
        return replace(x, name=graph.node("LeakyRelu", x.name, alpha=float(layer.negative_slope)))
    return _activate(graph, x, layer.activation)


def _activate(graph: Graph, x: Value, activation: Activation) -> Value:
    """An activation that takes no slope."""
    return replace(x, name=_ACTIVATIONS[activation](graph, x.name))


def _gelu(graph: Graph, x: str) -> str:
    """``x / 2 * (1 + erf(x / sqrt(2)))``."""
    erf = graph.node("Erf", graph.node("Mul", x, graph.scalar(0.5**0.5)))
    half = graph.node("Mul", x, graph.scalar(0.5))
    return graph.node("Mul", half, graph.node("Add", erf, graph.scalar(1)))


def _node(operation: str, **attributes: Any) -> Callable[[Graph, str], str]:
    return lambda graph, x: graph.node(operation, x, **attributes)


_ACTIVATIONS: Mapping[Activation, Callable[[Graph, str], str]] = {
    Activation.LINEAR: lambda _graph, x: x,
    Activation.RELU: _node("Relu"),
    Activation.ELU: _node("Elu"),
    Activation.SELU: _node("Selu"),
    Activation.GELU: _gelu,
    Activation.SILU: lambda graph, x: graph.node("Mul", x, graph.node("Sigmoid", x)),
    Activation.MISH: lambda graph, x: graph.node("Mul", x, graph.node("Tanh", graph.node("Softplus", x))),
    Activation.SOFTPLUS: _node("Softplus"),
    Activation.SOFTSIGN: _node("Softsign"),
    Activation.SIGMOID: _node("Sigmoid"),
    Activation.HARD_SIGMOID: _node("HardSigmoid", alpha=1 / 6, beta=0.5),
    Activation.TANH: _node("Tanh"),
}

_Writer = Callable[[Graph, Value, _Planned], Value]
_MergeWriter = Callable[[Graph, Sequence[Value], Shape], Value]

_WRITERS: Mapping[type[BaseLayer], _Writer] = {
    Flatten: _reshape,
    Reshape: _reshape,
    Dense: _dense,
    Conv2D: _conv2d,
    MaxPooling2D: _pool("MaxPool"),
    AveragePooling2D: _pool("AveragePool", count_include_pad=0),
    GlobalAveragePooling2D: _global_average,
    BatchNormalization: _batch_normalization,
    LayerNormalization: _layer_normalization,
    GroupNormalization: _group_normalization,
    ActivationLayer: _activation,
    Dropout: lambda _graph, x, _planned: x,
}

_MERGES: Mapping[type[Merge], _MergeWriter] = {
    Add: _elementwise("Add"),
    Multiply: _elementwise("Mul"),
    Concatenate: _concatenate,
}
