"""Early stopping, against Keras's own callback in ``fit``; and the ways in which a run ends."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import pytest
from keras import layers, optimizers

from normlab.spec import JobSpec
from normlab.spec.runs import StopReason
from normlab.training import TrainResult
from normlab.training.data import training_data
from support.keras_fit import assert_same, fit

LAYERS = [{"type": "flatten"}, {"type": "dense", "units": 16, "activation": "relu"}]
RULES = [
    {"monitor": "val_loss", "patience": 2, "restore_best_weights": True},
    {"monitor": "val_accuracy", "patience": 3, "restore_best_weights": True},
    {"monitor": "loss", "patience": 1, "min_delta": 0.2},
    {"monitor": "accuracy", "patience": 0, "min_delta": 0.05, "restore_best_weights": True},
]


def spec_with(rule: dict[str, Any], small_spec: Callable[..., JobSpec], epochs: int) -> JobSpec:
    return small_spec(
        LAYERS,
        {
            "shuffle": False,
            "epochs": epochs,
            # Large enough to overshoot the best point soon.
            "optimizer": {"name": "sgd", "learning_rate": 0.5, "momentum": 0.9},
            "early_stopping": rule,
        },
    )


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize(
    "rule",
    [RULES[0], *(pytest.param(rule, marks=pytest.mark.nightly) for rule in RULES[1:])],
    ids=[str(rule["monitor"]) for rule in RULES],
)
def test_as_keras_does(
    rule: dict[str, Any], small_spec: Callable[..., JobSpec], run: Callable[..., TrainResult], data_dir: Path
) -> None:
    spec = spec_with(rule, small_spec, 30)
    result = run(spec)
    callback = keras.callbacks.EarlyStopping(**rule)
    hidden = [layers.Flatten(), layers.Dense(16, activation="relu")]
    fitted = fit(spec, data_dir, hidden, optimizers.SGD(0.5, momentum=0.9), [callback])
    assert_same(result, fitted)
    assert result.stop_reason is StopReason.EARLY_STOPPING
    assert len(result.history) < 30


@pytest.mark.usefixtures("float64")
def test_best_weights_are_restored_also_when_the_epochs_run_out(
    small_spec: Callable[..., JobSpec], run: Callable[..., TrainResult], data_dir: Path
) -> None:
    rule = {"monitor": "val_loss", "patience": 20, "restore_best_weights": True}
    spec = spec_with(rule, small_spec, 8)
    result = run(spec)
    hidden = [layers.Flatten(), layers.Dense(16, activation="relu")]
    callback = keras.callbacks.EarlyStopping(**rule)
    assert_same(result, fit(spec, data_dir, hidden, optimizers.SGD(0.5, momentum=0.9), [callback]))
    assert result.stop_reason is StopReason.COMPLETED
    losses = [record.val_loss for record in result.history]
    assert min(losses) < losses[-1]


def test_the_best_epoch_is_the_first_with_the_best_validation_accuracy(
    small_spec: Callable[..., JobSpec], run: Callable[..., TrainResult]
) -> None:
    result = run(spec_with(RULES[2], small_spec, 6))
    accuracies = [record.val_accuracy for record in result.history]
    assert result.best_epoch == accuracies.index(max(accuracies)) + 1


@pytest.mark.parametrize("rule", [RULES[0], RULES[1], RULES[2]], ids=["val_loss", "val_accuracy", "loss"])
def test_the_kept_epoch_is_the_one_whose_network_is_exported(
    rule: dict[str, Any], small_spec: Callable[..., JobSpec], run: Callable[..., TrainResult], data_dir: Path
) -> None:
    result = run(spec_with(rule, small_spec, 30))
    restored = rule.get("restore_best_weights", False)
    assert (result.kept_epoch < len(result.history)) == restored
    data = training_data(result.spec, data_dir)
    predicted = result.network.predict(data.validation.x.numpy().astype("float32"), verbose=0).argmax(axis=1)
    kept = result.history[result.kept_epoch - 1]
    assert kept.val_accuracy == (predicted == data.validation.y.numpy()).mean()
    # No figure is of a network that was thrown away.
    assert result.best_epoch <= result.kept_epoch
