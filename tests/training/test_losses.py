"""Losses and class weights, against Keras's own in ``fit``; the plain cross-entropy is recorded beside them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, optimizers

from normlab.spec import JobSpec
from normlab.spec.columns import Task
from normlab.spec.losses import losses_of
from normlab.training import TrainResult
from normlab.training.class_weights import class_weights
from normlab.training.datasets import load
from support.keras_fit import assert_same, fit

pytestmark = pytest.mark.usefixtures("float64")

LAYERS = [
    {"type": "flatten"},
    {"type": "dense", "units": 16, "activation": "tanh", "kernel_regularizer": {"l2": 0.01}},
]


def hidden() -> list[layers.Layer]:
    return [
        layers.Flatten(),
        layers.Dense(16, activation="tanh", kernel_regularizer=keras.regularizers.L2(0.01)),
    ]


CASES: list[tuple[dict[str, Any], Callable[[], keras.losses.Loss]]] = [
    (
        {"name": "cross_entropy", "label_smoothing": 0.2},
        lambda: keras.losses.CategoricalCrossentropy(label_smoothing=0.2),
    ),
    ({"name": "focal"}, keras.losses.CategoricalFocalCrossentropy),
    (
        {"name": "focal", "gamma": 1.5, "alpha": 1.0, "label_smoothing": 0.1},
        lambda: keras.losses.CategoricalFocalCrossentropy(gamma=1.5, alpha=1.0, label_smoothing=0.1),
    ),
]


@pytest.mark.parametrize(
    "weighted",
    [pytest.param(False, id="all_alike", marks=pytest.mark.nightly), pytest.param(True, id="weighted")],
)
@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case[0]))
def test_losses(
    case: tuple[dict[str, Any], Callable[[], keras.losses.Loss]],
    weighted: bool,
    small_spec: Callable[..., JobSpec],
    run: Callable[..., TrainResult],
    data_dir: Path,
) -> None:
    written, made = case
    training: dict[str, Any] = {
        "shuffle": False,
        "epochs": 3,
        "loss": written,
        "optimizer": {"name": "sgd", "learning_rate": 0.2},
    }
    if weighted:
        training["class_weight"] = {"0": 3, "7": 0.0, "2": 0.5}
    spec = small_spec(LAYERS, training)
    result = run(spec)
    given = {0: 3.0, 7: 0.0, 2: 0.5} if weighted else None
    fitted = fit(spec, data_dir, hidden(), optimizers.SGD(0.2), loss=made(), class_weight=given)
    assert_same(result, fitted)
    plain = [record.cross_entropy for record in result.history]
    assert all(abs(record.loss - value) > 0.01 for record, value in zip(result.history, plain, strict=True))


def test_balanced_weights_are_scikit_learns_and_change_the_loss_as_in_keras(
    small_spec: Callable[..., JobSpec], run: Callable[..., TrainResult], data_dir: Path
) -> None:
    from sklearn.utils.class_weight import compute_class_weight  # noqa: PLC0415  (slow to import)

    training = {"shuffle": False, "epochs": 2, "class_weight": "balanced"}
    spec = small_spec(LAYERS, training)
    labels = load("digits", data_dir / "datasets").y_train[60:210]
    weights = compute_class_weight("balanced", classes=np.arange(10), y=labels)
    np.testing.assert_allclose(class_weights("balanced", labels, 10), weights, rtol=1e-12)
    given = dict(enumerate(map(float, weights)))
    assert_same(run(spec), fit(spec, data_dir, hidden(), optimizers.SGD(0.001), class_weight=given))


def test_a_class_that_is_not_there_counts_1_and_so_does_one_without_a_weight() -> None:
    labels = np.array([0, 0, 0, 2])
    np.testing.assert_allclose(class_weights("balanced", labels, 4), [4 / (2 * 3), 1, 4 / (2 * 1), 1])
    np.testing.assert_allclose(class_weights({"2": 5.0}, labels, 4), [1, 1, 5, 1])


def test_no_kind_is_missing() -> None:
    assert {written["name"] for written, _ in CASES} == set(losses_of(Task.CLASSIFICATION))
