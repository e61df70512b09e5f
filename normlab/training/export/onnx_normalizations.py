"""Normalizations in operations of ONNX, as they are in inference."""

from collections.abc import Mapping
from dataclasses import replace
from math import prod

import numpy as np

from normlab.spec.layers import FilterResponseNormalization, LocalResponseNormalization, Shape
from normlab.training.export.onnx_graph import Graph, Value
from normlab.training.export.onnx_planned import Planned
from normlab.training.layers.network import Array

_UNIT_EPSILON = 1e-12
"""Keras's: a length is at least this."""


def batch_normalization(graph: Graph, x: Value, planned: Planned) -> Value:
    """With the moving averages."""
    mean, variance = planned.variables["moving_mean"], planned.variables["moving_variance"]
    gamma, beta = planned.variables.get("gamma", np.float32(1)), planned.variables.get("beta", np.float32(0))
    factor = gamma / np.sqrt(variance + np.float32(planned.layer.epsilon))
    return graph.channelwise("Add", graph.channelwise("Mul", x, factor), beta - mean * factor)


def layer_normalization(graph: Graph, x: Value, planned: Planned) -> Value:
    """Over the last axis."""
    x = graph.channels_last(x)
    normalized = _normalize(graph, x.name, [len(x.shape)], planned.layer.epsilon)
    return _scale_and_center(graph, replace(x, name=normalized), planned.variables, x.shape[-1:])


def group_normalization(graph: Graph, x: Value, planned: Planned) -> Value:
    """Over groups of channels."""
    return _grouped(graph, x, planned, planned.layer.groups)


def instance_normalization(graph: Graph, x: Value, planned: Planned) -> Value:
    """With a group for each channel."""
    return _grouped(graph, x, planned, x.shape[-1])


def _grouped(graph: Graph, x: Value, planned: Planned, count: int) -> Value:
    """Over axes 1 and 3 of four: OpenCV computes means over axes 1, 2 and 4 of five wrongly."""
    *places, channels = x.shape
    groups = (count, channels // count)
    grouped = graph.reshape(x, (prod(places), *groups))
    normalized = _normalize(graph, grouped.name, [1, 3], planned.layer.epsilon)
    scaled = _scale_and_center(graph, replace(grouped, name=normalized), planned.variables, groups)
    return graph.reshape(scaled, x.shape)


def _normalize(graph: Graph, x: str, axes: list[int], epsilon: float) -> str:
    """``(x - mean) / sqrt(variance + epsilon)`` over these axes."""
    centered = graph.node("Sub", x, graph.node("ReduceMean", x, axes=axes, keepdims=1))
    return graph.node("Div", centered, _root_mean_square(graph, centered, axes, epsilon))


def _root_mean_square(graph: Graph, x: str, axes: list[int], epsilon: float) -> str:
    mean = graph.node("ReduceMean", graph.node("Mul", x, x), axes=axes, keepdims=1)
    return graph.node("Sqrt", graph.node("Add", mean, graph.scalar(epsilon)))


def _scale_and_center(graph: Graph, x: Value, variables: Mapping[str, Array], shape: Shape) -> Value:
    for operation, name in (("Mul", "gamma"), ("Add", "beta")):
        if name in variables:
            x = replace(x, name=graph.node(operation, x.name, graph.constant(variables[name].reshape(shape))))
    return x


def rms_normalization(graph: Graph, x: Value, planned: Planned) -> Value:
    """Over the last axis."""
    x = graph.channels_last(x)
    size = _root_mean_square(graph, x.name, [len(x.shape)], planned.layer.epsilon)
    return graph.channelwise(
        "Mul", replace(x, name=graph.node("Div", x.name, size)), planned.variables["scale"]
    )


def unit_normalization(graph: Graph, x: Value, _planned: Planned) -> Value:
    """Over the last axis."""
    x = graph.channels_last(x)
    # The mean square times its number is the square of the length: opset 17 has sums in another form than means.
    squares = graph.node("Mul", x.name, x.name)
    mean = graph.node("ReduceMean", squares, axes=[len(x.shape)], keepdims=1)
    length = graph.node("Sqrt", graph.node("Mul", mean, graph.scalar(x.shape[-1])))
    return replace(x, name=graph.node("Div", x.name, graph.node("Max", length, graph.scalar(_UNIT_EPSILON))))


def filter_response_normalization(graph: Graph, x: Value, planned: Planned) -> Value:
    """Over the places."""
    layer: FilterResponseNormalization = planned.layer
    axes = [2, 3] if x.channels_first else [1, 2]
    size = _root_mean_square(graph, x.name, axes, layer.epsilon)
    x = replace(x, name=graph.node("Div", x.name, size))
    x = graph.channelwise("Mul", x, planned.variables["gamma"])
    x = graph.channelwise("Add", x, planned.variables["beta"])
    return graph.channelwise("Max", x, planned.variables["tau"]) if layer.thresholded else x


def local_response_normalization(graph: Graph, x: Value, planned: Planned) -> Value:
    """ONNX's own operation, over channels that come first; it divides alpha by their number."""
    layer: LocalResponseNormalization = planned.layer
    *places, channels = x.shape
    pixels = graph.reshape(x, (prod(places), 1, channels))
    size = 2 * layer.depth_radius + 1
    normalized = graph.node(
        "LRN",
        graph.channels_first(pixels).name,
        size=size,
        bias=layer.bias,
        alpha=layer.alpha * size,
        beta=layer.beta,
    )
    return graph.reshape(Value(normalized, pixels.shape, channels_first=True), x.shape)


def scale_only(graph: Graph, x: Value, planned: Planned) -> Value:
    """A factor for each channel."""
    return graph.channelwise("Mul", x, planned.variables["gamma"])  # or one for all


def bias_only(graph: Graph, x: Value, planned: Planned) -> Value:
    """A summand for each channel."""
    return graph.channelwise("Add", x, planned.variables["beta"])
