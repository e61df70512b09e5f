"""All options of the training together, where it computes in 16 bits, under both executors."""

from collections.abc import Callable
from typing import Any

import pytest

from normlab.spec import JobSpec
from normlab.training import TrainResult
from support.trainings import CONVOLUTION_WITH_DROPOUT, fingerprint

DENSE = [{"type": "flatten"}, {"type": "batch_normalization"}, {"type": "dense", "units": 12}]


@pytest.mark.parametrize(
    ("precision", "layers", "optimizer"),
    [
        ("mixed_float16", DENSE, {"name": "adamw", "exclude_from_weight_decay": ["bias"]}),
        ("mixed_bfloat16", CONVOLUTION_WITH_DROPOUT, {"name": "lion"}),
    ],
)
def test_they_train_and_give_the_same_bits_again(
    precision: str,
    layers: Any,
    optimizer: dict[str, Any],
    small_spec: Callable[..., JobSpec],
    run: Callable[..., TrainResult],
) -> None:
    spec = small_spec(
        layers,
        {
            "precision": precision,
            "epochs": 3,
            "optimizer": optimizer
            | {"global_clipnorm": 1.0, "ema_momentum": 0.5, "gradient_accumulation_steps": 2},
            "learning_rate_schedule": {"name": "cosine_restarts", "warmup_steps": 3},
            "loss": {"name": "focal", "label_smoothing": 0.1},
            "class_weight": "balanced",
            "augmentation": ["shift", "contrast", "mixup"],
        },
    )
    first = run(spec)
    assert first.history[-1].loss != first.history[0].loss
    assert fingerprint(run(spec)) == fingerprint(first)
