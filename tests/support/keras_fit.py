"""Keras's own ``fit`` on a job's data, as an independent implementation to compare a training with.

The networks and optimizers are written by hand in the tests; from Normlab comes the raw data and the initial weights.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from normlab.spec import JobSpec, plan_job
from normlab.training import TrainResult
from normlab.training.datasets import load
from normlab.training.layers.network import build_network, initial_weights


@dataclass(frozen=True)
class Fitted:
    """What ``fit`` gave: Keras's history by name, the final weights, and what it found on the test set."""

    history: dict[str, list[float]]
    weights: list[npt.NDArray[Any]]
    test: tuple[float, float, float]
    """Loss, accuracy, and cross-entropy without penalties."""


def fit(
    spec: JobSpec,
    data_dir: Path,
    hidden: Sequence[keras.layers.Layer],
    optimizer: keras.optimizers.Optimizer,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    *,
    loss: keras.losses.Loss | None = None,
    class_weight: dict[int, float] | None = None,
    changed: npt.NDArray[Any] | None = None,
) -> Fitted:
    """Train ``hidden`` and an output layer on the spec's data in its own order, from Normlab's initial weights."""
    output = keras.layers.Dense(10, activation="softmax")
    model = keras.Sequential([keras.Input(spec.dataset.info.shape), *hidden, output])
    return fit_model(
        spec, data_dir, model, optimizer, callbacks, loss=loss, class_weight=class_weight, changed=changed
    )


def fit_model(
    spec: JobSpec,
    data_dir: Path,
    model: keras.Model,
    optimizer: keras.optimizers.Optimizer,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    *,
    loss: keras.losses.Loss | None = None,
    class_weight: dict[int, float] | None = None,
    changed: npt.NDArray[Any] | None = None,
) -> Fitted:
    """The same for a whole model, whose layers come in the order of Normlab's, or have their names.

    A ``loss`` gets shares of the classes as targets. ``changed`` pixels are trained on in place of the data's own.
    """
    data = load(spec.dataset.name, data_dir / "datasets")
    held_out, end = spec.dataset.held_out, spec.dataset.held_out + spec.dataset.trained_on
    pixels = data.x_train / spec.dataset.info.pixel_max
    floatx = keras.config.floatx()
    planned = plan_job(spec)
    model.set_weights(initial_weights(build_network(planned, floatx), planned, spec.training.seed))
    # Eager steps are the same arithmetic, and a few of them are done before a function is traced.
    metrics = keras.metrics
    kind = metrics.SparseCategoricalCrossentropy if loss is None else metrics.CategoricalCrossentropy
    cross_entropy = kind(name="cross_entropy")

    def targets(labels: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return labels if loss is None else np.eye(10)[labels]

    model.compile(
        loss=loss or "sparse_categorical_crossentropy",
        optimizer=optimizer,
        metrics=["accuracy", cross_entropy],
        run_eagerly=True,
    )
    history = model.fit(
        pixels[held_out:end] if changed is None else changed,
        targets(data.y_train[held_out:end]),
        batch_size=spec.training.batch_size,
        epochs=spec.training.epochs,
        shuffle=False,
        validation_data=(pixels[:held_out], targets(data.y_train[:held_out])) if held_out else None,
        validation_batch_size=1000,
        callbacks=list(callbacks),
        class_weight=class_weight,
        verbose=0,
    )
    test = model.evaluate(
        data.x_test / spec.dataset.info.pixel_max, targets(data.y_test), batch_size=1000, verbose=0
    )
    return Fitted(history.history, model.get_weights(), tuple(test))


def assert_same(result: TrainResult, fitted: Fitted, *, relative: float = 1e-9) -> None:
    """Every epoch's figures, the test's figures and the final weights agree.

    A weight is compared relative to the largest of its variable, since some are exactly zero.
    """
    assert len(result.history) == len(fitted.history["loss"])
    for name in ("loss", "accuracy", "val_loss", "val_accuracy", "cross_entropy", "val_cross_entropy"):
        if name not in fitted.history:
            assert all(getattr(record, name) is None for record in result.history)
            continue
        ours = [getattr(record, name) for record in result.history]
        np.testing.assert_allclose(ours, fitted.history[name], rtol=relative, err_msg=name)
    test = result.test_loss, result.test_accuracy, result.test_cross_entropy
    np.testing.assert_allclose(test, fitted.test, rtol=relative)
    for number, (ours, theirs) in enumerate(zip(result.weights, fitted.weights, strict=True)):
        largest = np.abs(theirs).max(initial=0.0)
        np.testing.assert_allclose(
            ours, theirs, rtol=0, atol=relative * max(largest, 1e-12), err_msg=f"weight {number}"
        )
