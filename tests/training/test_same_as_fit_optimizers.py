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


def without_decay_of(optimizer: optimizers.Optimizer, *names: str) -> optimizers.Optimizer:
    optimizer.exclude_from_weight_decay(var_names=list(names))
    return optimizer


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
    (
        {
            "name": "adamw",
            "weight_decay": 0.3,
            "exclude_from_weight_decay": ["normalization", "bias"],
            "global_clip_norm": 0.5,
        },
        lambda: without_decay_of(
            optimizers.AdamW(weight_decay=0.3, global_clipnorm=0.5), "bias", "gamma", "beta"
        ),
    ),
    (
        {"name": "sgd", "weight_decay": 0.3, "exclude_from_weight_decay": ["bias"], "clip_norm": 0.2},
        lambda: without_decay_of(optimizers.SGD(0.001, weight_decay=0.3, clipnorm=0.2), "bias"),
    ),
    ({"name": "adamax", "clip_value": 0.01}, lambda: optimizers.Adamax(clipvalue=0.01)),
    ({"name": "nadam", "beta_1": 0.8}, lambda: optimizers.Nadam(beta_1=0.8)),
    ({"name": "adagrad", "learning_rate": 0.1}, lambda: optimizers.Adagrad(0.1)),
    ({"name": "adadelta", "learning_rate": 1.0, "rho": 0.9}, lambda: optimizers.Adadelta(1.0, rho=0.9)),
    ({"name": "lion", "weight_decay": 0.1}, lambda: optimizers.Lion(weight_decay=0.1)),
    ({"name": "lamb", "epsilon": 1e-4}, lambda: optimizers.Lamb(epsilon=1e-4)),
    (
        {"name": "adafactor", "learning_rate": 0.05, "relative_step": False},
        lambda: optimizers.Adafactor(0.05, relative_step=False),
    ),
    (
        {"name": "ftrl", "learning_rate": 0.1, "l1_regularization_strength": 1e-3},
        lambda: optimizers.Ftrl(0.1, l1_regularization_strength=1e-3),
    ),
    ({"name": "muon"}, optimizers.Muon),
    (
        {"name": "muon", "exclude_layers": ["output"], "rms_rate": None, "adam_weight_decay": None},
        lambda: optimizers.Muon(exclude_layers=["dense_1/"], rms_rate=None, adam_weight_decay=None),
    ),
    ({"name": "rmsprop"}, optimizers.RMSprop),
    (
        {"name": "rmsprop", "rho": 0.8, "momentum": 0.5, "centered": True, "weight_decay": 0.1},
        lambda: optimizers.RMSprop(rho=0.8, momentum=0.5, centered=True, weight_decay=0.1),
    ),
]


FULLEST = {written["name"]: number for number, (written, _) in enumerate(CASES)}
"""The last case of each kind, which has the most options: the others are left to the night."""
SELDOM = {"adadelta", "adafactor", "adagrad", "adamax", "ftrl", "lamb", "lion", "nadam"}
"""Held to Keras at night alone: each is a row of a table, and six seconds."""


@pytest.mark.parametrize(
    ("written", "made"),
    [
        pytest.param(
            *case,
            id="-".join([case[0]["name"], *case[0]]),
            marks=pytest.mark.nightly if case[0]["name"] in SELDOM or number not in FULLEST.values() else (),
        )
        for number, case in enumerate(CASES)
    ],
)
def test_optimizers(
    written: dict[str, Any],
    made: Callable[[], optimizers.Optimizer],
    small_spec: Callable[..., JobSpec],
    run: Callable[..., TrainResult],
    data_dir: Path,
) -> None:
    spec = small_spec(LAYERS, {"shuffle": False, "optimizer": written})
    keras.backend.clear_session()  # so that the output layer is dense_1, which Muon goes by
    hidden = [layers.Flatten(), layers.Dense(16, activation="tanh"), layers.BatchNormalization()]
    assert_same(run(spec), fit(spec, data_dir, hidden, made()))


STEPS = 5
"""Of an epoch of ``small_spec``."""
RATE = np.float64(0.5)
"""Keras computes schedules in the type of their numbers, and takes Python's floats for float32."""


class Written(optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]  # Keras ships no types
    """A schedule as a formula."""

    def __init__(self, formula: Callable[[int], float]) -> None:
        self.formula = formula

    def __call__(self, step: Any) -> Any:
        return keras.ops.convert_to_tensor(self.formula(int(step)), "float64")


