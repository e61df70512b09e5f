"""A run as the rules see it: its layers, its measurements by name, its epochs."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from math import log
from typing import NamedTuple

from normlab.spec import JobSpec
from normlab.spec.columns import Task
from normlab.spec.epochs import EpochMetrics
from normlab.spec.measurements import WHOLE_NETWORK, Measured
from normlab.spec.plan import OUTPUT_LAYER, PlannedLayer, plan_job
from normlab.spec.probes.places import Place


class Reading(NamedTuple):
    """One number at one point of the run."""

    step: int
    epoch: int
    value: float


class Affected(NamedTuple):
    """Where something was seen, of readings by layer."""

    worst: str
    """The layer whose last reading is worst."""
    value: float
    """That reading."""
    layers: tuple[str, ...]
    """The worst one, then all others."""
    epochs: tuple[int, ...]
    """Of all readings."""


def affected(
    seen: Mapping[str, Sequence[Reading]], worst_of: Callable[[Iterable[float]], float] = max
) -> Affected:
    """What ``seen``, with at least one layer, comes to; ``worst_of`` is ``max`` or ``min``."""
    last = {name: readings[-1].value for name, readings in seen.items()}
    value = worst_of(last.values())
    worst = next(name for name in last if last[name] == value)
    return Affected(
        worst,
        value,
        (worst, *(name for name in seen if name != worst)),
        tuple(reading.epoch for readings in seen.values() for reading in readings),
    )


class Observed:
    """A run.

    Args:
        measured: What its probes measured, in any order.
        spec: What was trained.
        epochs: The numbers of its epochs so far.
    """

    def __init__(self, measured: Iterable[Measured], spec: JobSpec, epochs: Sequence[EpochMetrics]) -> None:
        self.spec = spec
        self.epochs = tuple(epochs)
        self._readings: dict[tuple[str, str, str], list[Reading]] = {}
        for item in measured:
            key = (item.probe, item.statistic, item.layer)
            self._readings.setdefault(key, []).append(Reading(item.step, item.epoch, item.value))
        for readings in self._readings.values():
            readings.sort()

    @cached_property
    def planned(self) -> tuple[PlannedLayer, ...]:
        """The layers of the network, the output layer included."""
        return plan_job(self.spec)

    def layers(self, place: Place) -> tuple[str, ...]:
        """The names of the layers of a kind, from the input on."""
        return place.layers(self.planned)

    @cached_property
    def hidden(self) -> tuple[str, ...]:
        """The layers with a kernel, without the output layer."""
        return tuple(name for name in self.layers(Place.KERNELS) if name != OUTPUT_LAYER)

    def has(self, probe: str, statistic: str) -> bool:
        """Whether there is such a number, at any layer."""
        return any(key[:2] == (probe, statistic) for key in self._readings)

    def readings(self, probe: str, statistic: str, layer: str = WHOLE_NETWORK) -> tuple[Reading, ...]:
        """A number in the course of the run."""
        return tuple(self._readings.get((probe, statistic, layer), ()))

    def epoch_ends(self, probe: str, statistic: str, layer: str = WHOLE_NETWORK) -> tuple[Reading, ...]:
        """The same at the ends of epochs."""
        return tuple(
            reading
            for reading in self.readings(probe, statistic, layer)
            if reading.step and reading.step == reading.epoch * self.steps
        )

    def at_start(self, probe: str, statistic: str, layer: str = WHOLE_NETWORK) -> float | None:
        """A number before the first step."""
        readings = self.readings(probe, statistic, layer)
        return readings[0].value if readings and readings[0].step == 0 else None

    def at(self, step: int, probe: str, statistic: str, layer: str = WHOLE_NETWORK) -> float | None:
        """A number after so many steps."""
        return next((r.value for r in self.readings(probe, statistic, layer) if r.step == step), None)

    @cached_property
    def steps(self) -> int:
        """Steps of an epoch."""
        return self.spec.steps_per_epoch

    @cached_property
    def last_step(self) -> int:
        """The last point at which something was measured."""
        return max((readings[-1].step for readings in self._readings.values()), default=0)

    @property
    def classes(self) -> int:
        """How many classes there are to tell apart."""
        return self.spec.dataset.info.class_count

    @property
    def predicts_numbers(self) -> bool:
        """Whether its targets are numbers: then accuracies are not known, and losses are squared errors."""
        return self.spec.dataset.info.predicts is Task.REGRESSION

    @property
    def guess_loss(self) -> float:
        """The cross-entropy of giving each class the same probability; of numbers the squared error of always giving
        their mean, as a part of their variance."""
        return 1.0 if self.predicts_numbers else log(self.classes)

    @property
    def validation_samples(self) -> int:
        """How many samples accuracies are measured on."""
        return self.spec.dataset.held_out or self.spec.dataset.trained_on
