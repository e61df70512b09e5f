"""The seam at which probes measure: when they do, what they see, and that the run does not feel it."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from normlab.errors import SpecError
from normlab.spec import Device, JobSpec, plan_job
from normlab.spec.epochs import EpochMetrics
from normlab.spec.graph import layers_below
from normlab.spec.layers import LAYERS
from normlab.spec.measurements import WHOLE_NETWORK, Measured
from normlab.spec.probes import PROBES
from normlab.spec.probes.places import Place
from normlab.training import Checkpoint, Stopped, TrainResult, loop, population, train
from normlab.training.compiled.cache import borrow_program
from normlab.training.compiled.executors import choose_executor
from normlab.training.context import Report
from normlab.training.data import training_data
from normlab.training.probes.base import Probe, Reading, Snapshot, first, norm, rms
from normlab.training.probes.observer import Observer
from normlab.training.probes.registry import probe_classes
from support.probed_kinds import EVERY_KIND, MORE_KINDS, QUICK_KINDS
from support.trainings import BRANCHES, RESIDUAL_IMAGES, Recorder, StopAfter, fingerprint

pytestmark = pytest.mark.xdist_group("probes")
"""One process makes the runs below, which take more than a minute."""

POINTS = [(0, 0), (1, 1), (1, 2), (1, 4), (1, 5), (2, 10)]
"""Epoch and step of a run of two epochs of five steps, of which the last is a smaller batch."""


class Rude(Probe):
    """Does all that a probe must not do, with what it can reach."""

    name = "rude"

    def measure(self, snapshot: Snapshot) -> Iterable[Reading]:
        keras.utils.set_random_seed(1)
        tf.random.uniform(())
        with pytest.raises(ValueError, match="read-only"):
            snapshot.weights.values[...] = 0
        snapshot.gradients.weights.kernel("output")
        snapshot.notes["mine"] = np.ones(3)
        yield WHOLE_NETWORK, "rms", rms(snapshot.weights.values)


@pytest.fixture(scope="module")
def specs(small_spec: Callable[..., JobSpec]) -> dict[str, JobSpec]:
    """Both executors, both 16-bit types, every kind of layer and of state."""
    return {
        "xla": small_spec(QUICK_KINDS, {"optimizer": {"name": "adam", "clipnorm": 1.0}}),
        "graph, bfloat16": small_spec(
            EVERY_KIND, {"precision": "mixed_bfloat16", "optimizer": {"name": "rmsprop", "momentum": 0.5}}
        ),
        "xla, float16": small_spec(QUICK_KINDS, {"precision": "mixed_float16"}),
    }


NAMES = ["xla", "graph, bfloat16", "xla, float16"]


@pytest.mark.parametrize("name", NAMES)
def test_the_runs_of_this_file_have_every_kind_of_layer(name: str, specs: dict[str, JobSpec]) -> None:
    layers = specs[name].architecture.layers
    executor, _, _ = name.partition(",")
    assert choose_executor(layers, Device.CPU) == executor
    quick = {kind for kind, layer in LAYERS.items() if not layer.slow_under_xla_on_cpu}
    # What probes do nothing special about is in networks of its own, to be trained once.
    others = {layer["type"] for more in MORE_KINDS.values() for layer in more} - {
        layer["type"] for layer in EVERY_KIND
    }
    expected = (set(LAYERS) if executor == "graph" else quick) - others
    assert {layer.type for layer in layers} == expected


@pytest.fixture(scope="module")
def plain(specs: dict[str, JobSpec], data_dir: Path) -> dict[str, dict[str, Any]]:
    """The fingerprints of runs without probes."""
    return {name: fingerprint(train(spec, data_dir=data_dir, probes="off")) for name, spec in specs.items()}


class Runs(dict[str, list[Measured]]):
    """What all probes measure beside ``Rude``, each run made when it is asked for; its bits are those of ``plain``."""

    def __init__(self, specs: dict[str, JobSpec], plain: dict[str, Any], data_dir: Path) -> None:
        super().__init__()
        self._specs, self._plain, self._data_dir = specs, plain, data_dir

    def __missing__(self, name: str) -> list[Measured]:
        context = Recorder()
        result = train(self._specs[name], data_dir=self._data_dir, context=context, probes=[*PROBES, Rude()])
        assert fingerprint(result) == self._plain[name]
        self[name] = measurements(context)
        assert list(result.measurements) == self[name]
        return self[name]


@pytest.fixture(scope="module")
def measured(specs: dict[str, JobSpec], plain: dict[str, Any], data_dir: Path) -> Runs:
    """The runs that these tests share."""
    return Runs(specs, plain, data_dir)


def measurements(context: Recorder) -> list[Measured]:
    return [event for event in context.events if isinstance(event, Measured)]


def points(measured: list[Measured], probe: str) -> list[tuple[int, int]]:
    return list(dict.fromkeys((m.epoch, m.step) for m in measured if m.probe == probe))


def all_but_one_at_night(daily: str) -> list[Any]:
    """Each run takes half a minute, in each process that needs it."""
    return [pytest.param(name, marks=() if name == daily else pytest.mark.nightly) for name in NAMES]


@pytest.mark.parametrize("name", all_but_one_at_night("graph, bfloat16"))
def test_probes_look_at_the_start_at_powers_of_two_and_at_each_epochs_end(
    name: str, measured: dict[str, list[Measured]]
) -> None:
    found = measured[name]
    assert points(found, "gradient") == points(found, "rude") == POINTS
    for compares in ("update", "gradient_shift", "distribution_shift"):
        assert points(found, compares) == POINTS[1:]
    assert points(found, "three_statistics") == [POINTS[0], *POINTS[4:]]
    assert points(found, "predictiveness") == POINTS[4:]


@pytest.mark.parametrize("name", all_but_one_at_night("xla"))
def test_what_is_measured_is_what_the_registry_says(
    *, name: str, specs: dict[str, JobSpec], measured: dict[str, list[Measured]]
) -> None:
    planned = plan_job(specs[name])
    last = {(m.probe, m.statistic, m.layer) for m in measured[name] if m.step == 10 and m.probe != "rude"}
    expected = {
        (row.name, statistic.name, layer)
        for row in PROBES.values()
        if row.place.applies(planned)
        for statistic in row.statistics
        for layer in row.place_of(statistic.name).layers(planned) or [WHOLE_NETWORK]
        if row.place_of(statistic.name) in (Place.NETWORK, Place.NETWORK_WITH_BATCH_NORMALIZATION)
        or layer != WHOLE_NETWORK
    }
    assert last == expected


def test_every_probe_of_the_registry_has_a_class_in_its_familys_file() -> None:
    classes = probe_classes()
    assert set(classes) == set(PROBES)
    for name, row in PROBES.items():
        assert classes[name].__module__ == f"normlab.training.probes.{row.family}"


def test_what_is_seen_is_the_run_itself(
    specs: dict[str, JobSpec], measured: dict[str, list[Measured]], run: Callable[..., TrainResult]
) -> None:
    result = run(specs["xla"], probes="off")
    final = {
        m.layer: m.value for m in measured["xla"] if (m.step, m.probe, m.statistic) == (10, "norm", "rms")
    }
    kernels = {
        w.path.split("/")[0]: rms(v)
        for w, v in zip(result.network.weights, result.weights, strict=True)
        if w.name == "kernel"
    }
    assert final == pytest.approx(kernels, rel=1e-12)


@pytest.mark.parametrize(
    "name", [NAMES[0], *(pytest.param(name, marks=pytest.mark.nightly) for name in NAMES[1:])]
)
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
                probes=[*PROBES, Rude()],
            )
        except Stopped as stopped:
            checkpoint = Checkpoint.from_bytes(stopped.checkpoint.to_bytes())
        seen += measurements(context)
    assert fingerprint(result) == plain[name]
    assert seen == measured[name]


@pytest.mark.nightly
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
    train(specs["xla"], data_dir=data_dir, context=context, probes=[*PROBES, Rude()])
    epochs = [event.epoch for event in context.events if isinstance(event, Measured | EpochMetrics)]
    assert epochs == sorted(epochs)
    checkpoint, before = context.saved[0]
    assert points(measurements(context)[:before], "rude") == POINTS[:5]
    # A run that goes on from it measures what lay after it once more, and finds the same.
    again = Recorder()
    train(specs["xla"], data_dir=data_dir, context=again, resume_from=checkpoint, probes=[*PROBES, Rude()])
    assert measurements(again) == measured["xla"][before:]


def test_what_probes_take_has_a_clock_of_its_own(
    specs: dict[str, JobSpec], run: Callable[..., TrainResult], monkeypatch: pytest.MonkeyPatch
) -> None:
    hours = Hours()
    for module in (loop, population):
        monkeypatch.setattr(module, "perf_counter", hours)
    result = run(specs["xla"], probes=[SlowProbe(hours)])
    assert hours.passed == len(POINTS)
    took = 3600 * hours.passed
    assert took <= result.timings.probing_seconds < took + 3600
    assert took <= result.timings.total_seconds < took + 3600
    apart = vars(result.timings).items() - {("probing_seconds", result.timings.probing_seconds)}
    assert all(seconds < 3600 for name, seconds in apart if name != "total_seconds")
    assert all(epoch.train_seconds < 3600 for epoch in result.history)
    assert all(epoch.elapsed_seconds < 3600 for epoch in result.history)


class Hours:
    """A clock that can be put forward by an hour."""

    def __init__(self) -> None:
        self.passed = 0

    def __call__(self) -> float:
        return time.perf_counter() + 3600 * self.passed


class SlowProbe(Probe):
    """Takes an hour at each point."""

    name = "slow"
    uses = ()

    def __init__(self, hours: Hours) -> None:
        self.hours = hours

    def measure(self, snapshot: Snapshot) -> Iterable[Reading]:  # noqa: ARG002  (the base's)
        self.hours.passed += 1
        return ()


def test_without_probes_nothing_is_looked_at(
    specs: dict[str, JobSpec], run: Callable[..., TrainResult], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(Observer, "_moment")
    assert not run(specs["xla"], probes="off").measurements


def test_the_spec_says_which_probes_and_how_often(
    small_spec: Callable[..., JobSpec], run: Callable[..., TrainResult]
) -> None:
    spec = small_spec(training={"epochs": 5}, probes=["update", {"name": "rank", "every": 3, "samples": 100}])
    found = run(spec).measurements
    assert {m.probe for m in found} == {"update"}  # 100 samples are too few for the rank of so many units
    assert list(found.series("update", "ratio", "output").steps) == [1, 2, 4, 5, 10, 15, 20, 25]
    few = [{"type": "flatten"}, {"type": "dense", "units": 8, "activation": "relu"}]
    spec = small_spec(few, {"epochs": 5}, probes=[{"name": "rank", "every": 3, "samples": 100}])
    assert list(run(spec).measurements.series("rank", "stable", "dense_1").epochs) == [0, 1, 3, 5]
    with pytest.raises(SpecError, match="there is no probe"):
        run(spec, probes=["ranc"])


def test_both_arms_of_a_pair_look_at_the_same_samples(
    small_spec: Callable[..., JobSpec], run: Callable[..., TrainResult]
) -> None:
    arms = [small_spec("baseline", probes="off"), small_spec("batch_norm", probes="off")]
    one, other = (run(arm).digests["probe_batch"] for arm in arms)
    assert one == other
    assert run(small_spec("baseline", {"seed": 1}, probes="off")).digests["probe_batch"] != one


@pytest.mark.parametrize("layers", [RESIDUAL_IMAGES, BRANCHES], ids=["residual", "branches"])
def test_the_instrument_sees_what_the_network_computes(
    layers: list[dict[str, Any]], small_spec: Callable[..., JobSpec], data_dir: Path
) -> None:
    spec = small_spec(layers)
    samples = training_data(spec, data_dir).validation
    with borrow_program(spec, Device.CPU) as program:
        program.reset(3)
        network, instrument = program.network, program.instrument
        passage = instrument.passage(instrument.weights(), samples, moving=True)
        scaled = program.scaled(samples.x)
        for item in program.planned:
            layer = network.get_layer(item.name)
            entering = layer.input[0] if isinstance(layer.input, list) else layer.input
            for found, tensor in ((passage.inputs, entering), (passage.outputs, layer.output)):
                if item.name != "output" or found is passage.inputs:
                    expected = keras.Model(network.input, tensor)(scaled, training=False)
                    np.testing.assert_allclose(found[item.name], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "layers",
    [QUICK_KINDS, EVERY_KIND, RESIDUAL_IMAGES, BRANCHES],
    ids=["quick", "every kind", "residual", "branches"],
)
def test_one_pass_gives_the_gradients_behind_moved_layers_as_one_for_each_does(
    layers: list[dict[str, Any]], small_spec: Callable[..., JobSpec], data_dir: Path
) -> None:
    spec = small_spec(layers)
    planned = plan_job(spec)
    below = layers_below(planned)
    with borrow_program(spec, Device.CPU) as program:
        program.reset(spec.training.seed)
        instrument, before = program.instrument, program.instrument.weights()
        step = 0.3 * np.random.default_rng(0).normal(size=before.values.shape)
        after = before.with_values((before.values + step).astype(before.values.dtype))
        batch = first(training_data(spec, data_dir).training, 32)
        moved = instrument.moved_gradients(before, after, batch)
        assert tuple(moved) == Place.KERNELS_BUT_FIRST.layers(planned)
        plain = instrument.gradients(before, batch).weights
        for layer, gradient in moved.items():
            mixed = before.with_layers(after, below[layer])
            expected = instrument.gradients(mixed, batch).weights.kernel(layer)
            np.testing.assert_allclose(gradient, expected, rtol=1e-3, atol=1e-5 * np.abs(expected).max())
            assert norm(gradient - plain.kernel(layer)) > 0.05 * norm(gradient)


def test_all_that_probes_do_lies_in_blocks_that_the_context_sees(
    specs: dict[str, JobSpec], data_dir: Path
) -> None:
    class Watching(Recorder):
        inside = False

        @contextmanager
        def probing(self) -> Iterator[None]:
            self.inside = True
            yield
            self.inside = False

        def report(self, event: Report) -> None:
            super().report(event)
            assert self.inside == isinstance(event, Measured)

    context = Watching()

    class Asking(Probe):
        name = "asking"

        def measure(self, snapshot: Snapshot) -> Iterable[Reading]:  # noqa: ARG002  (the base's)
            yield WHOLE_NETWORK, "inside", float(context.inside)

    result = train(specs["xla"], data_dir=data_dir, context=context, probes=[Asking(), "norm"])
    assert list(result.measurements.series("asking", "inside").values) == [1.0] * len(POINTS)
