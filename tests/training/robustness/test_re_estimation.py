"""Statistics of the corrupted pictures: the ONNX file gives what Keras gives after a pass over them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from normlab.spec import JobSpec, PlannedLayer, plan_job
from normlab.spec.export_formats import ArtifactKind
from normlab.spec.graph import flow
from normlab.spec.layers import WithMovingStatistics
from normlab.spec.robustness import CorruptionName, RobustnessRequest
from normlab.training.datasets.arrays import Pixels
from normlab.training.export.export import export_format
from normlab.training.export.serving_function import TrainedNetwork
from normlab.training.layers.network import build_serving_network, built_layers, entering
from normlab.training.robustness import networks
from normlab.training.robustness.measure import NO_MOVING_STATISTICS, Asked, ask, measure

ON_IMAGES = [
    {"type": "reshape", "target_shape": [8, 8, 1]},
    {"type": "batch_normalization"},
    {"type": "conv2d", "filters": 6, "kernel_size": 3},
    {"type": "batch_normalization", "scale": False, "epsilon": 0.01},
    {"type": "activation", "activation": "relu"},
    {"type": "flatten"},
    {"type": "batch_renormalization", "center": False},
    {"type": "scale_only"},
    {"type": "dense", "units": 20},
    {"type": "batch_normalization", "virtual_batch_size": 8, "center": False, "scale": False},
]
IN_BRANCHES = [
    {"type": "reshape", "target_shape": [8, 8, 1]},
    {"type": "conv2d", "filters": 4, "kernel_size": 1},
    {
        "type": "residual",
        "layers": [
            {"type": "conv2d", "filters": 4, "kernel_size": 3, "padding": "same"},
            {"type": "batch_normalization"},
        ],
    },
    {"type": "batch_normalization"},
    {"type": "flatten"},
]
WITHOUT = [{"type": "flatten"}, {"type": "layer_normalization"}, {"type": "dense", "units": 9}]


def trained_network(spec: JobSpec) -> TrainedNetwork:
    """A network whose variables are anything."""
    planned = plan_job(spec)
    network = build_serving_network(planned, 16)
    random = np.random.default_rng(0)
    for variable in network.variables:
        values = random.normal(0, 0.5, variable.shape)
        variable.assign(np.abs(values) + 0.3 if "variance" in variable.name else values)
    return TrainedNetwork(planned, network, 16)


def asked(trained: TrainedNetwork, folder: Path) -> Asked:
    return ask(
        trained.planned,
        made(ArtifactKind.ONNX, trained, folder),
        lambda: made(ArtifactKind.KERAS, trained, folder),
    )


def made(kind: ArtifactKind, trained: TrainedNetwork, folder: Path) -> bytes:
    path = export_format(kind, trained, folder).path
    assert path is not None
    return path.read_bytes()


def settle(trained: TrainedNetwork, pictures: Pixels) -> None:
    """Set Keras's moving statistics to those of what enters each layer in a pass over the pictures."""
    built = built_layers(trained.network)

    def through(item: PlannedLayer, values: Any) -> Any:
        layer, x = built[item.name], entering(item, values)
        if isinstance(item.layer, WithMovingStatistics):
            mean, variance = keras.ops.moments(x, axes=list(range(len(x.shape) - 1)))
            layer.moving_mean.assign(mean)
            layer.moving_variance.assign(variance)
        return layer(x, training=False)

    flow(trained.planned, keras.ops.convert_to_tensor(pictures.astype(np.float32) / 16), through)


def digits(count: int) -> Pixels:
    return np.random.default_rng(1).integers(0, 17, (count, 8, 8)).astype(np.uint8)


@pytest.mark.parametrize("layers", [ON_IMAGES, IN_BRANCHES], ids=["kinds", "branches"])
@pytest.mark.parametrize("fits", [True, False], ids=["all", "some"])
def test_probabilities_are_keras_s(
    layers: list[dict[str, Any]],
    fits: bool,
    small_spec: Callable[..., JobSpec],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trained, pictures = trained_network(small_spec(layers)), digits(600)
    if not fits:
        monkeypatch.setattr(networks, "STATISTICS_BYTES", 16 * 6 * 36 * 4 * 100)
    network = asked(trained, tmp_path)
    assert network.re_estimated is not None
    assert (network.re_estimated.samples(600) == 600) == fits
    before = np.asarray(trained.network(pictures.astype(np.float32), training=False))
    np.testing.assert_allclose(network.trained.probabilities(pictures), before, atol=2e-6)
    taken = np.linspace(0, 599, network.re_estimated.samples(600)).astype(int)
    settle(trained, pictures[taken])
    after = np.asarray(trained.network(pictures.astype(np.float32), training=False))
    assert np.abs(after - before).max() > 0.02
    np.testing.assert_allclose(network.re_estimated.probabilities(pictures), after, atol=2e-5)


def test_a_network_without_such_layers_is_told_so(small_spec: Callable[..., JobSpec], tmp_path: Path) -> None:
    network = asked(trained_network(small_spec(WITHOUT)), tmp_path)
    request = RobustnessRequest(corruptions=(CorruptionName.BLUR,), severities=(1, 5), samples=50)
    pictures = digits(80)
    (answers,) = measure([network], pictures, np.zeros(80, np.uint8), request, 16)
    assert answers.re_estimated is None
    assert answers.reason == NO_MOVING_STATISTICS
    assert answers.trained.corrupted.shape == (1, 2, 50)
    assert type(answers).from_bytes(answers.to_bytes()).reason == NO_MOVING_STATISTICS


def test_a_file_of_another_form_is_an_answer(small_spec: Callable[..., JobSpec], tmp_path: Path) -> None:
    trained, other = (trained_network(small_spec(layers)) for layers in (IN_BRANCHES, WITHOUT))
    network = ask(
        trained.planned,
        made(ArtifactKind.ONNX, trained, tmp_path),
        lambda: made(ArtifactKind.KERAS, other, tmp_path),
    )
    assert network.re_estimated is None
    assert "batch_normalization_1" in network.reason


def test_brightness_is_undone_by_statistics_of_the_bright_pictures(
    small_spec: Callable[..., JobSpec], tmp_path: Path
) -> None:
    """What no value is clipped by, a normalization of the pixels takes away."""
    layers = [{"type": "flatten"}, {"type": "batch_normalization"}, {"type": "dense", "units": 12}]
    network = asked(trained_network(small_spec(layers)), tmp_path)
    pictures = digits(400) // 2
    clean = network.re_estimated.probabilities(pictures) if network.re_estimated else None
    request = RobustnessRequest(corruptions=(CorruptionName.BRIGHTNESS,), severities=(4,))
    labels = np.asarray(clean).argmax(axis=1).astype(np.uint8)
    (answers,) = measure([network], pictures, labels, request, 16)
    assert answers.re_estimated is not None
    assert answers.re_estimated.clean.all()
    assert answers.re_estimated.corrupted.mean() > 0.99
    assert answers.trained.corrupted.mean() < 0.9
    read = type(answers).from_bytes(answers.to_bytes())
    np.testing.assert_array_equal(read.trained.corrupted, answers.trained.corrupted)
    assert (read.layers, read.samples) == (("batch_normalization_1",), 400)
