"""The exported files agree with the network that was trained, and take raw pixels."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import keras
import numpy as np
import onnxruntime
import pytest

from normlab.spec import PRESETS, JobSpec, plan_job
from normlab.training import TrainResult
from normlab.training.export import export_all
from normlab.training.network import build_network, build_serving_network
from support.trainings import CONVOLUTION_WITH_DROPOUT


def randomized(network: keras.Model) -> None:
    """Weights as training may leave them: also moving statistics are not what they were initially."""
    draw = np.random.default_rng(0)
    for weight in network.weights:
        values = draw.normal(0, 0.3, weight.shape)
        weight.assign(np.abs(values) + 0.1 if weight.name == "moving_variance" else values)


@pytest.mark.parametrize("name", [*PRESETS, "convolution"])
def test_networks_agree(name: str, small_spec: Callable[..., JobSpec], tmp_path: Path) -> None:
    spec = small_spec(CONVOLUTION_WITH_DROPOUT if name == "convolution" else name)
    trained = build_network(plan_job(spec), "float32")
    randomized(trained)
    serving = build_serving_network(plan_job(spec), 16)
    serving.set_weights(trained.get_weights())
    files = {file.kind: file for file in export_all(serving, [], np.array([True]), tmp_path)}
    loaded = keras.models.load_model(files["keras"].path)
    session = onnxruntime.InferenceSession(files["onnx"].path)
    pixels = np.random.default_rng(1).integers(0, 17, (64, 8, 8)).astype(np.float32)
    for count in (1, 64):
        expected = np.asarray(trained(pixels[:count] / 16, training=False))
        assert expected.shape == (count, 10)
        np.testing.assert_allclose(np.asarray(loaded(pixels[:count])), expected, atol=1e-5)
        (found,) = session.run(None, {session.get_inputs()[0].name: pixels[:count]})
        np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
def test_files_of_a_run(
    precision: str, small_spec: Callable[..., JobSpec], run: Callable[..., TrainResult], tmp_path: Path
) -> None:
    result = run(small_spec([{"type": "flatten"}, {"type": "batch_normalization"}], {"precision": precision}))
    files = result.export(tmp_path / "made")
    assert [(file.kind, file.media_type) for file in files] == [
        ("keras", "application/vnd.keras"),
        ("onnx", "application/onnx"),
        ("history", "application/json"),
        ("test_correct", "application/x-npy"),
    ]
    assert all(file.error is None and file.path is not None and file.path.is_file() for file in files)
    history = json.loads((tmp_path / "made" / "history.json").read_text())
    assert history == [asdict(record) for record in result.history]
    correct = np.load(tmp_path / "made" / "test_correct.npy", allow_pickle=False)
    np.testing.assert_array_equal(correct, result.test_correct)
    # The exported network is the one that the test figures are of.
    from sklearn.datasets import load_digits  # noqa: PLC0415  (slow, and used by this test alone)

    digits = load_digits()
    session = onnxruntime.InferenceSession(tmp_path / "made" / "model.onnx")
    pixels = digits.images[-360:].astype(np.float32)
    (found,) = session.run(None, {session.get_inputs()[0].name: pixels})
    right = found.argmax(axis=1) == digits.target[-360:]
    assert (right == result.test_correct).mean() > (0.999 if precision == "float32" else 0.97)


def test_layers_of_a_run(small_spec: Callable[..., JobSpec], run: Callable[..., TrainResult]) -> None:
    layers = run(small_spec([{"type": "flatten"}, {"type": "batch_normalization"}])).layers
    assert [(layer["name"], layer["type"], layer["parameters"]) for layer in layers] == [
        ("flatten_1", "flatten", 0),
        ("batch_normalization_1", "batch_normalization", 256),
        ("output", "dense", 650),
    ]
    assert layers[1]["output_shape"] == [64]
    assert layers[1]["variables"][2] == {
        "name": "moving_mean",
        "shape": [64],
        "trainable": False,
        "dtype": "float32",
    }


def test_a_kind_that_cannot_be_written_does_not_stop_the_others(
    small_spec: Callable[..., JobSpec], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "history.json").mkdir()
    network = build_serving_network(plan_job(small_spec([{"type": "flatten"}])), 16)
    files = {file.kind: file for file in export_all(network, [], np.array([True]), tmp_path)}
    assert files["history"].path is None
    assert "IsADirectoryError" in str(files["history"].error)
    assert "the history file could not be made" in caplog.text
    assert all(file.error is None for kind, file in files.items() if kind != "history")
