"""``.keras`` files open in the versions of Keras that people have, not only in the one that wrote them."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import keras
import numpy as np
import pytest

from normlab.spec import PRESETS, JobSpec, plan_job
from normlab.spec.export_formats import ArtifactKind
from normlab.spec.fields import Activation
from normlab.training.export import keras as keras_file
from normlab.training.export.export import export
from normlab.training.export.serving_function import TrainedNetwork
from normlab.training.layers.network import build_serving_network
from support.trainings import NEW_KINDS

ALL_LAYERS: list[dict[str, Any]] = [
    {"type": "reshape", "target_shape": [8, 8, 1]},
    {"type": "conv2d", "filters": 8, "kernel_size": 3, "strides": [1, 2], "padding": "same"},
    {"type": "batch_normalization"},
    {"type": "group_normalization", "groups": 4},
    {"type": "max_pooling2d", "padding": "same"},
    {"type": "average_pooling2d", "pool_size": 2, "strides": 1},
    {"type": "conv2d", "filters": 4, "kernel_size": [2, 1], "kernel_regularizer": {"l2": 0.01}},
    {"type": "dropout", "rate": 0.3},
    {"type": "global_average_pooling2d"},
    {"type": "layer_normalization"},
    {"type": "flatten"},
    {"type": "dense", "units": 6, "activation": "gelu", "kernel_regularizer": {"l2": 0.01}},
    *({"type": "activation", "activation": activation} for activation in Activation),
]

_LAYER = {"name", "trainable", "dtype"}
_IMAGE = _LAYER | {"data_format"}
_POOLING = _IMAGE | {"pool_size", "strides", "padding"}
_KERNEL = _LAYER | {
    f"{of}_{what}" for of in ("kernel", "bias") for what in ("initializer", "regularizer", "constraint")
}
_AFFINE = _LAYER | {
    f"{of}_{what}" for of in ("gamma", "beta") for what in ("initializer", "regularizer", "constraint")
}
_NORMALIZATION = _AFFINE | {"axis", "center", "scale", "epsilon"}
KEYS_OF_THE_OLDEST = {
    "Activation": _LAYER | {"activation"},
    "AveragePooling2D": _POOLING,
    "BatchNormalization": _NORMALIZATION
    | {"momentum", "moving_mean_initializer", "moving_variance_initializer", "synchronized"},
    "Conv2D": _KERNEL
    | _IMAGE
    | {"filters", "kernel_size", "strides", "padding", "dilation_rate", "groups"}
    | {"activation", "use_bias", "activity_regularizer"},
    "DTypePolicy": {"name"},
    "Dense": _KERNEL | {"units", "activation", "use_bias"},
    "Dropout": _LAYER | {"noise_shape", "rate", "seed"},
    "Flatten": _IMAGE,
    "Functional": {"name", "trainable", "layers", "input_layers", "output_layers"},
    "GlobalAveragePooling2D": _IMAGE | {"keepdims"},
    "GlorotUniform": {"seed"},
    "GroupNormalization": _NORMALIZATION | {"groups"},
    "InputLayer": {"batch_shape", "dtype", "name", "ragged", "sparse", "optional"},
    "L2": {"l2"},
    "LayerNormalization": _NORMALIZATION | {"rms_scaling"},
    "LeakyReLU": _LAYER | {"negative_slope"},
    "MaxPooling2D": _POOLING,
    "Ones": set[str](),
    "Rescaling": _LAYER | {"scale", "offset"},
    "Reshape": _LAYER | {"target_shape"},
    "Zeros": set[str](),
}
"""What Keras 3.10 takes for each class."""


def network(architecture: object, small_spec: Callable[..., JobSpec]) -> TrainedNetwork:
    plan = plan_job(small_spec(architecture))
    made = build_serving_network(plan, 16)
    draw = np.random.default_rng(0)
    for weight in made.weights:
        values = draw.normal(0, 0.3, weight.shape)
        weight.assign(np.abs(values) + 0.1 if weight.name == "moving_variance" else values)
    return TrainedNetwork(plan, made, 16)


def write(trained: TrainedNetwork, folder: Path) -> Path:
    folder.mkdir()
    file = export(ArtifactKind.KERAS, folder, lambda path: keras_file.write(trained, path))
    assert file.path is not None, file.error
    return file.path


def objects(value: Any) -> Iterator[tuple[str, set[str]]]:
    """The name and the parameters of each class in a config."""
    if isinstance(value, list):
        for item in value:
            yield from objects(item)
    elif isinstance(value, dict):
        if value.get("module"):
            yield value["class_name"], set(value["config"])
        yield from objects(list(value.values()))


def test_no_parameter_is_newer_than_the_oldest_version(
    small_spec: Callable[..., JobSpec], tmp_path: Path
) -> None:
    with ZipFile(write(network(ALL_LAYERS, small_spec), tmp_path / "made")) as archive:
        found = list(objects(json.loads(archive.read("config.json"))))
    assert {name for name, _ in found} == set(KEYS_OF_THE_OLDEST)
    for name, keys in found:
        assert keys <= KEYS_OF_THE_OLDEST[name], name


def test_the_same_network_gives_the_same_bytes(small_spec: Callable[..., JobSpec], tmp_path: Path) -> None:
    first, second = (write(network("batch_norm", small_spec), tmp_path / name) for name in ("a", "b"))
    assert first.read_bytes() == second.read_bytes()
    assert list((tmp_path / "a").iterdir()) == [first]


def test_a_file_that_was_opened_can_be_trained_on(small_spec: Callable[..., JobSpec], tmp_path: Path) -> None:
    trained = network("batch_norm", small_spec)
    opened = keras.models.load_model(write(trained, tmp_path / "made"))
    for before, after in zip(trained.network.weights, opened.weights, strict=True):
        np.testing.assert_array_equal(before, after)
    opened.compile("sgd", "sparse_categorical_crossentropy")
    opened.fit(np.zeros((4, 8, 8)), np.arange(4), verbose=0)


LOAD = """
import sys
from pathlib import Path
import keras, numpy as np
assert keras.__version__ == sys.argv[1], keras.__version__
folder = Path(sys.argv[2])
pixels = np.load(folder / "pixels.npy")
for file in sorted(folder.glob("*/model.keras")):
    expected = np.load(file.with_suffix(".npy"))
    # What Keras lacks is written in other operations.
    tolerance = 1e-6 if file.parent.name in ("images", "rows") else 0
    np.testing.assert_allclose(keras.models.load_model(file)(pixels), expected, rtol=0, atol=tolerance)
    print(file.parent.name)
