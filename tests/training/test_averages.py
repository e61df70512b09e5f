"""Averaged weights and accumulated gradients, against Keras's own in ``fit``."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, optimizers

from normlab.spec import JobSpec, plan_job
from normlab.training import TrainResult
from normlab.training.datasets import load
from normlab.training.layers.network import build_network, initial_weights
from support.keras_fit import assert_same, fit

pytestmark = pytest.mark.usefixtures("float64")

LAYERS = [
    {"type": "flatten"},
    {"type": "dense", "units": 16, "activation": "tanh"},
    {"type": "batch_normalization", "momentum": 0.8},
]


def hidden() -> list[layers.Layer]:
    return [layers.Flatten(), layers.Dense(16, activation="tanh"), layers.BatchNormalization(momentum=0.8)]


CASES: dict[str, tuple[dict[str, Any], Callable[[], optimizers.Optimizer]]] = {
    "average": (
        {"name": "adam", "ema_momentum": 0.8},
        lambda: optimizers.Adam(use_ema=True, ema_momentum=0.8),
    ),
    "accumulation": (
        # 5 batches an epoch: some of them are added up across epochs.
        {"name": "sgd", "learning_rate": 0.1, "momentum": 0.9, "gradient_accumulation_steps": 3},
        lambda: optimizers.SGD(0.1, momentum=0.9, gradient_accumulation_steps=3),
    ),
    "accumulation and clipping of the mean": (
        {"name": "sgd", "learning_rate": 0.5, "global_clipnorm": 0.3, "gradient_accumulation_steps": 2},
        lambda: optimizers.SGD(0.5, global_clipnorm=0.3, gradient_accumulation_steps=2),
    ),
    "both": (
        {"name": "nadam", "ema_momentum": 0.8, "gradient_accumulation_steps": 2},
        lambda: optimizers.Nadam(use_ema=True, ema_momentum=0.8**0.5, gradient_accumulation_steps=2),
    ),
}


@pytest.mark.parametrize(
    "case", [pytest.param(name, marks=() if name == "both" else pytest.mark.nightly) for name in CASES]
)
def test_as_keras_does(
    case: str, small_spec: Callable[..., JobSpec], run: Callable[..., TrainResult], data_dir: Path
) -> None:
    written, made = CASES[case]
    spec = small_spec(LAYERS, {"shuffle": False, "epochs": 4, "optimizer": written})
    callbacks = [keras.callbacks.SwapEMAWeights()] if "ema_momentum" in written else []
    assert_same(run(spec), fit(spec, data_dir, hidden(), made(), callbacks))


def test_the_averages_of_the_best_epoch_are_restored(
    small_spec: Callable[..., JobSpec], run: Callable[..., TrainResult], data_dir: Path
) -> None:
    training = {
        "epochs": 12,
        "optimizer": {"name": "sgd", "learning_rate": 2.0, "ema_momentum": 0.5},
        "early_stopping": {"monitor": "val_loss", "patience": 2, "restore_best_weights": True},
    }
    result = run(small_spec(LAYERS, training))
    assert result.kept_epoch < len(result.history)
    kept = result.history[result.kept_epoch - 1]
    right = result.probabilities["validation"].argmax(1) == load("digits", data_dir / "datasets").y_train[:60]
    assert right.mean() == kept.val_accuracy


def test_the_mean_of_a_schedule_free_run_is_kept(
    small_spec: Callable[..., JobSpec], run: Callable[..., TrainResult], data_dir: Path
) -> None:
    optimizer = {"name": "schedule_free_adamw", "learning_rate": 0.05}
    spec = small_spec(LAYERS, {"shuffle": False, "epochs": 3, "optimizer": optimizer})
    result = run(spec)
    model, mean = mean_by_hand(spec, data_dir)
    trained = [0, 1, 2, 3, 6, 7]  # without the moving statistics
    for number, ours in zip(trained, mean, strict=True):
        np.testing.assert_allclose(result.weights[number], ours, atol=1e-9)
    # What enters batch normalization in inference, for all training samples: there are fewer than it takes at most.
    data = load("digits", data_dir / "datasets")
    entering = np.tanh(data.x_train[60:210].reshape(150, -1) / 16 @ mean[0] + mean[1])
    np.testing.assert_allclose(result.weights[4], entering.mean(0), atol=1e-9)
    np.testing.assert_allclose(result.weights[5], entering.var(0), atol=1e-9)
    model.set_weights(result.weights)
    loss = model.evaluate(data.x_train[:60] / 16, data.y_train[:60], batch_size=60, verbose=0)
    assert result.history[-1].val_loss == pytest.approx(loss, rel=1e-9)


def mean_by_hand(spec: JobSpec, data_dir: Path) -> tuple[keras.Model, list[Any]]:
    """The paper's algorithm in NumPy, with gradients from a network of Keras's."""
    data = load("digits", data_dir / "datasets")
    pixels, labels = data.x_train[60:210] / 16, data.y_train[60:210]
    model = keras.Sequential([keras.Input((8, 8)), *hidden(), layers.Dense(10, activation="softmax")])
    planned = plan_job(spec)
    model.set_weights(initial_weights(build_network(planned, "float64"), planned, spec.training.seed))
    model.compile(loss="sparse_categorical_crossentropy")
    variables, points = model.trainable_variables, []
    newest = [variable.numpy() for variable in variables]
    squares = [np.zeros_like(value) for value in newest]
    for epoch in range(spec.training.epochs):
        for number, start in enumerate(range(0, 150, 32)):
            step = 5 * epoch + number + 1
            with tf.GradientTape() as tape:
                given = model(pixels[start : start + 32], training=True)
                losses = keras.losses.sparse_categorical_crossentropy(labels[start : start + 32], given)
                loss = tf.reduce_mean(losses)
            gradients = [part.numpy() for part in tape.gradient(loss, variables)]
            squares = [0.999 * v + 0.001 * g**2 for v, g in zip(squares, gradients, strict=True)]
            newest = [
                z - 0.05 * g / (np.sqrt(v / (1 - 0.999**step)) + 1e-8)
                for z, g, v in zip(newest, gradients, squares, strict=True)
            ]
            points.append(newest)
            mean = [np.mean(values, axis=0) for values in zip(*points, strict=True)]
            for variable, z, x in zip(variables, newest, mean, strict=True):
                variable.assign(0.1 * z + 0.9 * x)
    return model, mean


def test_keras_own_schedule_free_optimizer_is_another_algorithm() -> None:
    """If this fails, Keras has mended it, and ours can go."""
    weight = keras.Variable([1.0, -2.0], dtype="float64")
    optimizer = optimizers.ScheduleFreeAdamW(0.1)
    optimizer.build([weight])
    points = []
    for gradient in ([1.0, 2.0], [-0.5, 1.0], [2.0, -3.0]):
        optimizer.apply([tf.constant(gradient, tf.float64)], [weight])
        points.append(optimizer._momentums[0].numpy())
    between = 0.1 * points[-1] + 0.9 * np.mean(points, axis=0)
    np.testing.assert_allclose(weight.numpy(), np.mean(points, axis=0), rtol=1e-12)
    assert np.abs(weight.numpy() - between).max() > 1e-3
