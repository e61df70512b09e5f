"""Dense layers, convolutions and attention in operations of ONNX."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from normlab.spec.kernels import WeightNormalization, WeightStandardization
from normlab.spec.layers import Conv1D, Conv2D, DepthwiseConv2D, MultiHeadAttention, SeparableConv2D, Shape
from normlab.spec.layers.windows import spread
from normlab.training.export.onnx_graph import Graph, Value
from normlab.training.export.onnx_planned import Planned, activate, pads
from normlab.training.layers.network import Array


def dense(graph: Graph, x: Value, planned: Planned) -> Value:
    """As a product of two matrices: OpenCV refuses more dimensions."""
    kernel = _used_kernel(planned)
    y = _product(graph, x, kernel, planned.variables.get("bias"))
    return activate(graph, replace(y, shape=planned.output_shape), planned.layer.activation)


def _product(graph: Graph, x: Value, kernel: Array, bias: Array | None) -> Value:
    """(…, inputs) to (…, outputs)."""
    rows = graph.reshape(x, x.shape[-1:])
    operation = "MatMul" if bias is None else "Gemm"
    constants = [kernel] if bias is None else [kernel, bias]
    product = graph.node(operation, rows.name, *map(graph.constant, constants))
    return graph.reshape(Value(product, kernel.shape[-1:]), (*x.shape[:-1], kernel.shape[-1]))


def conv2d(graph: Graph, x: Value, planned: Planned) -> Value:
    """Kernels are (height, width, channels of a group, filters)."""
    layer: Conv2D = planned.layer
    y = _convolve(
        graph,
        x,
        _used_kernel(planned),
        planned.output_shape,
        layer,
        planned.variables.get("bias"),
        layer.groups,
    )
    return activate(graph, y, layer.activation)


def conv1d(graph: Graph, x: Value, planned: Planned) -> Value:
    """As a convolution of an image that is one pixel wide."""
    layer: Conv1D = planned.layer
    count, channels = x.shape
    kernel = _used_kernel(planned)[:, None]
    image = Conv2D(
        type="conv2d",
        filters=layer.filters,
        kernel_size=(layer.kernel_size, 1),
        strides=(layer.strides, 1),
        padding="valid" if layer.padding == "valid" else "same",
        dilation_rate=(layer.dilation_rate, 1),
    )
    shape = (planned.output_shape[0], 1, layer.filters)
    edges = None
    if layer.padding == "causal":
        edges = [(layer.kernel_size - 1) * layer.dilation_rate, 0, 0, 0]
    pixels = graph.reshape(x, (count, 1, channels))
    bias = planned.variables.get("bias")
    y = _convolve(graph, pixels, kernel, shape, image, bias, layer.groups, edges=edges)
    return activate(graph, graph.reshape(y, planned.output_shape), layer.activation)


def depthwise_conv2d(graph: Graph, x: Value, planned: Planned) -> Value:
    """Kernels are (height, width, channels, multiplier); ONNX has a group for each channel."""
    layer: DepthwiseConv2D = planned.layer
    kernel = _by_channel(planned.variables["kernel"])
    bias = planned.variables.get("bias")
    y = _convolve(graph, x, kernel, planned.output_shape, layer, bias, x.shape[-1])
    return activate(graph, y, layer.activation)


def separable_conv2d(graph: Graph, x: Value, planned: Planned) -> Value:
    """One convolution after the other."""
    layer: SeparableConv2D = planned.layer
    depthwise = _by_channel(planned.variables["depthwise_kernel"])
    shape = (*planned.output_shape[:-1], depthwise.shape[-1])
    channels = _convolve(graph, x, depthwise, shape, layer, None, x.shape[-1])
    pointwise = planned.variables["pointwise_kernel"]
    mixing = Conv2D(type="conv2d", filters=layer.filters, kernel_size=(1, 1))
    bias = planned.variables.get("bias")
    y = _convolve(graph, channels, pointwise, planned.output_shape, mixing, bias, 1)
    return activate(graph, y, layer.activation)


def _by_channel(kernel: Array) -> Array:
    """(height, width, channels, multiplier) to (height, width, 1, channels * multiplier)."""
    height, width, channels, multiplier = kernel.shape
    return kernel.reshape(height, width, 1, channels * multiplier)


def _convolve(  # noqa: PLR0917  (all of it is what a convolution is)
    graph: Graph,
    x: Value,
    kernel: Array,
    output_shape: Shape,
    layer: Any,
    bias: Array | None,
    groups: int,
    *,
    edges: Sequence[int] | None = None,
) -> Value:
    """A convolution of an image with a layer's window, strides and padding."""
    window = spread(layer.kernel_size, layer.dilation_rate)
    attributes: dict[str, Any] = {} if groups == 1 else {"group": groups}
    convolved = graph.node(
        "Conv",
        graph.channels_first(x).name,
        graph.constant(kernel.transpose(3, 2, 0, 1)),
        *([] if bias is None else [graph.constant(bias)]),
        kernel_shape=layer.kernel_size,
        strides=layer.strides,
        dilations=layer.dilation_rate,
        pads=edges or pads(x.shape, window, layer.strides, layer.padding),
        **attributes,
    )
    return Value(convolved, output_shape, channels_first=True)


def _used_kernel(planned: Planned) -> Array:
    """A layer's kernel as it is used: normalized, if it is."""
    kernel: Array = planned.variables["kernel"]
    axes = tuple(range(kernel.ndim - 1))
    match planned.layer.kernel_normalization:
        case WeightNormalization():
            norms = np.sqrt(np.square(kernel, dtype=np.float64).sum(axes))
            kernel = kernel * (planned.variables["g"] / norms)
        case WeightStandardization(epsilon=epsilon):
            exact = kernel.astype(np.float64)
            kernel = (exact - exact.mean(axes)) / np.sqrt(exact.var(axes) + epsilon)
    return kernel


def multi_head_attention(graph: Graph, x: Value, planned: Planned) -> Value:
    """Self-attention of rows: (rows, values), of which each head takes weighted means."""
    layer: MultiHeadAttention = planned.layer
    count, size = x.shape

    def projected(name: str, order: list[int]) -> Value:
        kernel = planned.variables[f"{name}/kernel"]  # (values, heads, numbers)
        bias = planned.variables.get(f"{name}/bias")
        heads = _product(graph, x, kernel.reshape(size, -1), None if bias is None else bias.reshape(-1))
        heads = graph.reshape(heads, (count, *kernel.shape[1:]))
        return replace(heads, name=graph.node("Transpose", heads.name, perm=order))

    # (batch, heads, rows, numbers), and (batch, heads, numbers, rows)
    query, key = projected("query", [0, 2, 1, 3]), projected("key", [0, 2, 3, 1])
    value = projected("value", [0, 2, 1, 3])
    fit = graph.node("MatMul", query.name, key.name)
    scaled = graph.node("Mul", fit, graph.scalar(layer.key_dim**-0.5))
    means = graph.node("MatMul", graph.node("Softmax", scaled, axis=3), value.name)
    kernel = planned.variables["attention_output/kernel"]  # (heads, numbers, values)
    by_row = graph.node("Transpose", means, perm=[0, 2, 1, 3])
    joined = graph.reshape(
        Value(by_row, (count, *kernel.shape[:2])), (count, kernel.shape[0] * kernel.shape[1])
    )
    bias = planned.variables.get("attention_output/bias")
    return _product(graph, joined, kernel.reshape(-1, size), bias)
