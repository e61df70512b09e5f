"""Where a naive measurement inside a network is wrong, and that the probes are not."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from normlab.spec import Device, JobSpec
from normlab.training import TrainResult
from normlab.training.compiled.cache import borrow_program
from normlab.training.data import training_data
from normlab.training.probes.base import units
from normlab.training.probes.shift import kept, median_shift
from support.trainings import fingerprint

Run = Callable[..., TrainResult]
MakeSpec = Callable[..., JobSpec]

FLATTEN = {"type": "flatten"}
BATCH_NORMALIZATION = {"type": "batch_normalization"}
SIGMOID = {"type": "activation", "activation": "sigmoid"}


def dense(units: int, **given: object) -> dict[str, object]:
    return {"type": "dense", "units": units, **given}


def last(result: TrainResult, probe: str, statistic: str, layer: str = "") -> float:
    return float(result.measurements.series(probe, statistic, layer).values[-1])


def test_a_pass_in_training_mode_moves_no_moving_statistics(
    small_spec: MakeSpec, run: Run, data_dir: Path
) -> None:
    """Keras's own call with training=True moves them; the instrument's does not."""
    spec = small_spec(
        [FLATTEN, BATCH_NORMALIZATION, dense(4)], {"epochs": 1}, probes=["moving", "gradient", "signal"]
    )
    quiet = fingerprint(run(spec, probes="off"))
    assert fingerprint(run(spec)) == quiet
    with borrow_program(spec, Device.CPU) as program:
        program.reset(0)
        layer = program.network.get_layer("batch_normalization_1")
        samples = training_data(spec, data_dir).training
        before = np.asarray(layer.moving_mean).copy()
        program.instrument.passage(program.instrument.weights(), samples)
        program.instrument.gradients(program.instrument.weights(), samples)
        assert np.array_equal(layer.moving_mean, before)
        program.network(program.scaled(samples.x), training=True)
        assert not np.array_equal(layer.moving_mean, before)


def test_a_unit_that_few_samples_reach_is_alive(small_spec: MakeSpec, run: Run, data_dir: Path) -> None:
    """By batches of 32 rare units would be called dead; over the whole probe batch they are not."""
    spec = small_spec([FLATTEN, dense(64, activation="relu")], {"epochs": 1}, probes=["dead"])
    result = run(spec)
    with borrow_program(spec, Device.CPU) as program:
        program.reset(spec.training.seed)
        row = program.instrument.weights()
        biases = {name: np.array(values) for name, values in row.by_layer["dense_1"].items()}
        samples = training_data(spec, data_dir).training
        z = units(program.instrument.passage(row, samples).preactivations["dense_1"])
        # Each unit is put where two of the 150 samples reach it.
        biases["bias"] = -np.sort(z, axis=0)[-2] + 1e-6
        rare = row.with_variables({"bias": {"dense_1": biases["bias"], "output": np.zeros(10)}})
        z = units(program.instrument.passage(rare, samples).preactivations["dense_1"])
    by_batch = np.mean([(part.max(0) <= 0).mean() for part in np.split(z[:128], 4)])
    assert by_batch > 0.5
    assert (z.max(0) <= 0).mean() == 0
    assert 0.3 < last(result, "dead", "active", "dense_1") < 0.7  # that half of all values are 0 is normal


def test_dead_units_are_found_and_counted_twice_from_the_second_point_on(
    small_spec: MakeSpec, run: Run
) -> None:
    """A first step so large that it throws units out; leaky ReLU has none that could die."""
    huge = {"epochs": 1, "optimizer": {"name": "sgd", "learning_rate": 200.0, "clipnorm": 10.0}}
    result = run(small_spec([FLATTEN, dense(40, activation="relu")], huge, probes=["dead"]))
    share = result.measurements.series("dead", "share", "dense_1").values
    twice = result.measurements.series("dead", "share_twice", "dense_1").values
    assert share[0] < 0.1
    assert share[-1] > 0.5
    assert np.all(twice <= share)
    assert twice[1] == pytest.approx(share[0])
    leaky = small_spec(
        [FLATTEN, dense(40), {"type": "activation", "activation": "leaky_relu"}], huge, probes=["dead"]
    )
    assert not run(leaky).measurements


def test_raw_norms_differ_where_nothing_does(small_spec: MakeSpec, run: Run, data_dir: Path) -> None:
    """Before batch normalization a kernel ten times as large is the same network. Its raw gradient is a tenth."""
    spec = small_spec([FLATTEN, dense(16), BATCH_NORMALIZATION, SIGMOID], {"epochs": 1}, probes="off")
    samples = training_data(spec, data_dir).training
    run(spec)
    with borrow_program(spec, Device.CPU) as program:
        program.reset(3)
        small = program.instrument.weights()
        kernel = small.kernel("dense_1") * 100  # far above epsilon
        arms = []
        for scale in (1, 10):
            kernels = {"dense_1": kernel * scale, "output": small.kernel("output")}
            arms.append(program.instrument.gradients(small.with_variables({"kernel": kernels}), samples))
    one, other = (arm.weights.kernel("dense_1") for arm in arms)
    assert arms[0].loss == pytest.approx(arms[1].loss, rel=1e-3)
    assert np.linalg.norm(one) / np.linalg.norm(other) == pytest.approx(10, rel=0.01)
    # What one real step changes, in units of the kernel, is what may be compared: 1 / 100 by the effective rate.
    cosine = np.sum(one * other) / np.linalg.norm(one) / np.linalg.norm(other)
    assert cosine == pytest.approx(1, abs=1e-3)


def test_the_output_of_a_normalization_hardly_shifts_whatever_happens_before_it() -> None:
    """Values that move by five deviations do not move behind a normalization: it is blind by construction."""
    before = np.random.default_rng(0).normal(size=(400, 8))
    after = 3 * before + 5
    normalized = [(values - values.mean(0)) / np.sqrt(values.var(0) + 1e-3) for values in (before, after)]
    assert median_shift(kept(before), kept(after)) > 3
    assert median_shift(*map(kept, normalized)) < 0.01


@pytest.mark.nightly
def test_shift_is_measured_at_the_same_place_in_both_arms(small_spec: MakeSpec, run: Run) -> None:
    fast = {"epochs": 2, "optimizer": {"name": "sgd", "learning_rate": 0.1}}
    for between in ([], [BATCH_NORMALIZATION]):
        layers = [FLATTEN, dense(12), *between, SIGMOID, dense(12), *between, SIGMOID]
        found = run(small_spec(layers, fast, probes=["distribution_shift"])).measurements
        assert found.layers("distribution_shift", "preactivation") == ("dense_1", "dense_2", "output")


@pytest.mark.nightly
def test_a_distribution_that_does_not_move_may_be_one_that_learns_nothing(
    small_spec: MakeSpec, run: Run
) -> None:
    """The shift is small, and so is what was learned: the loss beside it tells them apart."""
    still = {"epochs": 2, "optimizer": {"name": "sgd", "learning_rate": 1e-7}}
    result = run(small_spec([FLATTEN, dense(12), SIGMOID, dense(12), SIGMOID], still, probes="standard"))
    assert last(result, "distribution_shift", "preactivation_from_start", "dense_2") < 1e-3
    assert last(result, "gradient_shift", "relative", "dense_2") < 1e-3
    loss = result.measurements.series("gradient", "loss").values
    assert abs(loss[-1] - loss[0]) < 1e-3
    # Where the signal dies a deviation is next to nothing: the floor keeps the ratio finite, and says that it was used.
    learning = {"epochs": 2, "optimizer": {"name": "sgd", "learning_rate": 0.5}}
    deep = run(small_spec([FLATTEN, *[dense(10), SIGMOID] * 8], learning, probes=["distribution_shift"]))
    assert last(deep, "distribution_shift", "floored", "output") > 0
    assert last(deep, "distribution_shift", "preactivation_from_start", "output") < 1e5


@pytest.mark.nightly
def test_gradients_of_batch_normalization_grow_toward_the_input_at_the_start(
    small_spec: MakeSpec, run: Run
) -> None:
    """Yang et al. 2019: about 1.21 a ReLU layer. It is so at step 0 of a healthy network, and no fault of it."""
    hidden = [dense(40), BATCH_NORMALIZATION, {"type": "activation", "activation": "relu"}]
    spec = small_spec([FLATTEN, *hidden * 6], {"epochs": 1, "batch_size": 75}, probes=["gradient"])
    factors = run(spec).measurements.series("gradient", "factor_per_layer").values
    assert 1.05 < factors[0] < 1.5
    without = small_spec([FLATTEN, *[dense(10), SIGMOID] * 6], {"epochs": 1}, probes=["gradient"])
    assert run(without).measurements.series("gradient", "factor_per_layer").values[0] < 0.4


def test_a_pixel_that_is_nearly_constant_is_amplified_up_to_31_6_times(
    small_spec: MakeSpec, run: Run
) -> None:
    """The padding of digits: columns that are always 0. The median says nothing of it."""
    spec = small_spec(
        [FLATTEN, {**BATCH_NORMALIZATION, "momentum": 0.5}, dense(4)], {"epochs": 4}, probes=["gain"]
    )
    result = run(spec)
    assert last(result, "gain", "max", "batch_normalization_1") == pytest.approx(1 / np.sqrt(1e-3), rel=0.01)
    assert last(result, "gain", "median", "batch_normalization_1") < 10
    assert 0.05 < last(result, "gain", "flat_share", "batch_normalization_1") < 0.5