"""


@pytest.mark.nightly
@pytest.mark.parametrize("version", ["3.10.0", "3.11.3", "3.12.4", "3.13.2", "3.14.1", "3.15.1"])
def test_files_open_in_other_versions(
    version: str, small_spec: Callable[..., JobSpec], tmp_path: Path
) -> None:
    pixels = np.random.default_rng(1).integers(0, 17, (8, 8, 8)).astype(np.float32)
    np.save(tmp_path / "pixels.npy", pixels)
    # Renormalization came with 3.14: a file that has it opens from there on.
    more = {
        name: [layer for layer in layers if layer["type"] != "batch_renormalization"]
        for name, layers in NEW_KINDS.items()
    }
    architectures = {name: name for name in PRESETS} | {"all_layers": ALL_LAYERS, **more}
    for name, architecture in architectures.items():
        trained = network(architecture, small_spec)
        np.save(write(trained, tmp_path / name).with_suffix(".npy"), np.asarray(trained.network(pixels)))
    other = tmp_path / "other"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", other]
    subprocess.run([*install, f"keras=={version}"], check=True, timeout=200)
    path = os.pathsep.join([str(other), os.environ.get("PYTHONPATH", "")])
    loaded = subprocess.run(
        [sys.executable, "-c", LOAD, version, tmp_path],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert loaded.stdout.split() == sorted(architectures), loaded.stderr[-2000:]
