"""What a model is compiled with cannot say all that a training can be asked: the rest is refused, not dropped."""

from typing import Any

import keras
import pytest

from normlab.errors import KerasModelError
from normlab.keras_models import KerasRemark, convert, to_keras
from normlab.keras_models.training_back import compiled_with
from normlab.spec import parse_job_spec


def compiled(**training: Any) -> dict[str, Any]:
    body = {"architecture": "baseline", "dataset": "digits", "training": training}
    return compiled_with(parse_job_spec(body), keras)


@pytest.mark.parametrize(
    ("training", "pointer"),
    [
        ({"class_weight": "balanced"}, "/training/class_weight"),
        ({"augmentation": ["flip"]}, "/training/augmentation"),
        (
            {"optimizer": {"name": "adamw", "exclude_from_weight_decay": ["bias"]}},
            "/training/optimizer/exclude_from_weight_decay",
        ),
        ({"optimizer": "schedule_free_adamw"}, "/training/optimizer"),
        ({"optimizer": "muon"}, "/training/optimizer"),
        (
            {"learning_rate_schedule": {"name": "constant", "warmup_steps": 5}},
            "/training/learning_rate_schedule/warmup_steps",
        ),
        ({"learning_rate_schedule": "one_cycle"}, "/training/learning_rate_schedule"),
        ({"learning_rate_schedule": "reduce_on_plateau"}, "/training/learning_rate_schedule"),
        (
            {"learning_rate_schedule": {"name": "cosine_restarts", "first_decay_epochs": 0.51}},
            "/training/learning_rate_schedule",
        ),
    ],
    ids=str,
)
def test_what_compile_cannot_say_is_refused(training: dict[str, Any], pointer: str) -> None:
    with pytest.raises(KerasModelError) as refused:
        compiled(**training)
    assert [each.pointer for each in refused.value.refused] == [pointer]


def test_averages_and_accumulation_are_kerass() -> None:
    optimizer = compiled(optimizer={"name": "sgd", "ema_momentum": 0.81, "gradient_accumulation_steps": 2})[
        "optimizer"
    ]
    config = optimizer.get_config()
    assert (config["use_ema"], config["gradient_accumulation_steps"]) == (True, 2)
    assert config["ema_momentum"] == pytest.approx(0.9)


@pytest.mark.parametrize(
    "training",
    [
        {"loss": {"name": "cross_entropy", "label_smoothing": 0.1}},
        {"loss": {"name": "focal", "gamma": 1.5, "alpha": 0.5}},
        {"learning_rate_schedule": {"name": "cosine_restarts", "first_decay_epochs": 2.0, "m_mul": 0.5}},
        {"optimizer": {"name": "adam", "ema_momentum": 0.95}},
    ],
    ids=str,
)
def test_what_compile_can_say_comes_back(training: dict[str, Any]) -> None:
    body = {"architecture": "baseline", "dataset": "digits", "training": training}
    spec = parse_job_spec(body)
    if "loss" in training:
        with pytest.warns(KerasRemark, match="to_categorical"):
            model = to_keras(spec)
    else:
        model = to_keras(spec)
    assert convert(model, {"dataset": "digits"}).spec.training == spec.training


@pytest.mark.parametrize("optimizer", [keras.optimizers.Muon, keras.optimizers.ScheduleFreeAdamW])
def test_a_model_of_an_optimizer_of_another_arithmetic_is_refused(optimizer: Any) -> None:
    model = keras.Sequential([keras.Input((64,)), keras.layers.Dense(10, activation="softmax")])
    model.compile(loss="sparse_categorical_crossentropy", optimizer=optimizer())
    with pytest.raises(KerasModelError, match="trains otherwise"):
        convert(model, {"dataset": "digits"})
