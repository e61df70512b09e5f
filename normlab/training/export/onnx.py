"""ONNX, which the API answers predictions with."""

from pathlib import Path
from typing import Any

import numpy as np
import tf2onnx

from normlab.onnx_runtime import onnxruntime
from normlab.training.export.check import check
from normlab.training.export.serving_function import INPUT, OUTPUT, TrainedNetwork

OPSET = 17
"""The newest one that most runtimes take: 18 moved the axes of reductions into an input, which some refuse."""


def write(trained: TrainedNetwork, path: Path) -> None:
    """Write the file and make sure that onnxruntime loads it and finds what the network finds.

    tf2onnx also writes a file where it knows no counterpart of an operation. Raises what onnxruntime raises
    for such a file, and ``ValueError`` when the probabilities differ.
    """
    serving = trained.serving
    tf2onnx.convert.from_function(
        serving.function,
        input_signature=serving.function.input_signature,
        opset=OPSET,
        custom_op_handlers={"Erfc": (_erfc, [])},
        output_path=str(path),
    )
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    check(lambda pixels: session.run([OUTPUT], {INPUT: pixels})[0], trained, runtime="onnxruntime")


def _erfc(graph: Any, node: Any, name: str, _arguments: Any) -> None:
    """``erfc(x) = 1 - erf(x)``, which gelu is made of; ONNX has no node of its own for it."""
    shapes, types, outputs = node.output_shapes, node.output_dtypes, node.output
    inputs = list(node.input)
    graph.remove_node(name)
    one = graph.make_const(f"{name}/one", np.float32(1).reshape(()))
    erf = graph.make_node("Erf", inputs, shapes=shapes, dtypes=types)
    difference = [one.output[0], erf.output[0]]
    graph.make_node("Sub", difference, name=name, outputs=outputs, shapes=shapes, dtypes=types)
