"""ONNX files hold only operations that other runtimes than onnxruntime know: docs/serving.md says which were tried."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest

from normlab.spec import JobSpec, plan_job
from normlab.spec.export_formats import ArtifactKind
from normlab.training.export import onnx as onnx_file
from normlab.training.export.export import export
from normlab.training.export.portable import portable
from normlab.training.export.serving_function import TrainedNetwork
from normlab.training.layers.network import build_serving_network

LAYERS: list[dict[str, object]] = [
    {"type": "reshape", "target_shape": [8, 8, 1]},
    {"type": "conv2d", "filters": 6, "kernel_size": [3, 1], "strides": [1, 2], "padding": "same"},
    {"type": "batch_normalization"},
    {"type": "group_normalization", "groups": 2},
    {"type": "dense", "units": 4, "activation": "gelu"},
    {"type": "layer_normalization"},
    {"type": "average_pooling2d"},
    {"type": "flatten"},
]


@pytest.fixture
def trained(small_spec: Callable[..., JobSpec]) -> TrainedNetwork:
    network = build_serving_network(plan_job(small_spec(LAYERS)), 16)
    draw = np.random.default_rng(0)
    for weight in network.weights:
        weight.assign(np.abs(draw.normal(0, 0.3, weight.shape)) + 0.1)
    return TrainedNetwork(network, 16)


def test_no_operation_is_one_that_others_refuse(trained: TrainedNetwork, tmp_path: Path) -> None:
    file = export(ArtifactKind.ONNX, tmp_path, lambda path: onnx_file.write(trained, path))
    assert file.path is not None, file.error
    model = onnx.shape_inference.infer_shapes(onnx.load(file.path), strict_mode=True)
    assert {opset.version for opset in model.opset_import if opset.domain == ""} == {17}
    operations = {node.op_type for node in model.graph.node}
    assert "ReduceMean" in operations
    # What Keras's own layers become, and onnx2torch and OpenCV 5 refuse.
    assert not operations & {"Shape", "Gather", "ReduceProd", "Unsqueeze"}
    # OpenCV 5 computes means over three axes of five wrongly.
    ranks = {
        value.name: len(value.type.tensor_type.shape.dim)
        for value in [*model.graph.value_info, *model.graph.input, *model.graph.output]
    }
    assert max(ranks.values()) == 4


def test_the_portable_form_gives_the_same_probabilities(trained: TrainedNetwork) -> None:
    pixels = np.random.default_rng(1).integers(0, 17, (8, 8, 8)).astype(np.float32)
    other = portable(trained.network)
    np.testing.assert_allclose(np.asarray(other(pixels)), np.asarray(trained.network(pixels)), atol=1e-6)
    assert [type(layer).__base__ for layer in other.layers if layer.name == "flatten_1"] == [
        type(trained.network.get_layer("flatten_1"))
    ]
