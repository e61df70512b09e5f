"""What the writers of ONNX's operations have in common: a layer with its values, windows, and activations."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from normlab.spec.fields import Activation
from normlab.spec.layers import Shape
from normlab.training.export.onnx_graph import Graph, Value
from normlab.training.layers.network import Array


@dataclass(frozen=True)
class Planned:
    """A layer to write, with its variables by their names."""

    layer: Any
    output_shape: Shape
    variables: Mapping[str, Array]


Writer = Callable[[Graph, Value, Planned], Value]


def pads(shape: Shape, window: Sequence[int], strides: Sequence[int], padding: str) -> list[int]:
    """How far the windows reach over the image's edges, the odd pixel at the end: top, left, bottom, right."""
    if padding == "valid":
        return [0, 0, 0, 0]
    totals = [
        max((-(-size // stride) - 1) * stride + length - size, 0)
        for size, length, stride in zip(shape[:2], window, strides, strict=True)
    ]
    return [*(total // 2 for total in totals), *(total - total // 2 for total in totals)]


def activate(graph: Graph, x: Value, activation: Activation) -> Value:
    """An activation that takes no slope."""
    return replace(x, name=ACTIVATIONS[activation](graph, x.name))


def _gelu(graph: Graph, x: str) -> str:
    """``x / 2 * (1 + erf(x / sqrt(2)))``."""
    erf = graph.node("Erf", graph.node("Mul", x, graph.scalar(0.5**0.5)))
    half = graph.node("Mul", x, graph.scalar(0.5))
    return graph.node("Mul", half, graph.node("Add", erf, graph.scalar(1)))


def _node(operation: str, **attributes: Any) -> Callable[[Graph, str], str]:
    return lambda graph, x: graph.node(operation, x, **attributes)


ACTIVATIONS: Mapping[Activation, Callable[[Graph, str], str]] = {
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