def one_cycle(step: int) -> float:
    """PyTorch's ``OneCycleLR(max_lr=RATE, total_steps=15, pct_start=0.4, div_factor=10)``."""
    total, first = 3 * STEPS, RATE / 10
    phases = [(0.4 * total - 1, first, RATE), (total - 1, RATE, first / 1e4)]
    began = 0.0
    for ends, start, end in phases:
        if step <= ends:
            return float(end + (start - end) / 2 * (np.cos(np.pi * (step - began) / (ends - began)) + 1))
        began = ends
    raise AssertionError(step)


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
        {"name": "cosine", "warmup_steps": 6},
        lambda: optimizers.schedules.CosineDecay(
            np.float64(0), decay_steps=9, warmup_target=RATE, warmup_steps=6
        ),
    ),
    ({"name": "constant", "warmup_steps": 4}, lambda: Written(lambda step: RATE * min(step / 4, 1))),
    (
        {"name": "exponential", "warmup_steps": 4, "decay_rate": 0.7, "decay_epochs": 1.2},
        lambda: Written(lambda step: RATE * (step / 4 if step < 4 else 0.7 ** ((step - 4) / 6))),
    ),
    (
        {"name": "step", "warmup_steps": 4, "epochs": [1]},
        lambda: Written(lambda step: RATE * min(step / 4, 1) * (0.1 if step >= STEPS else 1)),
    ),
    (
        {"name": "cosine_restarts", "first_decay_epochs": 0.6, "m_mul": 0.5, "alpha": 0.1},
        lambda: optimizers.schedules.CosineDecayRestarts(
            RATE, first_decay_steps=3, t_mul=np.float64(2), m_mul=np.float64(0.5), alpha=np.float64(0.1)
        ),
    ),
    (
        {"name": "cosine_restarts", "first_decay_epochs": 1.2, "t_mul": 1.0},
        lambda: optimizers.schedules.CosineDecayRestarts(RATE, first_decay_steps=6, t_mul=np.float64(1)),
    ),
    ({"name": "one_cycle", "pct_start": 0.4, "div_factor": 10.0}, lambda: Written(one_cycle)),
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


PLATEAUS = [
    {"monitor": "val_loss", "patience": 1, "factor": 0.3},
    {"monitor": "loss", "patience": 2, "min_delta": 0.1, "cooldown": 2, "min_lr": 0.01},
    {"monitor": "val_accuracy", "patience": 1, "min_delta": 0.0, "cooldown": 1, "factor": 0.5},
]


# Keras's callback reads the learning rate in a way that NumPy 2 will not support.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize(
    "rule",
    [PLATEAUS[0], *(pytest.param(rule, marks=pytest.mark.nightly) for rule in PLATEAUS[1:])],
    ids=[str(rule["monitor"]) for rule in PLATEAUS],
)
def test_reduce_on_plateau(
    rule: dict[str, Any], small_spec: Callable[..., JobSpec], run: Callable[..., TrainResult], data_dir: Path
) -> None:
    training = {
        "shuffle": False,
        "epochs": 12,
        "optimizer": {"name": "sgd", "learning_rate": 0.5, "momentum": 0.9},
        "learning_rate_schedule": {"name": "reduce_on_plateau", **rule},
    }
    spec = small_spec(LAYERS, training)
    result = run(spec)
    hidden = [layers.Flatten(), layers.Dense(16, activation="tanh"), layers.BatchNormalization()]
    callback = keras.callbacks.ReduceLROnPlateau(**rule)
    fitted = fit(spec, data_dir, hidden, optimizers.SGD(0.5, momentum=0.9), [callback])
    assert_same(result, fitted)
    rates = [record.learning_rate for record in result.history]
    np.testing.assert_allclose(rates, fitted.history["learning_rate"], rtol=1e-12)
    assert len(set(rates)) > 2


def test_no_kind_is_missing() -> None:
    ends_elsewhere = {"schedule_free_adamw"}  # than ``fit``: see test_averages.py
    assert {written["name"] for written, _ in CASES} | ends_elsewhere == set(kinds.OPTIMIZERS)
    assert {written["name"] for written, _ in SCHEDULES} | {"reduce_on_plateau"} == set(schedules.SCHEDULES)
