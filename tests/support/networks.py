"""Small trained networks as real ONNX files: one dense layer with softmax on raw pixels."""

from math import prod

import numpy as np
import numpy.typing as npt
from onnx import TensorProto, helper, numpy_helper

Weights = npt.NDArray[np.float32]


def linear_network(shape: tuple[int, ...], classes: int, *, seed: int = 0) -> tuple[bytes, Weights]:
    """A network's ONNX file, and its weights (pixels, classes). A missing value counts as 0."""
    weights = np.random.default_rng(seed).normal(0, 0.001, (prod(shape), classes)).astype(np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("IsNaN", ["pixels"], ["missing"]),
            helper.make_node("Where", ["missing", "zero", "pixels"], ["there"]),
            helper.make_node("Flatten", ["there"], ["flat"], axis=1),
            helper.make_node("MatMul", ["flat", "weights"], ["scores"]),
            helper.make_node("Softmax", ["scores"], ["probabilities"], axis=1),
        ],
        "linear",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["batch", *shape])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["batch", classes])],
        [
            numpy_helper.from_array(weights, "weights"),
            numpy_helper.from_array(np.zeros(1, np.float32), "zero"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    return model.SerializeToString(), weights


def probabilities(weights: Weights, pixels: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """What the network gives for pixels (n, *shape), worked out with numpy: (n, classes)."""
    scores = pixels.reshape(len(pixels), -1).astype(np.float64) @ weights.astype(np.float64)
    scores = np.exp(scores - scores.max(axis=1, keepdims=True))
    result: npt.NDArray[np.float64] = scores / scores.sum(axis=1, keepdims=True)
    return result
