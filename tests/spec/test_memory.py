"""What the estimate of a training's memory charges for. tests/training/test_memory.py measures it."""

from typing import Any

import pytest

from normlab.spec import estimate, parse_job_spec

FLATTEN = {"type": "flatten"}
DENSE = {"type": "dense", "units": 100}
PARAMETERS = 64 * 100 + 100 + 100 * 10 + 10


def training_bytes(*layers: dict[str, Any], dataset: Any = "digits", **training: Any) -> int:
    body = {
        "architecture": {"layers": list(layers)},
        "dataset": dataset,
        "training": training,
        "probes": "off",
    }
    return estimate(parse_job_spec(body)).training_bytes


def test_a_sample_is_charged_its_pixels_a_byte_each_its_label_and_its_place_in_the_order() -> None:
    few, many = (
        training_bytes(FLATTEN, dataset={"name": "fashion_mnist", "training_samples": samples})
        for samples in (1_000, 2_000)
    )
    assert many - few == 1_000 * (28 * 28 + 4 + 8)


@pytest.mark.parametrize(
    ("training", "numbers"),
    [
        ({"optimizer": {"name": "sgd", "momentum": 0.9}}, 3),  # as it is, copied, and written
        ({"optimizer": "adam"}, 6),
        ({"optimizer": {"name": "adam", "amsgrad": True}}, 9),
        ({"optimizer": {"name": "sgd", "gradient_accumulation_steps": 4}}, 3),
        (
            {"optimizer": {"name": "sgd", "ema_momentum": 0.9}},
            4,
        ),  # and the weights aside, while it is evaluated
        ({"optimizer": "schedule_free_adamw"}, 7),
        ({"early_stopping": {"restore_best_weights": True}}, 3),
        ({"early_stopping": {}}, 0),
        ({"precision": "mixed_bfloat16"}, 1),
    ],
    ids=str,
)
def test_what_is_kept_for_each_parameter(training: dict[str, Any], numbers: int) -> None:
    more = training_bytes(FLATTEN, DENSE, **training) - training_bytes(FLATTEN, DENSE)
    assert more == numbers * PARAMETERS * 4


def test_activations_are_those_of_the_larger_of_a_batch_and_an_evaluation() -> None:
    one, small, large = (training_bytes(FLATTEN, DENSE, batch_size=size) for size in (1, 32, 5_000))
    assert one == small
    assert large - small == (5_000 * 2 * (64 + 100 + 10) - 1_000 * (64 + 100)) * 4


def test_a_shape_costs_nothing_and_random_bits_cost_more() -> None:
    reshape, dropout = {"type": "reshape", "target_shape": [10, 10]}, {"type": "dropout", "rate": 0.5}
    plain = training_bytes(FLATTEN, DENSE, batch_size=5_000)
    assert training_bytes(FLATTEN, DENSE, reshape, FLATTEN, batch_size=5_000) == plain
    assert training_bytes(FLATTEN, DENSE, dropout, batch_size=5_000) - plain == 5_000 * 100 * 5 * 4
