"""The seam at which probes measure: when they do, what they see, and that the run does not feel it."""

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from normlab.spec import JobSpec
from normlab.spec.epochs import EpochMetrics
from normlab.spec.measurements import WHOLE_NETWORK, Measured
from normlab.training import Checkpoint, Stopped, TrainResult, loop, population, train
from normlab.training.probes.base import Probe, Snapshot
from normlab.training.probes.observer import Observer
from support.trainings import CONVOLUTION_WITH_DROPOUT, Recorder, StopAfter, fingerprint

DENSE_WITH_DROPOUT = [
    {"type": "flatten"},
    {"type": "dense", "units": 6, "activation": "silu", "kernel_regularizer": {"l2": 0.01}},
    {"type": "batch_normalization"},
    {"type": "dropout", "rate": 0.4},
]
POINTS = [(0, 0, "start"), (1, 1, "step"), (1, 2, "step"), (1, 4, "step"), (1, 5, "end"), (2, 10, "end")]
"""Epoch, step and hook of a run of two epochs of five steps."""


class Norms(Probe):
    """The root mean square of every variable, and of a training-mode output."""

    name = "norms"

    def _measure(self, snapshot: Snapshot, hook: str) -> Iterable[Measured]:
        pixels = tf.ones((8, *snapshot.network.input_shape[1:]))
        output = snapshot.network(pixels, training=True)
        yield snapshot.measured(self, WHOLE_NETWORK, hook, np.square(output).mean())
        for path, value in snapshot.variables.items():
            yield snapshot.measured(self, path, "rms", np.sqrt(np.square(value, dtype=np.float64).mean()))

    def on_start(self, snapshot: Snapshot) -> Iterable[Measured]:
        return self._measure(snapshot, "start")

    def on_step(self, snapshot: Snapshot) -> Iterable[Measured]:
        return self._measure(snapshot, "step")

    def on_epoch_end(self, snapshot: Snapshot) -> Iterable[Measured]:
        return self._measure(snapshot, "end")


class Rude(Norms):
    """Does all that a probe must not do."""

    name = "rude"

    def _measure(self, snapshot: Snapshot, hook: str) -> Iterable[Measured]:  # noqa: ARG002  (the base's)
        keras.utils.set_random_seed(1)
        pixels = tf.ones((8, *snapshot.network.input_shape[1:]))
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(snapshot.network(pixels, training=True)[:, 0])
        variables = snapshot.network.trainable_variables
        keras.optimizers.SGD(10.0).apply(tape.gradient(loss, variables), variables)
        for variable in snapshot.network.variables:
            variable.assign(tf.ones_like(variable.value))
        for copy in snapshot.variables.values():
            with pytest.raises(ValueError, match="read-only"):
                copy[...] = 0
        return ()


@pytest.fixture(scope="module")
def specs(small_spec: Callable[..., JobSpec]) -> dict[str, JobSpec]:
    """Both executors, both 16-bit types, every kind of state."""
    return {
        "xla": small_spec(DENSE_WITH_DROPOUT, {"optimizer": {"name": "adam", "clipnorm": 1.0}}),
        "graph, bfloat16": small_spec(
            CONVOLUTION_WITH_DROPOUT,
            {"precision": "mixed_bfloat16", "optimizer": {"name": "rmsprop", "momentum": 0.5}},
        ),
        "xla, float16": small_spec(DENSE_WITH_DROPOUT, {"precision": "mixed_float16"}),
    }


NAMES = ["xla", "graph, bfloat16", "xla, float16"]


@pytest.fixture(scope="module")
def plain(specs: dict[str, JobSpec], data_dir: Path) -> dict[str, dict[str, Any]]:
    """The fingerprints of runs without probes."""
    return {name: fingerprint(train(spec, data_dir=data_dir)) for name, spec in specs.items()}


@pytest.fixture(scope="module")
def measured(specs: dict[str, JobSpec], plain: dict[str, Any], data_dir: Path) -> dict[str, list[Measured]]:
    """What ``Norms`` measures beside ``Rude``, in runs whose bits are those of ``plain``."""
    found = {}
    for name, spec in specs.items():
        context = Recorder()
        result = train(spec, data_dir=data_dir, context=context, probes=[Rude(), Norms(), Rude()])
        assert fingerprint(result) == plain[name]
        found[name] = measurements(context)
    return found


def measurements(context: Recorder) -> list[Measured]:
    return [event for event in context.events if isinstance(event, Measured)]


def points(measured: list[Measured]) -> list[tuple[int, int, str]]:
    return [(m.epoch, m.step, m.statistic) for m in measured if m.layer == WHOLE_NETWORK]


