"""What is known of a probe before anything is measured."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from normlab.spec.probes.places import Place


class Family(StrEnum):
    """Each has a file of rows here, and one of classes in ``normlab/training/probes/``."""

    GRADIENTS = "gradients"
    ACTIVATIONS = "activations"
    NORMALIZATION = "normalization"
    SHIFT = "shift"
    LANDSCAPE = "landscape"


class When(StrEnum):
    """At which points of a run a probe measures."""

    POINTS = "points"
    """The start, after steps 1, 2, 4, 8, … of the first epoch, and at each epoch's end."""
    AFTER_START = "after_start"
    """The same without the start."""
    EPOCHS = "epochs"
    """The start, and each epoch's end."""
    EPOCH_ENDS = "epoch_ends"
    """Each epoch's end."""

    @property
    def meaning(self) -> str:
        """In words."""
        return _WHEN[self]


class Mode(StrEnum):
    """With which statistics batch normalization works while it is measured. Dropout is off in all of them."""

    ALL = "all"
    """Those of all samples that are looked at, which are what moving statistics should come to."""
    BATCHES = "batches"
    """Those of batches of the training's size, as in training."""
    MOVING = "moving"
    """The moving ones, as in use."""
    SEVERAL = "several"
    """Said by the statistic's name."""
    NONE = "none"
    """No samples are looked at: it is about the variables alone."""

    @property
    def meaning(self) -> str:
        """In words."""
        return _MODES[self]


@dataclass(frozen=True)
class Statistic:
    """One number that a probe gives."""

    name: str
    meaning: str
    """A formula, or a sentence."""
    unit: str = "1"
    """``1``: it is dimensionless, and may be compared between networks and layers."""
    place: Place | None = None
    """At which layers, where these are not the probe's."""


@dataclass(frozen=True)
class ProbeInfo:
    """A row of the registry."""

    name: str
    family: Family
    formula: str
    source: str
    cost: str
    """In F+B: the forward and backward pass of one batch."""
    misleads: str
    """Where a careless reader goes wrong."""
    mode: Mode
    when: When
    place: Place
    samples: int | None
    """At how many samples it looks unless it is asked for another number; None: at none, or at a training batch."""
    statistics: tuple[Statistic, ...]
    standard: bool = True
    """Whether ``standard`` has it."""

    def place_of(self, statistic: str) -> Place:
        """At which layers one of its numbers is measured."""
        return self.by_name[statistic].place or self.place

    @property
    def by_name(self) -> Mapping[str, Statistic]:
        """Its statistics."""
        return {statistic.name: statistic for statistic in self.statistics}


_WHEN = {
    When.POINTS: "the start, after steps 1, 2, 4, 8, … of the first epoch, and at each epoch's end",
    When.AFTER_START: "steps 1, 2, 4, 8, … of the first epoch and each epoch's end",
    When.EPOCHS: "the start, and each epoch's end",
    When.EPOCH_ENDS: "each epoch's end",
}

_MODES = {
    Mode.ALL: "statistics of all samples that are looked at",
    Mode.BATCHES: "statistics of batches of the training's size, as in training",
    Mode.MOVING: "the moving statistics, as in use",
    Mode.SEVERAL: "said by the statistic's name",
    Mode.NONE: "none, since no samples are looked at",
}
