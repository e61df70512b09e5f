"""What a model is compiled with, beyond the usual: losses, averages of weights and schedules that restart."""

import json
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from normlab.errors import KerasModelError
from normlab.keras_models import convert
from normlab.spec import JobSpec
from normlab.training.objective import Objective


def model(*, logits: bool = False, **compiled: Any) -> keras.Model:
    out = layers.Dense(10, activation=None if logits else "softmax", name="classes")
    made = keras.Sequential([keras.Input((8, 8)), layers.Flatten(), out])
    made.compile(**({"optimizer": "sgd", "loss": "categorical_crossentropy"} | compiled))
    return made


def read(**compiled: Any) -> JobSpec:
    return convert(model(**compiled), {"dataset": "digits"}).spec


def refused(name: str, **compiled: Any) -> str:
    with pytest.raises(KerasModelError) as caught:
        read(**compiled)
    assert {each.name for each in caught.value.refused} == {name}
    return " ".join(each.reason for each in caught.value.refused)


LOSSES = {
    "smooth": (keras.losses.CategoricalCrossentropy, {"label_smoothing": 0.1}),
    "focal": (keras.losses.CategoricalFocalCrossentropy, {}),
    "focal of one's own": (
        keras.losses.CategoricalFocalCrossentropy,
        {"alpha": 0.5, "gamma": 1.5, "label_smoothing": 0.2},
    ),
}


@pytest.mark.parametrize("logits", [False, True], ids=["softmax", "logits"])
@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_is_the_same_number_in_float64(name: str, logits: bool) -> None:
    made, options = LOSSES[name]
    spec = read(logits=logits, loss=made(from_logits=logits, **options))
    drawn = np.random.default_rng(2)
    scores, labels = drawn.normal(size=(7, 10)), drawn.integers(0, 10, 7)
    shares = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    theirs = made(from_logits=logits, dtype="float64", **options)(
        np.eye(10)[labels], scores if logits else shares
    )
    ours = Objective(spec.training.loss, 10).losses(labels, keras.ops.convert_to_tensor(shares))
    assert float(np.mean(ours)) == pytest.approx(float(theirs), rel=1e-9)
    assert float(theirs) != pytest.approx(float(-np.log(shares[np.arange(7), labels]).mean()), rel=0.01)


def test_a_plain_loss_says_nothing_and_defaults_are_left_out() -> None:
    found = convert(model(loss=keras.losses.CategoricalFocalCrossentropy(gamma=3)), {"dataset": "digits"})
    assert found.body["training"]["loss"] == {"name": "focal", "gamma": 3.0}
    plain = convert(model(loss=keras.losses.CategoricalCrossentropy()), {"dataset": "digits"})
    assert "loss" not in plain.body["training"]


def test_losses_without_a_counterpart_say_why() -> None:
    per_class = keras.losses.CategoricalFocalCrossentropy(alpha=[0.1] * 10)
    assert "class_weight" in refused("loss", loss=per_class)
    summed = keras.losses.CategoricalCrossentropy(reduction="sum")
    assert "mean over the samples" in refused("loss", loss=summed)
    ignoring = keras.losses.SparseCategoricalCrossentropy(ignore_class=3)
    assert "without a class" in refused("loss", loss=ignoring)


def test_an_average_of_the_weights_is_read() -> None:
    converted = convert(model(optimizer=keras.optimizers.SGD(0.1, use_ema=True)), {"dataset": "digits"})
    assert converted.spec.training.optimizer.ema_momentum == 0.99
    assert "SwapEMAWeights" in converted.remarks[0]
    accumulating = keras.optimizers.Adam(use_ema=True, ema_momentum=0.9, gradient_accumulation_steps=2)
    optimizer = read(optimizer=accumulating).training.optimizer
    assert (optimizer.ema_momentum, optimizer.gradient_accumulation_steps) == (0.81, 2)
    overwriting = keras.optimizers.SGD(use_ema=True, ema_overwrite_frequency=100)
    assert "leave it out" in refused("optimizer", optimizer=overwriting)
    assert read(optimizer="sgd").training.optimizer.ema_momentum is None


@pytest.mark.parametrize(
    "options",
    [
        {"first_decay_steps": 44},
        {"first_decay_steps": 10, "t_mul": 1.0, "alpha": 0.1},
        {"first_decay_steps": 7, "t_mul": 1.0},
        {"first_decay_steps": 30, "t_mul": 1.5, "m_mul": 0.5},
        {"first_decay_steps": 13, "t_mul": 2.0},
    ],
    ids=str,
)
def test_restarts_give_kerass_rate_at_every_step(options: dict[str, Any]) -> None:
    schedule = keras.optimizers.schedules.CosineDecayRestarts(0.5, **options)
    spec = read(optimizer=keras.optimizers.SGD(schedule))
    steps, training = spec.steps_per_epoch, spec.training
    ours = [
        training.optimizer.learning_rate * training.learning_rate_schedule.at(epoch, step, steps, 10)
        for epoch in range(1, 11)
        for step in range(steps)
    ]
    exact = rates_by_hand(0.5, len(ours), **options)
    np.testing.assert_allclose(ours, exact, rtol=0, atol=1e-9)
    theirs = np.asarray([float(schedule(step)) for step in range(0, len(ours), 5)])
    # In single precision Keras begins some cycles a step late.
    assert (np.abs(theirs - exact[::5]) < 1e-5).mean() > 0.95


def rates_by_hand(
    rate: float,
    count: int,
    *,
    first_decay_steps: int,
    t_mul: float = 2.0,
    m_mul: float = 1.0,
    alpha: float = 0.0,
) -> list[float]:
    """Cycle by cycle."""
    found: list[float] = []
    begin, length, height = 0.0, float(first_decay_steps), 1.0
    for step in range(count):
        while step >= begin + length:
            begin, length, height = begin + length, length * t_mul, height * m_mul
        wave = 0.5 * height * (1 + np.cos(np.pi * (step - begin) / length))
        found.append(rate * ((1 - alpha) * wave + alpha))
    return found


def test_what_is_given_beside_the_model_is_not_asked_of_it() -> None:
    written = json.loads(model(loss=keras.losses.CategoricalCrossentropy(reduction="sum")).to_json())
    spec = convert(written, {"dataset": "digits", "training": {"loss": "focal"}}).spec
    assert spec.training.loss.name == "focal"
