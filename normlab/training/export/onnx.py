"""ONNX, which the API answers predictions with: written from the plan, without tracing a line of TensorFlow."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import onnx

from normlab.onnx_runtime import onnxruntime
from normlab.spec import PlannedLayer
from normlab.spec.graph import flow
from normlab.spec.plan import predicts_numbers
from normlab.training.export.check import check
from normlab.training.export.onnx_graph import Graph, Value
from normlab.training.export.onnx_layers import add_layer
from normlab.training.export.serving_function import INPUT, OUTPUT, OUTPUT_OF_NUMBERS, TrainedNetwork
from normlab.training.layers.network import Array


def write(trained: TrainedNetwork, path: Path) -> None:
    """Write the file and make sure that onnxruntime loads it and finds what the network finds.

    Raises what onnxruntime raises for a file that it does not take, and ``ValueError`` when the probabilities differ.
    """
    content = onnx_model(trained.planned, trained.variables, trained.pixel_max).SerializeToString()
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    check(lambda pixels: session.run(None, {INPUT: pixels})[0], trained, runtime="onnxruntime")
    path.write_bytes(content)


def onnx_model(
    planned: Sequence[PlannedLayer], variables: Mapping[str, Mapping[str, Array]], pixel_max: int
) -> onnx.ModelProto:
    """Raw pixels (batch, *shape) to probabilities (batch, classes), or to numbers (batch, 1).

    Args:
        planned: The layers, the output layer included.
        variables: Of each layer that has some, by its name: its variables by Keras's names.
        pixel_max: Raw pixels are 0 to this.
    """
    graph = Graph()
    graph.layer = "rescaling"
    scaled = Value(graph.node("Mul", INPUT, graph.scalar(1 / pixel_max)), planned[0].input_shape)
    x = flow(
        planned, scaled, lambda item, values: add_layer(graph, values, item, variables.get(item.name, {}))
    )
    if predicts_numbers(planned):
        last = Value(graph.node("Identity", x.name, output=OUTPUT_OF_NUMBERS), x.shape)
    else:
        last = Value(graph.node("Softmax", x.name, output=OUTPUT, axis=1), x.shape)
    return graph.model(INPUT, planned[0].input_shape, last)
