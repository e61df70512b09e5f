"""ONNX files give what the network gives, in operations that other runtimes than onnxruntime know: docs/serving.md."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest

from normlab.spec import JobSpec, plan_job
from normlab.spec.blocks import BLOCKS
from normlab.spec.export_formats import ArtifactKind
from normlab.spec.fields import Activation
from normlab.spec.layers import LAYERS, MERGES, Preparation
from normlab.training.export import onnx as onnx_file
from normlab.training.export import onnx_layers, onnx_planned
from normlab.training.export.export import export
from normlab.training.export.portable import portable
from normlab.training.export.serving_function import TrainedNetwork
from normlab.training.layers.network import build_serving_network

Layers = list[dict[str, Any]]

FLATTEN = {"type": "flatten"}


def on_image(*layers: dict[str, Any], **convolution: Any) -> Layers:
    """Layers behind a convolution of an image that is not square."""
    first = {"type": "conv2d", "filters": 4, "kernel_size": [3, 2], "strides": [1, 1]}
    return [{"type": "reshape", "target_shape": [4, 16, 1]}, first | convolution, *layers, FLATTEN]


POOLINGS = [
    {"type": f"{kind}_pooling2d", "pool_size": size, "strides": strides, "padding": padding}
    for kind in ("max", "average")
    for size, strides, padding in (([2, 3], [2, 3], "valid"), ([3, 2], [1, 2], "same"), (2, 1, "same"))
]
NORMALIZATIONS = [
    {"type": kind} | group | options
    for kind, group in (
        ("batch_normalization", {}),
        ("layer_normalization", {}),
        ("group_normalization", {"groups": 2}),
    )
    for options in ({"epsilon": 0.01}, {"center": False}, {"scale": False})
]
CONVOLUTIONS = [
    {"padding": "same", "use_bias": False, "activation": "elu"},
    {"padding": "same", "strides": [3, 2]},
    {"padding": "same", "strides": [1, 2], "kernel_size": [3, 1]},
    {"padding": "same", "dilation_rate": [2, 3]},
    {"padding": "valid", "dilation_rate": [1, 2]},
    {"padding": "valid", "strides": 2},
]
BRANCHES: dict[str, list[Layers]] = {
    "channels": [[{"type": "conv2d", "filters": 4, "kernel_size": 1}], [{"type": "dense", "units": 4}]],
    "places": [[{"type": "dense", "units": 4}], []],
}
"""The first is an image with its channels before its places in ONNX, or one with its places first."""
KERNELS: list[Layers] = [
    [*on_image(kernel_normalization=name), {"type": "dense", "units": 6, "kernel_normalization": name}]
    for name in ("weight_normalization", "weight_standardization", "spectral_normalization")
]
ON_IMAGES: Layers = [
    {"type": "depthwise_conv2d", "kernel_size": [2, 3], "depth_multiplier": 2, "activation": "tanh"},
    {"type": "depthwise_conv2d", "kernel_size": 2, "strides": 2, "padding": "same", "use_bias": False},
    {
        "type": "separable_conv2d",
        "filters": 5,
        "kernel_size": [3, 2],
        "depth_multiplier": 2,
        "padding": "same",
    },
    {
        "type": "separable_conv2d",
        "filters": 3,
        "kernel_size": 2,
        "dilation_rate": [1, 2],
        "activation": "silu",
    },
    {"type": "zero_padding2d", "padding": [[0, 1], [2, 3]]},
    {"type": "up_sampling2d", "size": [2, 3]},
    {"type": "up_sampling2d", "size": [3, 2], "interpolation": "bilinear"},
    {"type": "batch_normalization", "virtual_batch_size": 8},
    {"type": "batch_renormalization", "epsilon": 0.01},
    {"type": "instance_normalization"},
    {"type": "rms_normalization", "epsilon": 0.01},
    {"type": "unit_normalization"},
    {"type": "filter_response_normalization", "epsilon": 0.01},
    {"type": "filter_response_normalization", "thresholded": False},
    {"type": "lrn", "depth_radius": 1, "bias": 1.5, "alpha": 0.3, "beta": 0.75},
    {"type": "scale_only"},
    {"type": "bias_only"},
]
ON_ROWS: list[Layers] = [
    [{"type": "conv1d", "filters": 6, "kernel_size": 3, "padding": padding, **options}]
    for padding, options in (
        ("valid", {"strides": 2}),
        ("same", {"dilation_rate": 2, "groups": 2}),
        ("causal", {"dilation_rate": 2, "activation": "relu"}),
        ("causal", {"strides": 2, "use_bias": False, "kernel_normalization": "weight_standardization"}),
    )
] + [
    [{"type": "multi_head_attention", "num_heads": 2, "key_dim": 3, **options}, layer]
    for options, layer in (
        ({"dropout": 0.5}, {"type": "rms_normalization"}),
        ({"use_bias": False, "value_dim": 5}, {"type": "unit_normalization"}),
        ({}, {"type": "lrn"}),
        ({}, {"type": "scale_only"}),
    )
]
NETWORKS: dict[str, Layers] = {
    "none": [FLATTEN],
    **{f"conv2d {number}": on_image(**options) for number, options in enumerate(CONVOLUTIONS)},
    **{f"pooling {number}": on_image(layer) for number, layer in enumerate(POOLINGS)},
    **{
        f"normalization {number}": [
            *on_image(
                layer, {"type": "dense", "units": 6, "activation": "softplus", "use_bias": False}, layer
            ),
            {"type": "dense", "units": 8},
            layer,
        ]
        for number, layer in enumerate(NORMALIZATIONS)
    },
    "two convolutions": on_image(
        {"type": "conv2d", "filters": 2, "kernel_size": [1, 2]}, {"type": "max_pooling2d"}
    ),
    "global average": [
        *on_image({"type": "dropout", "rate": 0.5})[:-1],
        {"type": "global_average_pooling2d"},
    ],
    "global average of rows": [
        {"type": "reshape", "target_shape": [4, 4, 4]},
        {"type": "reshape", "target_shape": [8, 2, -1]},
        {"type": "global_average_pooling2d"},
    ],
    "dense on images": [
        *on_image({"type": "dense", "units": 5, "activation": "tanh"}),
        {"type": "dense", "units": 3},
    ],
    **{
        str(activation): [
            *on_image({"type": "activation", "activation": activation}),
            {"type": "dense", "units": 9},
            {"type": "activation", "activation": activation},
        ]
        for activation in Activation
    },
    **{
        f"{merge} of images, {first} first": [
            *on_image()[:-1],
            {
                "type": "branches",
                "merge": merge,
                "branches": BRANCHES[first] + [[{"type": "conv2d", "filters": 4, "kernel_size": 1}]],
            },
            {"type": "batch_normalization"},
            FLATTEN,
        ]
        for merge in ("add", "concatenate", "multiply")
        for first in BRANCHES
    },
    "a gate": on_image(
        {
            "type": "branches",
            "merge": "multiply",
            "branches": [
                [
                    {"type": "global_average_pooling2d"},
                    {"type": "dense", "units": 4, "activation": "sigmoid"},
                    {"type": "reshape", "target_shape": [1, 1, 4]},
                ],
                [],
            ],
        }
    ),
    "of the input": [
        FLATTEN,
        {"type": "residual", "layers": [{"type": "residual", "layers": [{"type": "dense", "units": 64}]}]},
        {
            "type": "branches",
            "merge": "concatenate",
            "branches": [[], [{"type": "dropout", "rate": 0.5}], [{"type": "dense", "units": 3}]],
        },
    ],
    "groups": on_image({"type": "conv2d", "filters": 6, "kernel_size": 2, "groups": 2}),
    **{f"kernels {number}": layers for number, layers in enumerate(KERNELS)},
    **{
        f"on images {number}": on_image(layer, {"type": "prelu", "shared_axes": [1, 2]})
        for number, layer in enumerate(ON_IMAGES)
    },
    "global maximum": [*on_image()[:-1], {"type": "global_max_pooling2d"}, {"type": "prelu"}],
    "noise": on_image(
        {"type": "spatial_dropout2d", "rate": 0.5},
        {"type": "gaussian_dropout", "rate": 0.5},
        {"type": "gaussian_noise", "stddev": 0.5},
    ),
    **{
        f"rows {number}": [{"type": "reshape", "target_shape": [16, 4]}, *layers, FLATTEN]
        for number, layers in enumerate(ON_ROWS)
    },
    "a slope": [FLATTEN, {"type": "activation", "activation": "leaky_relu", "negative_slope": 0.07}],
}


def trained_network(spec: JobSpec) -> TrainedNetwork:
    """With weights as training may leave them."""
    plan = plan_job(spec)
    network = build_serving_network(plan, 16)
    draw = np.random.default_rng(0)
    for weight in network.weights:
        values = draw.normal(0, 0.1, weight.shape)
        weight.assign(np.abs(values) + 0.3 if weight.name == "moving_variance" else values)
    return TrainedNetwork(plan, network, 16)


def made(trained: TrainedNetwork, folder: Path) -> Path:
    file = export(ArtifactKind.ONNX, folder, lambda path: onnx_file.write(trained, path))
    assert file.path is not None, file.error
    return file.path


@pytest.mark.parametrize("layers", NETWORKS.values(), ids=NETWORKS)
def test_a_file_gives_the_networks_probabilities(
    layers: Layers, small_spec: Callable[..., JobSpec], tmp_path: Path
) -> None:
    trained = trained_network(small_spec(layers))
    path = made(trained, tmp_path)
    onnx.checker.check_model(onnx.load(path), full_check=True)
    session = onnxruntime.InferenceSession(path)
    pixels = np.random.default_rng(1).integers(0, 17, (33, 8, 8)).astype(np.float32)
    expected = np.asarray(trained.network(pixels, training=False))
    for count in (1, 33):
        (found,) = session.run(["probabilities"], {"raw_pixels": pixels[:count]})
        np.testing.assert_allclose(found, expected[:count], rtol=0, atol=1e-6)


def test_each_kind_of_layer_and_activation_is_tried() -> None:
    tried = [layer for layers in NETWORKS.values() for layer in layers]
    assert {layer["type"] for layer in tried} - set(BLOCKS) == set(LAYERS)
    # What prepares the rows of a table is nobody's to write, and tried in test_formats_of_tables.py.
    assert set(onnx_layers._WRITERS) == {*LAYERS.values(), Preparation}
    assert set(onnx_layers._MERGES) == set(MERGES.values())
    assert set(onnx_planned.ACTIVATIONS) == set(Activation) - {Activation.LEAKY_RELU}


def test_a_file_that_gives_other_probabilities_is_not_offered(
    small_spec: Callable[..., JobSpec], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = onnx_planned.ACTIVATIONS | {Activation.ELU: lambda graph, x: graph.node("Relu", x)}
    monkeypatch.setattr(onnx_planned, "ACTIVATIONS", wrong)
    trained = trained_network(small_spec(NETWORKS["elu"]))
    file = export(ArtifactKind.ONNX, tmp_path, lambda path: onnx_file.write(trained, path))
    assert "in onnxruntime its probabilities are wrong" in str(file.error)
    assert not list(tmp_path.iterdir())


def test_a_file_is_hardly_larger_than_its_weights(small_spec: Callable[..., JobSpec], tmp_path: Path) -> None:
    trained = trained_network(small_spec("batch_norm"))
    weights = sum(values.nbytes for values in trained.network.get_weights())
    assert made(trained, tmp_path).stat().st_size < weights + 5_000


def test_the_same_network_gives_the_same_bytes(small_spec: Callable[..., JobSpec], tmp_path: Path) -> None:
    files = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        files.append(made(trained_network(small_spec("batch_norm")), tmp_path / name).read_bytes())
    assert files[0] == files[1]


LARGE: Layers = [
    {"type": "reshape", "target_shape": [8, 8, 1]},
    {"type": "conv2d", "filters": 6, "kernel_size": [3, 1], "strides": [1, 2], "padding": "same"},
    {"type": "batch_normalization"},
    {"type": "group_normalization", "groups": 2},
    {"type": "dense", "units": 4, "activation": "gelu"},
    {"type": "layer_normalization"},
    {"type": "average_pooling2d"},
    {"type": "flatten"},
]


def test_no_operation_is_one_that_others_refuse(small_spec: Callable[..., JobSpec], tmp_path: Path) -> None:
    model = onnx.load(made(trained_network(small_spec(LARGE)), tmp_path))
    model = onnx.shape_inference.infer_shapes(model, strict_mode=True)
    assert {opset.version for opset in model.opset_import if opset.domain == ""} == {17}
    assert model.ir_version == 8
    operations = {node.op_type for node in model.graph.node}
    assert "ReduceMean" in operations
    # What Keras's own layers become when they are converted, and onnx2torch and OpenCV 5 refuse.
    assert not operations & {"Shape", "Gather", "ReduceProd", "Unsqueeze"}
    # OpenCV 5 computes means over three axes of five wrongly.
    ranks = {
        value.name: len(value.type.tensor_type.shape.dim)
        for value in [*model.graph.value_info, *model.graph.input, *model.graph.output]
    }
    assert max(ranks.values()) == 4


def test_the_portable_form_gives_the_same_probabilities(small_spec: Callable[..., JobSpec]) -> None:
    trained = trained_network(small_spec(LARGE))
    pixels = np.random.default_rng(1).integers(0, 17, (8, 8, 8)).astype(np.float32)
    other = portable(trained.network)
    np.testing.assert_allclose(np.asarray(other(pixels)), np.asarray(trained.network(pixels)), atol=1e-6)
    assert [type(layer).__base__ for layer in other.layers if layer.name == "flatten_1"] == [
        type(trained.network.get_layer("flatten_1"))
    ]
