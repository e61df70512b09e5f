"""The exported files agree with the network that was trained, and take raw pixels."""

import json
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from normlab.spec import JobSpec, plan_job
from normlab.spec.export_formats import FORMATS
from normlab.training import TrainResult
from normlab.training.export.export import export_all
from normlab.training.export.serving_function import TrainedNetwork
from normlab.training.layers.network import build_serving_network


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
def test_files_of_a_run(
    precision: str, small_spec: Callable[..., JobSpec], run: Callable[..., TrainResult], tmp_path: Path
) -> None:
    result = run(small_spec([{"type": "flatten"}, {"type": "batch_normalization"}], {"precision": precision}))
    files = result.export(tmp_path / "made")
    assert [(file.kind, file.kind.media_type) for file in files] == [
        ("keras", "application/vnd.keras"),
        ("onnx", "application/onnx"),
        ("saved_model", "application/zip"),
        ("litert", "application/vnd.tflite"),
        ("history", "application/json"),
        ("test_correct", "application/x-npy"),
    ]
    assert all(file.error is None and file.path is not None and file.path.is_file() for file in files)
    history = json.loads((tmp_path / "made" / "history.json").read_text())
    assert history == [record.model_dump() for record in result.history]
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
    plan = plan_job(small_spec([{"type": "flatten"}]))
    network = TrainedNetwork(plan, build_serving_network(plan, 16), 16)
    files = {file.kind: file for file in export_all(network, [], np.array([True]), tmp_path, FORMATS)}
    assert files["history"].path is None
    assert "IsADirectoryError" in str(files["history"].error)
    assert "the history file could not be made" in caplog.text
    assert all(file.error is None for kind, file in files.items() if kind != "history")


def test_each_format_has_a_module_and_a_line_in_the_docs() -> None:
    docs = (Path(__file__).parents[2] / "docs" / "serving.md").read_text()
    for kind in FORMATS:
        assert callable(import_module(f"normlab.training.export.{kind}").write)
        assert f"| `{kind}` |" in docs
