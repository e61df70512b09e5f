"""What a run tells, how it ends, and the unusual sizes and types that a spec can ask for."""

import math
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from normlab.errors import NanLossError, TrainingError
from normlab.spec import JobSpec, Precision
from normlab.spec.epochs import EpochMetrics
from normlab.spec.runs import Phase, StopReason
from normlab.training import Progress, TrainResult
from normlab.training.compiled.devices import select_device
from normlab.training.data import training_data
from normlab.training.export.evaluation import export_evaluation
from support.trainings import CONVOLUTION_WITH_DROPOUT, Recorder, fingerprint

LAYERS = [{"type": "flatten"}, {"type": "dense", "units": 8, "activation": "relu"}]


def test_what_is_told(small_spec: Callable[..., JobSpec], run: Callable[..., TrainResult]) -> None:
    context = Recorder()
    result = run(small_spec(LAYERS), context=context)
    progress = [event for event in context.events if isinstance(event, Progress)]
    records = [event for event in context.events if isinstance(event, EpochMetrics)]
    assert records == list(result.history)
    assert [record.epoch for record in records] == [1, 2]
    assert [event.phase for event in progress[:3]] == [Phase.STARTING, Phase.COMPILING, Phase.TRAINING]
    assert progress[-1].phase is Phase.EVALUATING
    assert all((event.epochs, event.steps) == (2, 5) for event in progress)
    trained = [(event.epoch, event.step) for event in progress if event.phase is Phase.TRAINING]
    assert all(before < after for before, after in pairwise(trained))
    assert {(1, 5), (2, 5)} <= set(trained)
    # The loss so far is, at an epoch's last step, the epoch's.
    last = [event for event in progress if event.phase is Phase.TRAINING and event.step == 5]
    assert [event.loss for event in last] == [record.loss for record in records]
    assert result.stop_reason is StopReason.COMPLETED


def test_time_is_told_apart(small_spec: Callable[..., JobSpec], run: Callable[..., TrainResult]) -> None:
    timings = run(small_spec(LAYERS, {"seed": 3})).timings
    parts = (
        timings.starting_seconds
        + timings.compiling_seconds
        + timings.training_seconds
        + timings.probing_seconds
        + timings.evaluating_seconds
    )
    assert min(timings.starting_seconds, timings.training_seconds, timings.evaluating_seconds) > 0
    assert parts <= timings.total_seconds


@pytest.mark.parametrize("rate", [1e30, 1e4])
def test_a_loss_that_is_no_number(
    rate: float, small_spec: Callable[..., JobSpec], run: Callable[..., TrainResult]
) -> None:
    layers = [LAYERS[0], *([{"type": "dense", "units": 8}] * 3)]
    spec = small_spec(layers, {"epochs": 50, "optimizer": {"name": "sgd", "learning_rate": rate}})
    with pytest.raises(
        NanLossError, match=r"the .*loss became (nan|inf) in epoch \d+: a smaller learning rate"
    ) as got:
        run(spec)
    assert got.value.code == "nan_loss"


def test_the_next_run_does_not_feel_a_failed_one(
    small_spec: Callable[..., JobSpec], run: Callable[..., TrainResult]
) -> None:
    expected = fingerprint(run(small_spec(LAYERS)))
    with pytest.raises(NanLossError):
        run(small_spec(LAYERS, {"optimizer": {"name": "sgd", "learning_rate": 1e30}}))
    assert fingerprint(run(small_spec(LAYERS))) == expected


def test_a_target_changes_nothing(
    small_spec: Callable[..., JobSpec], run: Callable[..., TrainResult]
) -> None:
    plain, aimed = run(small_spec(LAYERS)), run(small_spec(LAYERS, {"target_accuracy": 0.1}))
    assert fingerprint(plain) == fingerprint(aimed)


def test_without_validation(small_spec: Callable[..., JobSpec], run: Callable[..., TrainResult]) -> None:
    dataset = {"name": "digits", "validation_samples": 0, "training_samples": 100}
    result = run(small_spec(LAYERS, {"early_stopping": {"monitor": "loss"}}, dataset=dataset))
    assert all(record.val_loss is None and record.val_accuracy is None for record in result.history)
    accuracies = [record.accuracy for record in result.history]
    assert result.best_epoch == accuracies.index(max(accuracies)) + 1
    assert len(result.test_correct) == 360
    assert result.test_accuracy == result.test_correct.mean()


@pytest.mark.parametrize(
    ("samples", "batch_size", "steps"), [(20, 500, 1), (64, 32, 2), (5, 1, 5), (33, 32, 2), (1, 1, 1)]
)
def test_batches(
    samples: int,
    batch_size: int,
    steps: int,
    small_spec: Callable[..., JobSpec],
    run: Callable[..., TrainResult],
) -> None:
    context = Recorder()
    dataset = {"name": "digits", "training_samples": samples}
    result = run(small_spec(LAYERS, {"batch_size": batch_size}, dataset=dataset), context=context)
    assert {event.steps for event in context.events if isinstance(event, Progress)} == {steps}
    for record in result.history:
        assert record.accuracy * samples == pytest.approx(round(record.accuracy * samples))
        assert math.isfinite(record.loss)


