"""The one place where the loop calls probes: at which steps, and with what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import takewhile
from math import isfinite

import numpy as np

from normlab.spec import JobSpec
from normlab.spec.measurements import Measured
from normlab.spec.probes.info import When
from normlab.training.batches import Block
from normlab.training.compiled.program import Program
from normlab.training.compiled.tracing import forgotten_gradients
from normlab.training.data import Samples, TrainingData
from normlab.training.layers.network import Array
from normlab.training.probes.base import Moment, Notes, RealStep, Snapshot, first
from normlab.training.probes.batch import probe_order
from normlab.training.probes.chosen import Chosen
from normlab.training.probes.weights import Weights

_WATCHED = "watched step"


@dataclass(frozen=True)
class _Watched:
    """A step of the run between whose ends the probes look."""

    before: Array
    """The weights in one row."""
    after: Array | None
    """None until it is made."""
    numbers: Array
    """The rows of the data in which the batch's samples are."""
    rate: float


class Observer:
    """Calls the probes of a run between its steps. Without probes it costs nothing.

    Much of what normalization does is over by the end of the first epoch, so probes measure the initial weights, then
    after steps 1, 2, 4, 8, … of the first epoch, and at each epoch's end. The step before each of these points is
    watched: the run stops in front of it and behind it. At an epoch's end that is the last step of a whole batch, since
    the very last one may have a single sample.
    """

    def __init__(self, probes: Sequence[Chosen], spec: JobSpec, program: Program, data: TrainingData) -> None:
        self._probes = probes
        self._spec = spec
        self._program = program
        self._data = data
        self._epochs = spec.training.epochs
        self._batch_size = min(spec.training.batch_size, spec.dataset.trained_on)
        self._steps = spec.steps_per_epoch
        self._whole = spec.dataset.trained_on // self._batch_size
        self._notes: dict[str, Notes] = {chosen.probe.name: {} for chosen in probes}
        self._watched: _Watched | None = None

    def compile(self) -> None:
        """Trace what the probes use."""
        if self._probes:
            for name in sorted({name for chosen in self._probes for name in chosen.probe.uses}):
                self._program.instrument.trace(name, first(self._data.training, 1))

    def next_stop(self, epoch: int, step: int) -> int:
        """The step of an epoch (from 1) that a segment from ``step`` must not go beyond."""
        stops = (*self._watched_ends(epoch), *self._points(epoch), self._steps)
        return min(stop for stop in stops if stop > step)

    def before_steps(self, epoch: int, step: int, block: Block) -> None:
        """To be called before each segment, which begins at ``step`` of an epoch (from 1) and is of ``block``."""
        if step in self._watched_ends(epoch)[::2]:
            number = step - block.first
            numbers, rate = block.order[number].numpy(), float(block.rates[number])
            self._watched = _Watched(self._program.instrument.weights().values, None, numbers, rate)

    def measure(self, epoch: int, step: int) -> tuple[Measured, ...]:
        """To be called after each segment: the measurements after ``step`` steps of an epoch (from 1), if any."""
        weights = None
        if self._watched is not None and self._watched.after is None:
            weights = self._program.instrument.weights()
            self._watched = replace(self._watched, after=weights.values)
        asked = [chosen for chosen in self._probes if self._is_asked(chosen, epoch, step)]
        if not asked:
            return ()
        moment = self._moment(weights or self._program.instrument.weights(), epoch, step)
        with forgotten_gradients():
            measured = tuple(
                Measured(moment.step, epoch if step else 0, chosen.probe.name, layer, statistic, float(value))
                for chosen in asked
                for layer, statistic, value in chosen.probe.measure(
                    Snapshot(moment, chosen.samples, self._notes[chosen.probe.name])
                )
                if isfinite(value)
            )
        if step == self._steps:
            self._watched = None
        return measured

    @property
    def notes(self) -> dict[str, Array]:
        """What a checkpoint keeps of the probes: their notes, and a watched step that is not measured yet."""
        notes = {
            f"{name}/{key}": value for name, notes in self._notes.items() for key, value in notes.items()
        }
        if self._watched is not None and self._watched.after is not None:
            notes |= {f"{_WATCHED}/{key}": np.asarray(value) for key, value in vars(self._watched).items()}
        return notes

    def resume(self, notes: Mapping[str, Array]) -> None:
        """Take over what a checkpoint kept."""
        watched = {}
        for key, value in notes.items():
            name, _, rest = key.partition("/")
            if name == _WATCHED:
                watched[rest] = value
            elif name in self._notes:
                self._notes[name][rest] = value
        if watched:
            self._watched = _Watched(
                watched["before"], watched["after"], watched["numbers"], float(watched["rate"])
            )

    def _watched_ends(self, epoch: int) -> tuple[int, ...]:
        """The steps before and after each watched one, in turns.

        Where gradients of several batches make one step of the weights, it is the newest that moved them.
        """
        batches = self._spec.training.optimizer.gradient_accumulation_steps or 1
        before = (epoch - 1) * self._steps
        moving = {(before + step) // batches * batches - before for step in self._points(epoch)}
        return tuple(end for step in sorted(moving) if step > 0 for end in (step - 1, step))

    def _points(self, epoch: int) -> tuple[int, ...]:
        """The steps of an epoch (from 1) after which weights are looked at, in whole batches."""
        if not any(self._is_due(chosen, epoch) for chosen in self._probes):
            return ()
        last = self._whole or self._steps
        powers = takewhile(lambda step: step < self._steps, (2**n for n in range(self._steps.bit_length())))
        return tuple(sorted({*powers, last})) if epoch == 1 else (last,)

    def _is_due(self, chosen: Chosen, epoch: int) -> bool:
        return epoch in (1, self._epochs) or epoch % chosen.every == 0

    def _is_asked(self, chosen: Chosen, epoch: int, step: int) -> bool:
        if step == self._steps:
            return self._is_due(chosen, epoch)
        if epoch > 1 or step & (step - 1):
            return False
        return chosen.when in ((When.POINTS, When.AFTER_START) if step else (When.POINTS, When.EPOCHS))

    def _moment(self, weights: Weights, epoch: int, step: int) -> Moment:
        training, newest = self._spec.training, None
        if self._watched is not None and self._watched.after is not None:
            newest = RealStep(
                before=weights.with_values(self._watched.before),
                after=weights.with_values(self._watched.after),
                batch=self._data.training.at(self._watched.numbers),
                learning_rate=self._watched.rate,
            )
        first_rate = training.optimizer.learning_rate * training.learning_rate_schedule.at(
            1, 0, self._steps, training.epochs
        )
        return Moment(
            instrument=self._program.instrument,
            planned=self._program.planned,
            weights=weights,
            step=(epoch - 1) * self._steps + step,
            real_step=newest,
            learning_rate=newest.learning_rate if newest else first_rate,
            batch_size=self._batch_size,
            probe_batch=self._probe_batch,
            held_out=self._held_out,
        )

    @cached_property
    def _probe_batch(self) -> Samples:
        count = max(chosen.samples for chosen in self._probes)
        return self._data.training.taken(probe_order(self._spec)[:count])

    def _held_out(self, count: int) -> Samples:
        samples = self._data.validation if self._data.validation.count else self._data.training
        return samples.taken(np.linspace(0, samples.count - 1, min(count, samples.count)).astype(np.int32))