@pytest.mark.parametrize("name", NAMES)
def test_probes_look_at_the_start_at_powers_of_two_and_at_each_epochs_end(
    name: str, measured: dict[str, list[Measured]]
) -> None:
    assert points(measured[name]) == POINTS
    # Weights, moving statistics, and the optimizer's state are all there.
    layers = {m.layer for m in measured[name]}
    assert {"output/kernel", "batch_normalization_1/moving_mean", "optimizer/learning_rate"} <= layers


def test_what_is_seen_is_the_run_itself(
    specs: dict[str, JobSpec], measured: dict[str, list[Measured]], run: Callable[..., TrainResult]
) -> None:
    result = run(specs["xla"])
    paths = [weight.path for weight in result.network.weights]
    final = {m.layer: m.value for m in measured["xla"] if m.step == 10 and m.layer in paths}
    expected = [np.sqrt(np.square(weight, dtype=np.float64).mean()) for weight in result.weights]
    assert [final[path] for path in paths] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_a_run_in_pieces_measures_each_point_once_and_the_same(
    *,
    name: str,
    specs: dict[str, JobSpec],
    plain: dict[str, Any],
    measured: dict[str, list[Measured]],
    data_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(loop, "_SEGMENT_SECONDS", 0.0)  # a segment is a step

    class Stopping(StopAfter, Recorder):
        def __init__(self) -> None:
            StopAfter.__init__(self, 1)
            Recorder.__init__(self)

    checkpoint: Checkpoint | None = None
    seen: list[Measured] = []
    result = None
    while result is None:
        context = Stopping()
        try:
            result = train(
                specs[name],
                data_dir=data_dir,
                context=context,
                resume_from=checkpoint,
                probes=[Norms(), Rude()],
            )
        except Stopped as stopped:
            checkpoint = Checkpoint.from_bytes(stopped.checkpoint.to_bytes())
        seen += measurements(context)
    assert fingerprint(result) == plain[name]
    assert seen == measured[name]


def test_a_checkpoint_comes_after_what_was_measured_before_it(
    specs: dict[str, JobSpec], measured: dict[str, list[Measured]], data_dir: Path
) -> None:
    class Saving(Recorder):
        def __init__(self) -> None:
            super().__init__()
            self.saved: list[tuple[Checkpoint, int]] = []

        def checkpoint_due(self) -> bool:
            return True

        def save(self, checkpoint: Checkpoint) -> None:
            self.saved.append((checkpoint, len(measurements(self))))

    context = Saving()
    train(specs["xla"], data_dir=data_dir, context=context, probes=[Norms()])
    epochs = [event.epoch for event in context.events if isinstance(event, Measured | EpochMetrics)]
    assert epochs == sorted(epochs)
    checkpoint, before = context.saved[0]
    assert points(measurements(context)[:before]) == POINTS[:5]
    # A run that goes on from it measures what lay after it once more, and finds the same.
    again = Recorder()
    train(specs["xla"], data_dir=data_dir, context=again, resume_from=checkpoint, probes=[Norms()])
    assert measurements(again) == measured["xla"][before:]


def test_what_probes_take_is_in_no_clock(
    specs: dict[str, JobSpec], run: Callable[..., TrainResult], monkeypatch: pytest.MonkeyPatch
) -> None:
    hours = Hours()
    for module in (loop, population):
        monkeypatch.setattr(module, "perf_counter", hours)
    result = run(specs["xla"], probes=[SlowProbe(hours)])
    assert hours.passed == len(POINTS)
    assert result.timings.total_seconds < 3600
    assert all(epoch.train_seconds < 3600 for epoch in result.history)
    assert all(epoch.elapsed_seconds < 3600 for epoch in result.history)


class Hours:
    """A clock that can be put forward by an hour."""

    def __init__(self) -> None:
        self.passed = 0

    def __call__(self) -> float:
        return time.perf_counter() + 3600 * self.passed


class SlowProbe(Norms):
    """Takes an hour at each point."""

    def __init__(self, hours: Hours) -> None:
        self.hours = hours

    def _measure(self, snapshot: Snapshot, hook: str) -> Iterable[Measured]:  # noqa: ARG002  (the base's)
        self.hours.passed += 1
        return ()


def test_without_probes_nothing_is_looked_at(
    specs: dict[str, JobSpec], run: Callable[..., TrainResult], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(Observer, "_snapshot")
    run(specs["xla"])
    without = Observer([], 1719)
    assert {without.next_stop(epoch, step) for epoch in (1, 2) for step in (0, 1, 1000)} == {1719}


def test_where_segments_end() -> None:
    observer = Observer([Norms()], 1719)
    ends = [0]
    while ends[-1] < 1719:
        ends.append(observer.next_stop(1, ends[-1]))
    assert ends == [0, *(2**n for n in range(11)), 1719]
    assert observer.next_stop(2, 0) == 1719