def test_a_batch_larger_than_the_data_is_the_data(
    small_spec: Callable[..., JobSpec], run: Callable[..., TrainResult]
) -> None:
    dataset = {"name": "digits", "training_samples": 20}
    large, exact = (
        run(small_spec(LAYERS, {"batch_size": size, "shuffle": False}, dataset=dataset)) for size in (500, 20)
    )
    for ours, theirs in zip(large.weights, exact.weights, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
@pytest.mark.parametrize("kind", ["dense", "convolution"])
def test_sixteen_bits(
    precision: str, kind: str, small_spec: Callable[..., JobSpec], run: Callable[..., TrainResult]
) -> None:
    layers: dict[str, list[dict[str, Any]]] = {
        "dense": [*LAYERS, {"type": "batch_normalization"}],
        "convolution": CONVOLUTION_WITH_DROPOUT,
    }
    training = {"precision": precision, "epochs": 4, "optimizer": {"name": "adam", "learning_rate": 0.01}}
    result = run(small_spec(layers[kind], training))
    assert result.environment["precision"] == precision
    assert result.history[-1].loss < result.history[0].loss
    assert all(weight.dtype == np.float32 and np.isfinite(weight).all() for weight in result.weights)
    exact = run(small_spec(layers[kind], training | {"precision": "float32"}))
    # In float16 the first steps are skipped until the loss is scaled right, and dropout draws otherwise.
    assert result.history[0].loss == pytest.approx(exact.history[0].loss, rel=0.2)
    assert result.history[0].loss != exact.history[0].loss
    assert fingerprint(run(small_spec(layers[kind], training))) == fingerprint(result)


@pytest.mark.parametrize(
    ("kind", "precision"),
    [
        ("dense", Precision.FLOAT32),
        ("dense", Precision.MIXED_FLOAT16),
        ("convolution", Precision.MIXED_BFLOAT16),
    ],
)
def test_every_place_tells_the_figures_of_the_network_that_is_kept(
    *,
    kind: str,
    precision: str,
    small_spec: Callable[..., JobSpec],
    run: Callable[..., TrainResult],
    data_dir: Path,
    tmp_path: Path,
) -> None:
    layers: dict[str, list[dict[str, Any]]] = {
        "dense": [*LAYERS, {"type": "batch_normalization"}],
        "convolution": CONVOLUTION_WITH_DROPOUT,
    }
    optimizer = {"name": "adam", "learning_rate": 0.01}
    result = run(small_spec(layers[kind], {"precision": precision, "optimizer": optimizer}))
    data = training_data(result.spec, data_dir)
    last = result.history[-1]
    told = {
        "validation": (last.val_loss, last.val_accuracy),
        "test": (result.test_loss, result.test_accuracy),
    }
    written = export_evaluation(result, tmp_path, data_dir).path
    assert written is not None
    with np.load(written) as kept:
        for part, samples in {"validation": data.validation, "test": data.test}.items():
            probabilities = np.asarray(result.network(tf.cast(samples.x, tf.float32), training=False))
            labels = samples.y.numpy()
            right = probabilities.argmax(axis=1) == labels
            loss = -np.log(probabilities[np.arange(len(labels)), labels]).mean()
            assert told[part] == (pytest.approx(loss, rel=1e-6), right.mean())
            np.testing.assert_array_equal(kept[f"{part}_predicted"] == labels, right)
            if part == "test":
                np.testing.assert_array_equal(result.test_correct, right)


def test_where_it_ran_is_on_record(
    small_spec: Callable[..., JobSpec], run: Callable[..., TrainResult]
) -> None:
    found = run(small_spec(LAYERS)).environment
    assert found["device"] == "cpu"
    assert found["device_name"]
    assert found["executor"] == "xla"
    assert found["precision"] == "float32"
    for name in (
        "normlab",
        "python",
        "tensorflow",
        "keras",
        "numpy",
        "platform",
        "cores",
        "intra_op_threads",
    ):
        assert name in found
    assert found["library_settings"]["TF_ENABLE_ONEDNN_OPTS"]
    assert "xla_cpu_copy_insertion" in found["library_settings"]["XLA_FLAGS"]
    assert run(small_spec(CONVOLUTION_WITH_DROPOUT)).environment["executor"] == "graph"


def test_a_gpu_where_there_is_none(
    small_spec: Callable[..., JobSpec], run: Callable[..., TrainResult]
) -> None:
    spec = small_spec(LAYERS, resources={"device": "gpu"})
    if select_device(small_spec(LAYERS).resources.device).kind == "gpu":
        pytest.skip("this machine has a GPU")
    with pytest.raises(
        TrainingError,
        match=r"the job asks for a GPU and this worker has none: set resources\.device to auto or cpu",
    ):
        run(spec)
