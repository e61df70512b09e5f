"""A process that has trained a network trains the next job of its kind without compiling again."""

import gc
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import pytest
import tensorflow as tf

from normlab.spec import Device, JobSpec
from normlab.training import TrainResult
from normlab.training.compiled import cache as programs
from normlab.training.compiled.cache import borrow_program

LAYERS = [{"type": "flatten"}, {"type": "dense", "units": 8}, {"type": "dropout", "rate": 0.1}]
DIGITS = {"name": "digits", "training_samples": 150, "validation_samples": 60}


def traces(spec: JobSpec) -> int:
    with borrow_program(spec, Device.CPU) as program:
        return program.traces


@pytest.mark.parametrize(
    "changed",
    [
        {"training": {"batch_size": 32, "seed": 9}},
        {"training": {"batch_size": 32, "epochs": 4}},
        {"training": {"batch_size": 32, "shuffle": False}},
        {"training": {"batch_size": 32, "optimizer": {"name": "sgd", "learning_rate": 0.2}}},
        {"training": {"batch_size": 32, "learning_rate_schedule": {"name": "cosine"}}},
        {"training": {"batch_size": 32, "learning_rate_schedule": {"name": "one_cycle", "warmup_steps": 2}}},
        {
            "training": {
                "batch_size": 32,
                "learning_rate_schedule": {"name": "reduce_on_plateau", "patience": 1},
            }
        },
        {"training": {"batch_size": 32, "early_stopping": {"patience": 1}, "target_accuracy": 0.1}},
        {"dataset": DIGITS | {"validation_samples": 500}},
        {"name": "another", "tags": ["x"]},
    ],
    ids=str,
)
def test_the_next_job_compiles_nothing(
    changed: dict[str, Any], small_spec: Callable[..., JobSpec], run: Callable[..., TrainResult]
) -> None:
    first = small_spec(LAYERS)
    run(first)
    before = traces(first)
    result = run(small_spec(LAYERS, **changed))
    assert traces(first) == before
    assert result.timings.compiling_seconds < 0.5
    assert result.history[0].compile_seconds == result.timings.compiling_seconds
    assert all(record.compile_seconds == 0 for record in result.history[1:])


def test_drawn_validation_samples_are_traced_once(
    small_spec: Callable[..., JobSpec], run: Callable[..., TrainResult]
) -> None:
    """Their rows are looked up in the mapped file, which is another program than a part that lies in one piece."""
    drawn = {"dataset": DIGITS | {"validation_split": "random"}}
    first = small_spec(LAYERS)
    run(first)
    run(small_spec(LAYERS, **drawn))
    before = traces(first)
    run(small_spec(LAYERS, training={"batch_size": 32, "seed": 9}, **drawn))
    assert traces(first) == before


@pytest.mark.parametrize(
    "changed",
    [
        {"layers": [*LAYERS[:1], {"type": "dense", "units": 9}]},
        {"training": {"batch_size": 30}},
        {"training": {"batch_size": 32, "optimizer": {"name": "sgd", "momentum": 0.5}}},
        {"training": {"batch_size": 32, "optimizer": {"name": "sgd", "ema_momentum": 0.5}}},
        {"training": {"batch_size": 32, "loss": "focal"}},
        {"training": {"batch_size": 32, "class_weight": "balanced"}},
        {"training": {"batch_size": 32, "augmentation": ["flip"]}},
        {"training": {"batch_size": 32, "precision": "mixed_bfloat16"}},
    ],
    ids=str,
)
def test_what_is_part_of_a_program_makes_another(
    changed: dict[str, Any], small_spec: Callable[..., JobSpec]
) -> None:
    with borrow_program(small_spec(LAYERS), Device.CPU) as first:
        pass
    with borrow_program(small_spec(**{"layers": LAYERS} | changed), Device.CPU) as other:
        assert other is not first


def test_weights_of_classes_and_streams_are_of_the_job_and_not_of_the_program(
    small_spec: Callable[..., JobSpec], run: Callable[..., TrainResult]
) -> None:
    def spec(seed: int, weights: Any) -> JobSpec:
        training = {"class_weight": weights, "augmentation": ["shift"], "seed": seed, "epochs": 1}
        return small_spec([{"type": "flatten"}, {"type": "dense", "units": 7}], training)

    first = run(spec(1, {"3": 9.0})).history[0].loss
    before = traces(spec(1, "balanced"))
    others = [run(spec(2, {"3": 9.0})), run(spec(1, "balanced")), run(spec(1, {"3": 9.0}))]
    assert traces(spec(1, "balanced")) == before
    assert first not in (others[0].history[0].loss, others[1].history[0].loss)
    assert first == others[2].history[0].loss


def test_programs_are_bounded_and_the_oldest_goes_first(small_spec: Callable[..., JobSpec]) -> None:
    specs = [small_spec(LAYERS, {"batch_size": size}) for size in range(100, 133)]
    kept = []
    for spec in specs:
        with borrow_program(spec, Device.CPU) as program:
            kept.append(program)
    with borrow_program(specs[-1], Device.CPU) as program:
        assert program is kept[-1]
    with borrow_program(specs[0], Device.CPU) as program:
        assert program is not kept[0], "33 programs were kept"


def test_large_programs_are_bounded_by_their_size(
    small_spec: Callable[..., JobSpec], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "_KEPT_BYTES", 3_000_000)
    # Adam keeps each of the 64 * 2000 weights three times: more than half of that.
    training = {"optimizer": "adam"}
    layers = [{"type": "flatten"}, {"type": "dense", "units": 2000}]
    specs = [small_spec(layers, training | {"batch_size": size}) for size in (10, 11)]
    kept = []
    for spec in specs:
        with borrow_program(spec, Device.CPU) as program:
            kept.append(program)
            assert 1_500_000 < program.variable_bytes < 3_000_000
    with borrow_program(specs[1], Device.CPU) as program:
        assert program is kept[1]
    with borrow_program(specs[0], Device.CPU) as program:
        assert program is not kept[0]


@pytest.mark.nightly
def test_nothing_is_left_of_a_program_that_was_dropped(
    small_spec: Callable[..., JobSpec], run: Callable[..., TrainResult], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "_cache", OrderedDict())
    monkeypatch.setattr(programs, "_KEPT", 0)
    graph_of_a_function = type(tf.function(lambda: None, autograph=False).get_concrete_function().graph)
    layers = [{"type": "flatten"}, {"type": "dense", "units": 3, "activation": "silu"}]
    left = []
    for seed in range(2):
        run(small_spec(layers, {"epochs": 1, "seed": seed}))
        gc.collect()
        left.append(sum(isinstance(found, graph_of_a_function) for found in gc.get_objects()))
    assert left[1] <= left[0]


def test_two_runs_at_once_never_share_one(small_spec: Callable[..., JobSpec]) -> None:
    spec = small_spec(LAYERS)
    with borrow_program(spec, Device.CPU) as one, borrow_program(spec, Device.CPU) as other:
        assert one is not other


def test_a_program_comes_back_from_a_run_that_failed(small_spec: Callable[..., JobSpec]) -> None:
    spec = small_spec(LAYERS)
    with pytest.raises(ZeroDivisionError), borrow_program(spec, Device.CPU) as first:
        raise ZeroDivisionError
    with borrow_program(spec, Device.CPU) as second:
        assert second is first
