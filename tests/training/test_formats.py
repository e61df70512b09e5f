"""Every format gives, in its own runtime, the probabilities that Keras gives."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from normlab.spec import PRESETS, JobSpec, plan_job
from normlab.spec.export_formats import FORMATS
from normlab.spec.fields import Activation
from normlab.spec.layers import LAYERS
from normlab.training import TrainResult
from normlab.training.export import serving_function
from normlab.training.export.evaluation import export_evaluation
from normlab.training.export.export import ExportedFile, export_all
from normlab.training.export.serving_function import TrainedNetwork
from normlab.training.layers.network import build_network, build_serving_network
from support.formats import LOADERS, Pixels
from support.trainings import BRANCHES, CONVOLUTION_WITH_DROPOUT, NEW_KINDS, RESIDUAL_IMAGES


def randomized(network: keras.Model) -> None:
    """Weights as training may leave them: also moving statistics are not what they were initially."""
    draw = np.random.default_rng(0)
    for weight in network.weights:
        values = draw.normal(0, 0.3, weight.shape)
        positive = weight.name in {"moving_variance", "moving_stddev", "renorm_stddev"}
        weight.assign(np.abs(values) + 0.1 if positive else values)


def exported(spec: JobSpec, folder: Path) -> tuple[keras.Model, dict[str, ExportedFile]]:
    """A network with random weights as it is trained, and the files of it."""
    plan = plan_job(spec)
    trained = build_network(plan, "float32")
    randomized(trained)
    serving = build_serving_network(plan, 16)
    serving.set_weights(trained.get_weights())
    return trained, {
        file.kind: file
        for file in export_all(TrainedNetwork(plan, serving, 16), [], np.array([True]), folder, FORMATS)
    }


def pixels(count: int) -> Pixels:
    return np.random.default_rng(1).integers(0, 17, (count, 8, 8)).astype(np.float32)


def test_new_kinds_are_tried_in_all_formats() -> None:
    """The others are in ``test_all_activations_and_normalizations_are_known_to_onnx_and_litert`` and in the presets."""
    tried = {layer["type"] for layers in [*NEW_KINDS.values(), CONVOLUTION_WITH_DROPOUT] for layer in layers}
    old = {
        "activation",
        "average_pooling2d",
        "global_average_pooling2d",
        "group_normalization",
        "layer_normalization",
    }
    assert set(LAYERS) - tried == old


NETWORKS: dict[str, Any] = {name: name for name in PRESETS} | {
    "convolution": CONVOLUTION_WITH_DROPOUT,
    "residual_images": RESIDUAL_IMAGES,
    "branches": BRANCHES,
    **NEW_KINDS,
}


SLOW = {*PRESETS} - {"batch_norm", "cnn"}
"""Built of layers that the others have, too; 7 to 14 seconds each."""


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.nightly if name in SLOW else ()) for name in NETWORKS]
)
def test_all_formats_agree(name: str, small_spec: Callable[..., JobSpec], tmp_path: Path) -> None:
    trained, files = exported(small_spec(NETWORKS[name]), tmp_path)
    for kind, load in LOADERS.items():
        path = files[kind].path
        assert path is not None, files[kind].error
        model = load(path)
        for count in (1, 64):
            expected = np.asarray(trained(pixels(count) / 16, training=False))
            found = model(pixels(count))
            assert found.shape == (count, 10)
            np.testing.assert_allclose(found, expected, atol=1e-5, err_msg=f"{kind}, batch of {count}")


def test_all_activations_and_normalizations_are_known_to_onnx_and_litert(
    small_spec: Callable[..., JobSpec], tmp_path: Path
) -> None:
    layers: list[dict[str, object]] = [
        {"type": "reshape", "target_shape": [8, 8, 1]},
        {"type": "conv2d", "filters": 8, "kernel_size": 3, "strides": 2, "padding": "same"},
        {"type": "group_normalization", "groups": 4},
        {"type": "average_pooling2d"},
        {"type": "global_average_pooling2d"},
        {"type": "layer_normalization"},
    ]
    for activation in Activation:
        layers += [{"type": "dense", "units": 16}, {"type": "activation", "activation": activation}]
    trained, files = exported(small_spec(layers), tmp_path)
    for kind in ("onnx", "litert"):
        path = files[kind].path
        assert path is not None, files[kind].error
        expected = np.asarray(trained(pixels(64) / 16, training=False))
        np.testing.assert_allclose(LOADERS[kind](path)(pixels(64)), expected, atol=1e-5, err_msg=kind)


@pytest.mark.parametrize(
    ("kernel_size", "strides"), [((3, 1), (1, 2)), ((1, 2), (2, 1)), ((2, 1), (2, 2)), ((1, 3), (3, 2))]
)
def test_a_convolution_that_litert_pads_wrongly_is_written_in_a_form_that_it_computes_rightly(
    kernel_size: tuple[int, int],
    strides: tuple[int, int],
    small_spec: Callable[..., JobSpec],
    tmp_path: Path,
) -> None:
    layers = [
        {"type": "reshape", "target_shape": [8, 8, 1]},
        {
            "type": "conv2d",
            "filters": 4,
            "kernel_size": kernel_size,
            "strides": strides,
            "padding": "same",
            "activation": "tanh",
        },
        {"type": "flatten"},
    ]
    trained, files = exported(small_spec(layers), tmp_path)
    path = files["litert"].path
    assert path is not None, files["litert"].error
    for count in (1, 64):
        expected = np.asarray(trained(pixels(count) / 16, training=False))
        np.testing.assert_allclose(LOADERS["litert"](path)(pixels(count)), expected, atol=1e-5)


def test_a_file_whose_runtime_computes_it_wrongly_is_not_offered(
    small_spec: Callable[..., JobSpec],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Were the interpreter right one day, this would say that the other form is not needed any more.
    monkeypatch.setattr(serving_function, "portable", lambda network: network)
    layers = [
        {"type": "reshape", "target_shape": [8, 8, 1]},
        {"type": "conv2d", "filters": 4, "kernel_size": [3, 1], "strides": [1, 2], "padding": "same"},
        {"type": "flatten"},
    ]
    _, files = exported(small_spec(layers), tmp_path)
    assert files["litert"].path is None
    assert "in LiteRT's default interpreter its probabilities are wrong" in str(files["litert"].error)
    assert not (tmp_path / "model.tflite").exists()
    assert all(file.error is None for kind, file in files.items() if kind != "litert")


def test_a_network_that_cannot_be_traced_keeps_its_keras_file(
    small_spec: Callable[..., JobSpec], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    plan = plan_job(small_spec([{"type": "flatten"}]))
    network = TrainedNetwork(plan, build_serving_network(plan, 16), 16)
    (tmp_path / "model.onnx").mkdir()
    files = {file.kind: file for file in export_all(network, [], np.array([True]), tmp_path, FORMATS)}
    assert files["onnx"].path is None
    assert files["onnx"].error
    assert "the onnx file could not be made" in caplog.text
    assert all(files[kind].error is None for kind in ("keras", "saved_model", "litert"))


def test_the_evaluation_of_a_run(
    small_spec: Callable[..., JobSpec], run: Callable[..., TrainResult], data_dir: Path, tmp_path: Path
) -> None:
    result = run(small_spec([{"type": "flatten"}, {"type": "batch_normalization"}]))
    file = export_evaluation(result, tmp_path, data_dir)
    assert file.path is not None, file.error
    with np.load(file.path, allow_pickle=False) as arrays:
        right = arrays["test_labels"] == arrays["test_predicted"]
        np.testing.assert_array_equal(right, result.test_correct)
        assert len(arrays["validation_labels"]) == 60
        mistakes = arrays["test_mistakes"]
        assert len(mistakes) == min(50, int((~right).sum()))
        assert not right[mistakes].any()
        confidence = arrays["test_confidence"][mistakes]
        assert (np.diff(confidence) <= 0).all()
        again = np.asarray(result.network(arrays["test_mistake_pixels"].astype(np.float32)))
        np.testing.assert_allclose(again, arrays["test_mistake_probabilities"], atol=1e-6)
        np.testing.assert_allclose(again.max(axis=1), confidence, atol=1e-6)
