"""The accuracy with settled statistics of batch normalization, beside that of the kept network."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from normlab.spec import JobSpec, plan_job
from normlab.spec.runs import Concern
from normlab.spec.settling import SETTLED
from normlab.training import TrainResult
from normlab.training.data import training_data
from normlab.training.layers.network import build_network
from support.trainings import BRANCHES, RESIDUAL_IMAGES

DENSE: list[dict[str, Any]] = [
    {"type": "flatten"},
    {"type": "batch_normalization"},
    {"type": "dense", "units": 24},
    {"type": "batch_normalization", "momentum": 0.9},
    {"type": "activation", "activation": "relu"},
    {"type": "dropout", "rate": 0.5},
]
CONVOLUTION: list[dict[str, Any]] = [
    {"type": "reshape", "target_shape": [8, 8, 1]},
    {"type": "conv2d", "filters": 4, "kernel_size": 3},
    {"type": "batch_normalization"},
    {"type": "activation", "activation": "relu"},
    {"type": "max_pooling2d"},
    {"type": "flatten"},
]
FEW_STEPS = {"epochs": 2, "optimizer": {"name": "adam", "learning_rate": 0.01}}


def accuracy(network: keras.Model, samples: Any) -> float:
    predicted = network.predict(samples.x.numpy().astype("float32"), verbose=0).argmax(axis=1)
    return float((predicted == samples.y.numpy()).mean())


def settled_by_hand(result: TrainResult, pixels: np.ndarray[Any, Any]) -> keras.Model:
    """The exported network with its moving statistics replaced, one layer after the other, by NumPy's moments."""
    planned, values = plan_job(result.spec), pixels.astype("float32") / 16
    network = build_network(planned, "float32")
    network.set_weights(result.network.get_weights())
    for item in planned:
        layer = network.get_layer(item.name)
        if isinstance(layer, keras.layers.BatchNormalization):
            entering = np.asarray(keras.Model(network.input, layer.input)(values))
            axes = tuple(range(entering.ndim - 1))
            layer.moving_mean.assign(entering.mean(axis=axes, dtype=np.float64))
            layer.moving_variance.assign(entering.var(axis=axes, dtype=np.float64))
    result.network.set_weights(network.get_weights())
    return result.network


@pytest.mark.parametrize(
    "layers",
    [
        pytest.param(DENSE, id="xla"),
        pytest.param(CONVOLUTION, id="graph"),
        pytest.param(RESIDUAL_IMAGES, id="residual", marks=pytest.mark.nightly),
        pytest.param(BRANCHES, id="branches", marks=pytest.mark.nightly),
    ],
)
def test_the_figures_are_those_of_statistics_of_the_training_data(
    layers: list[dict[str, Any]],
    small_spec: Callable[..., JobSpec],
    run: Callable[..., TrainResult],
    data_dir: Path,
) -> None:
    result = run(small_spec(layers, FEW_STEPS))
    data = training_data(result.spec, data_dir)
    population = result.population
    assert population is not None
    assert (population.samples, population.updates) == (150, 10)
    assert population.start_share == pytest.approx(0.99**10)
    # The kept network is the one that was trained.
    assert accuracy(result.network, data.validation) == result.history[-1].val_accuracy
    settled = settled_by_hand(result, data.training.x.numpy())
    assert accuracy(settled, data.validation) == pytest.approx(population.val_accuracy, abs=1.01 / 60)
    assert accuracy(settled, data.test) == pytest.approx(population.test_accuracy, abs=1.01 / 360)
    assert population.test_accuracy != result.test_accuracy  # it is not the kept network's by mistake
    (remark,) = (remark for remark in result.remarks if remark.concern is Concern.UNSETTLED_STATISTICS)
    assert "after 10 updates 90 % of batch normalization's moving statistics" in remark.detail
    assert f"would be {100 * population.test_accuracy:.2f} %" in remark.detail


def test_the_warning_goes_with_the_steps_or_a_smaller_momentum(
    small_spec: Callable[..., JobSpec], run: Callable[..., TrainResult]
) -> None:
    quick = [{**layer, "momentum": 0.5} if "batch" in layer["type"] else layer for layer in DENSE]
    for layers, epochs in ((quick, 2), (DENSE, 100)):
        result = run(small_spec(layers, FEW_STEPS | {"epochs": epochs}))
        assert Concern.UNSETTLED_STATISTICS not in [remark.concern for remark in result.remarks]
        assert result.population is not None
        assert result.population.start_share < SETTLED


def test_the_kept_epochs_updates_count(
    small_spec: Callable[..., JobSpec], run: Callable[..., TrainResult]
) -> None:
    rule = {"monitor": "val_loss", "patience": 2, "restore_best_weights": True}
    training = {
        "epochs": 40,
        "optimizer": {"name": "sgd", "learning_rate": 0.5, "momentum": 0.9},
        "early_stopping": rule,
    }
    result = run(small_spec(DENSE, training))
    assert result.kept_epoch < len(result.history)
    assert result.population is not None
    assert result.population.updates == 5 * result.kept_epoch


def test_without_batch_normalization_there_is_nothing_to_settle(
    small_spec: Callable[..., JobSpec], run: Callable[..., TrainResult]
) -> None:
    assert run(small_spec("baseline", {"epochs": 1})).population is None
