"""Each kind of layer in operations of ONNX that most runtimes know and compute rightly.

A new kind is a function here, or in the file of its family, and its place in ``_WRITERS``. Which runtimes take what is
in ``docs/serving.md``, measured by ``bench/onnx_runtimes``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from normlab.spec import PlannedLayer
from normlab.spec.layers import (
    ActivationLayer,
    Add,
    AveragePooling2D,
    BaseLayer,
    BatchNormalization,
    BatchRenormalization,
    BiasOnly,
    Concatenate,
    Conv1D,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Dropout,
    FilterResponseNormalization,
    Flatten,
    GaussianDropout,
    GaussianNoise,
    GlobalAveragePooling2D,
    GlobalMaxPooling2D,
    GroupNormalization,
    InstanceNormalization,
    LayerNormalization,
    LocalResponseNormalization,
    MaxPooling2D,
    Merge,
    MultiHeadAttention,
    Multiply,
    Pooling2D,
    PReLU,
    Preparation,
    Reshape,
    RMSNormalization,
    ScaleOnly,
    SeparableConv2D,
    Shape,
    SpatialDropout2D,
    UnitNormalization,
    UpSampling2D,
    ZeroPadding2D,
)
from normlab.training.export import onnx_kernels, onnx_normalizations, onnx_table
from normlab.training.export.onnx_graph import Graph, Value
from normlab.training.export.onnx_planned import Planned, Writer, activate, pads
from normlab.training.layers.network import Array


def add_layer(
    graph: Graph, entering: Sequence[Value], planned: PlannedLayer, variables: Mapping[str, Array]
) -> Value:
    """Add a layer as it is in inference; ``variables`` are its own, by Keras's names."""
    graph.layer = planned.name
    layer = planned.layer
    if isinstance(layer, Merge):
        return _MERGES[type(layer)](graph, graph.aligned(entering), planned.output_shape)
    (x,) = entering
    return _WRITERS[type(layer)](graph, x, Planned(layer, planned.output_shape, variables))


def _reshape(graph: Graph, x: Value, planned: Planned) -> Value:
    return graph.reshape(x, planned.output_shape)


def _pool(operation: str, **attributes: Any) -> Writer:
    def write(graph: Graph, x: Value, planned: Planned) -> Value:
        layer: Pooling2D = planned.layer
        strides = layer.strides or layer.pool_size
        pooled = graph.node(
            operation,
            graph.channels_first(x).name,
            kernel_shape=layer.pool_size,
            strides=strides,
            pads=pads(x.shape, layer.pool_size, strides, layer.padding),
            **attributes,
        )
        return Value(pooled, planned.output_shape, channels_first=True)

    return write


def _global(operation: str) -> Writer:
    def write(graph: Graph, x: Value, planned: Planned) -> Value:
        axes = [2, 3] if x.channels_first else [1, 2]
        return Value(graph.node(operation, x.name, axes=axes, keepdims=0), planned.output_shape)

    return write


def _zero_padding(graph: Graph, x: Value, planned: Planned) -> Value:
    (top, bottom), (left, right) = planned.layer.padding
    edges = graph.constant(np.array([0, 0, top, left, 0, 0, bottom, right]), np.int64)
    padded = graph.node("Pad", graph.channels_first(x).name, edges, mode="constant")
    return Value(padded, planned.output_shape, channels_first=True)


def _up_sampling(graph: Graph, x: Value, planned: Planned) -> Value:
    layer: UpSampling2D = planned.layer
    mode = {
        "nearest": {
            "mode": "nearest",
            "coordinate_transformation_mode": "asymmetric",
            "nearest_mode": "floor",
        },
        "bilinear": {"mode": "linear", "coordinate_transformation_mode": "half_pixel"},
    }[layer.interpolation]
    scales = graph.constant(np.array([1, 1, *layer.size]))
    resized = graph.node("Resize", graph.channels_first(x).name, "", scales, **mode)
    return Value(resized, planned.output_shape, channels_first=True)


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


def _activation(graph: Graph, x: Value, planned: Planned) -> Value:
    layer: ActivationLayer = planned.layer
    if layer.negative_slope is not None:
        return replace(x, name=graph.node("LeakyRelu", x.name, alpha=float(layer.negative_slope)))
    return activate(graph, x, layer.activation)


def _prelu(graph: Graph, x: Value, planned: Planned) -> Value:
    x = graph.channels_last(x)
    return replace(x, name=graph.node("PRelu", x.name, graph.constant(planned.variables["alpha"])))


def _pass_on(_graph: Graph, x: Value, _planned: Planned) -> Value:
    """Noise does nothing in inference."""
    return x


_MergeWriter = Callable[[Graph, Sequence[Value], Shape], Value]

_WRITERS: Mapping[type[BaseLayer], Writer] = {
    Flatten: _reshape,
    Reshape: _reshape,
    Dense: onnx_kernels.dense,
    Conv2D: onnx_kernels.conv2d,
    Conv1D: onnx_kernels.conv1d,
    DepthwiseConv2D: onnx_kernels.depthwise_conv2d,
    SeparableConv2D: onnx_kernels.separable_conv2d,
    MultiHeadAttention: onnx_kernels.multi_head_attention,
    MaxPooling2D: _pool("MaxPool"),
    AveragePooling2D: _pool("AveragePool", count_include_pad=0),
    GlobalAveragePooling2D: _global("ReduceMean"),
    GlobalMaxPooling2D: _global("ReduceMax"),
    ZeroPadding2D: _zero_padding,
    UpSampling2D: _up_sampling,
    BatchNormalization: onnx_normalizations.batch_normalization,
    BatchRenormalization: onnx_normalizations.batch_normalization,
    LayerNormalization: onnx_normalizations.layer_normalization,
    GroupNormalization: onnx_normalizations.group_normalization,
    InstanceNormalization: onnx_normalizations.instance_normalization,
    RMSNormalization: onnx_normalizations.rms_normalization,
    UnitNormalization: onnx_normalizations.unit_normalization,
    FilterResponseNormalization: onnx_normalizations.filter_response_normalization,
    LocalResponseNormalization: onnx_normalizations.local_response_normalization,
    ScaleOnly: onnx_normalizations.scale_only,
    BiasOnly: onnx_normalizations.bias_only,
    ActivationLayer: _activation,
    PReLU: _prelu,
    Preparation: onnx_table.prepare_table,
    Dropout: _pass_on,
    SpatialDropout2D: _pass_on,
    GaussianDropout: _pass_on,
    GaussianNoise: _pass_on,
}

_MERGES: Mapping[type[Merge], _MergeWriter] = {
    Add: _elementwise("Add"),
    Multiply: _elementwise("Mul"),
    Concatenate: _concatenate,
}
