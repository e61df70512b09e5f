"""Every optimizer with its options, against Keras's own in ``fit``."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, optimizers

from normlab.spec import JobSpec, schedules
from normlab.spec import optimizers as kinds
from normlab.training import TrainResult
from support.keras_fit import assert_same, fit

pytestmark = pytest.mark.usefixtures("float64")

LAYERS = [
    {"type": "flatten"},
    {"type": "dense", "units": 16, "activation": "tanh"},
    {"type": "batch_normalization"},
]

CASES: list[tuple[dict[str, Any], Callable[[], optimizers.Optimizer]]] = [
    ({"name": "sgd", "learning_rate": 0.1, "momentum": 0.9}, lambda: optimizers.SGD(0.1, momentum=0.9)),
    (
        {"name": "sgd", "momentum": 0.8, "nesterov": True, "clipvalue": 0.02},
        lambda: optimizers.SGD(0.001, momentum=0.8, nesterov=True, clipvalue=0.02),
    ),
    (
        {"name": "sgd", "learning_rate": 0.1, "weight_decay": 0.2, "clipnorm": 0.3},
        lambda: optimizers.SGD(0.1, weight_decay=0.2, clipnorm=0.3),
    ),
    ({"name": "adam"}, optimizers.Adam),
    (
        {
            "name": "adam",
            "beta_1": 0.8,
            "beta_2": 0.9,
            "epsilon": 1e-5,
            "amsgrad": True,
            "global_clipnorm": 0.5,
        },
        lambda: optimizers.Adam(beta_1=0.8, beta_2=0.9, epsilon=1e-5, amsgrad=True, global_clipnorm=0.5),
    ),
    ({"name": "adamw", "learning_rate": 0.01}, lambda: optimizers.AdamW(0.01, weight_decay=0.004)),
    ({"name": "rmsprop"}, optimizers.RMSprop),
    (
        {"name": "rmsprop", "rho": 0.8, "momentum": 0.5, "centered": True, "weight_decay": 0.1},
        lambda: optimizers.RMSprop(rho=0.8, momentum=0.5, centered=True, weight_decay=0.1),
    ),
]


@pytest.mark.parametrize(("written", "made"), CASES, ids=["-".join(list(case[0])) for case in CASES])
def test_optimizers(
    written: dict[str, Any],
    made: Callable[[], optimizers.Optimizer],
    small_spec: Callable[..., JobSpec],
    run: Callable[..., TrainResult],
    data_dir: Path,
) -> None:
    spec = small_spec(LAYERS, {"shuffle": False, "optimizer": written})
    hidden = [layers.Flatten(), layers.Dense(16, activation="tanh"), layers.BatchNormalization()]
    assert_same(run(spec), fit(spec, data_dir, hidden, made()))


STEPS = 5
"""Of an epoch of ``small_spec``."""
RATE = np.float64(0.5)
"""Keras computes schedules in the type of their numbers, and takes Python's floats for float32."""

SCHEDULES: list[tuple[dict[str, Any], Callable[[], optimizers.schedules.LearningRateSchedule]]] = [
    (
        {"name": "cosine", "alpha": 0.1},
        lambda: optimizers.schedules.CosineDecay(RATE, decay_steps=3 * STEPS, alpha=np.float64(0.1)),
    ),
    (
        {"name": "cosine", "warmup_epochs": 1.2},
        lambda: optimizers.schedules.CosineDecay(
            np.float64(0), decay_steps=9, warmup_target=RATE, warmup_steps=6
        ),
    ),
    (
        {"name": "exponential", "decay_rate": 0.7, "decay_epochs": 1.2},
        lambda: optimizers.schedules.ExponentialDecay(RATE, decay_steps=6, decay_rate=np.float64(0.7)),
    ),
    (
        {"name": "exponential", "decay_rate": 0.5, "decay_epochs": 0.6, "staircase": True},
        lambda: optimizers.schedules.ExponentialDecay(
            RATE, decay_steps=3, decay_rate=np.float64(0.5), staircase=True
        ),
    ),
    (
        {"name": "step", "epochs": [1, 2], "factor_per_step": 0.2},
        # Keras's boundary is the last step with the value before it.
        lambda: optimizers.schedules.PiecewiseConstantDecay(
            [STEPS - 1, 2 * STEPS - 1], [RATE, RATE * 0.2, RATE * 0.2**2]
        ),
    ),
]


@pytest.mark.parametrize(("written", "made"), SCHEDULES, ids=["-".join(list(case[0])) for case in SCHEDULES])
def test_schedules(
    written: dict[str, Any],
    made: Callable[[], optimizers.schedules.LearningRateSchedule],
    small_spec: Callable[..., JobSpec],
    run: Callable[..., TrainResult],
    data_dir: Path,
) -> None:
    spec = small_spec(
        LAYERS,
        {
            "shuffle": False,
            "epochs": 3,
            "optimizer": {"name": "sgd", "learning_rate": float(RATE)},
            "learning_rate_schedule": written,
        },
    )
    hidden = [layers.Flatten(), layers.Dense(16, activation="tanh"), layers.BatchNormalization()]
    result = run(spec)
    assert_same(result, fit(spec, data_dir, hidden, optimizers.SGD(made())))
    for record in result.history:
        last_step = record.epoch * STEPS - 1
        assert record.learning_rate == pytest.approx(
            float(keras.ops.convert_to_numpy(made()(last_step))), rel=1e-12
        )


def test_no_kind_is_missing() -> None:
    assert {written["name"] for written, _ in CASES} == set(kinds.OPTIMIZERS)
    assert {written["name"] for written, _ in SCHEDULES} | {"constant"} == set(schedules.SCHEDULES)
