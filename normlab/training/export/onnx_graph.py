"""An ONNX graph that is written node by node; each value knows its shape and where its channels are."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from normlab.spec.layers import Shape
from normlab.training.layers.network import Array

BATCH = "batch"
"""The name of the dimension whose size is not fixed."""
OPSET = 17
"""The newest one that most runtimes take: 18 moved the axes of reductions into an input, which some refuse."""
IR_VERSION = 8
"""The form of the file that came with ``OPSET``: what reads the one reads the other."""


@dataclass(frozen=True)
class Value:
    """What a node gives: (batch, *shape), but an image may have its channels before its places."""

    name: str
    shape: Shape
    """Of a sample, as the layers see it: channels last."""
    channels_first: bool = False


class Graph:
    """Nodes, and the constants that enter them. All numbers are float32."""

    def __init__(self) -> None:
        self.layer = ""
        """The layer whose name all that is added gets in its own."""
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def constant(self, values: Array, dtype: type[np.generic] = np.float32) -> str:
        """A constant's name."""
        name = f"{self.layer}/constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.asarray(values, dtype), name))
        return name

    def scalar(self, value: float) -> str:
        """The name of a constant that is one number."""
        return self.constant(np.array(value))

    def node(self, operation: str, *inputs: str, output: str | None = None, **attributes: Any) -> str:
        """Add a node; the name of what it gives."""
        name = f"{self.layer}/{operation}_{len(self._nodes)}"
        output = output or name
        self._nodes.append(helper.make_node(operation, inputs, [output], name=name, **attributes))
        return output

    def as_float(self, condition: str) -> str:
        """1 where a condition holds, and else 0."""
        return self.node("Cast", condition, to=onnx.TensorProto.FLOAT)

    def reshape(self, value: Value, shape: Shape) -> Value:
        """(batch, *value.shape) to (-1, *shape), channels last."""
        value = self.channels_last(value)
        if value.shape == shape:
            return value
        sizes = self.constant(np.array([-1, *shape]), np.int64)
        return Value(self.node("Reshape", value.name, sizes), shape)

    def channels_last(self, value: Value) -> Value:
        """With its channels behind its places."""
        if not value.channels_first:
            return value
        return Value(self.node("Transpose", value.name, perm=[0, 2, 3, 1]), value.shape)

    def channels_first(self, image: Value) -> Value:
        """With its channels before its places, as ONNX's convolutions and poolings take it."""
        if image.channels_first:
            return image
        return Value(self.node("Transpose", image.name, perm=[0, 3, 1, 2]), image.shape, channels_first=True)

    def aligned(self, values: Sequence[Value]) -> list[Value]:
        """All of them with their channels at the place where the first has them."""
        align = self.channels_first if values[0].channels_first else self.channels_last
        return [align(value) for value in values]

    def channelwise(self, operation: str, value: Value, numbers: Array) -> Value:
        """``operation`` of a value and a number for each channel: (channels,)."""
        numbers = numbers.reshape(-1, 1, 1) if value.channels_first else numbers
        return replace(value, name=self.node(operation, value.name, self.constant(numbers)))

    def model(self, input_name: str, input_shape: Shape, output: Value) -> onnx.ModelProto:
        """The whole, from one input to one output."""
        graph = helper.make_graph(
            self._nodes,
            "network",
            [_described(input_name, input_shape)],
            [_described(output.name, output.shape)],
            self._constants,
        )
        opset = helper.make_opsetid("", OPSET)
        return helper.make_model(graph, producer_name="normlab", ir_version=IR_VERSION, opset_imports=[opset])


def _described(name: str, shape: Shape) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [BATCH, *shape])
