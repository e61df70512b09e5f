"""What a probe is, and what it sees of a run."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar, TypeAlias

import numpy as np

from normlab.spec import PlannedLayer
from normlab.training.data import Samples
from normlab.training.layers.network import Array
from normlab.training.probes.instrument import Gradients, Instrument, Passage
from normlab.training.probes.weights import Weights

Reading: TypeAlias = tuple[str, str, float]
"""The name of a layer or ``WHOLE_NETWORK``, a statistic's name, and its value."""

Notes: TypeAlias = dict[str, Array]
"""What a probe keeps from one point to the next. A checkpoint has it, too."""


@dataclass(frozen=True)
class RealStep:
    """A step of the run: momentum, decay and clipping included."""

    before: Weights
    after: Weights
    batch: Samples
    """On which its gradient was taken."""
    learning_rate: float


@dataclass(frozen=True)
class Moment:
    """A run between two steps, as all probes of a point see it. What was computed once is kept for the others."""

    instrument: Instrument
    planned: Sequence[PlannedLayer]
    weights: Weights
    step: int
    """So many updates of the weights have been made."""
    real_step: RealStep | None
    """The newest that was watched; None at the start."""
    learning_rate: float
    """Of the newest step; of the first one at the start."""
    batch_size: int
    probe_batch: Samples
    held_out: Callable[[int], Samples]
    """So many samples that were not trained on, or of those that were where there are no others."""
    _passages: dict[int, Passage] = field(default_factory=dict)
    _gradients: dict[int, Gradients] = field(default_factory=dict)

    def passage(self, samples: int) -> Passage:
        """What passes through the network of the first so many samples of the probe batch, with their statistics."""
        if samples not in self._passages:
            batch = first(self.probe_batch, samples)
            self._passages[samples] = self.instrument.passage(self.weights, batch)
        return self._passages[samples]

    def gradients(self, samples: int) -> Gradients:
        """The gradient on about so many samples of the probe batch: on whole batches of the training's size."""
        if samples not in self._gradients:
            batch, group = in_batches(first(self.probe_batch, samples), self.batch_size)
            self._gradients[samples] = self.instrument.gradients(self.weights, batch, group=group)
        return self._gradients[samples]

    @cached_property
    def step_gradients(self) -> Gradients | None:
        """The gradient that the real step was made from, without penalty, decay and clipping."""
        step = self.real_step
        return None if step is None else self.instrument.gradients(step.before, step.batch)


@dataclass(frozen=True)
class Snapshot:
    """What one probe sees of a moment."""

    moment: Moment
    samples: int
    """How many samples it is to look at."""
    notes: Notes
    """Its own, which it may change."""

    @property
    def weights(self) -> Weights:
        """The present ones."""
        return self.moment.weights

    @property
    def planned(self) -> Sequence[PlannedLayer]:
        """The layers."""
        return self.moment.planned

    @property
    def step(self) -> int:
        """So many updates of the weights have been made."""
        return self.moment.step

    @property
    def real_step(self) -> RealStep | None:
        """See ``Moment.real_step``."""
        return self.moment.real_step

    @property
    def passage(self) -> Passage:
        """See ``Moment.passage``."""
        return self.moment.passage(self.samples)

    @property
    def gradients(self) -> Gradients:
        """See ``Moment.gradients``."""
        return self.moment.gradients(self.samples)


class Probe:
    """Measures something inside a network.

    It sees values, not the run's variables, so it can change nothing of the run. It draws random numbers only from a
    stream of its own (``normlab.training.seeds``), and measures the same numbers for the same snapshot and notes: a run
    that goes on from a checkpoint may measure a point again.
    """

    name: ClassVar[str]
    """In the registry (``normlab.spec.probes``), which says when it is asked and at which layers it measures. What is
    not in it is asked at all points."""
    uses: ClassVar[tuple[str, ...]] = ("passage",)
    """The functions of the instrument that it calls, so that they can be traced before the run."""

    def measure(self, snapshot: Snapshot) -> Iterable[Reading]:
        """What it measures at a point. What is not a finite number is left out."""
        raise NotImplementedError


def first(samples: Samples, count: int) -> Samples:
    """The first ones."""
    return samples if count >= samples.count else samples.between(0, count)


def in_batches(samples: Samples, size: int) -> tuple[Samples, int]:
    """As many as make whole batches of a size, and that size; all in one batch where there are fewer."""
    size = min(size, samples.count)
    return first(samples, samples.count // size * size), size


def units(values: Array) -> Array:
    """Values (samples, …, units) as (samples and positions, units)."""
    return values.reshape(-1, values.shape[-1])


def rms(values: Array) -> float:
    """The root mean square of all values, in double precision."""
    return float(np.sqrt(np.mean(np.square(values, dtype=np.float64))))


def norm(values: Array) -> float:
    """The Euclidean norm of all values, in double precision."""
    return float(np.sqrt(np.sum(np.square(values, dtype=np.float64))))


def cosine(one: Array, other: Array) -> float:
    """Between two arrays of one shape; NaN where one of them is 0."""
    lengths = norm(one) * norm(other)
    return float(np.sum(np.multiply(one, other, dtype=np.float64))) / lengths if lengths else np.nan


def ratio(one: float, other: float) -> float:
    """One by the other; NaN where that is 0."""
    return one / other if other else np.nan
