"""Probes: which there are, and what they measured inside a job's network."""

from pydantic import Field

from normlab.documents.base import Document
from normlab.documents.states import JobState
from normlab.spec.open_enum import Open
from normlab.spec.probes.info import Mode, When


class StatisticDocument(Document):
    """One number that a probe gives."""

    name: str
    meaning: str
    unit: str = Field(
        description="`1`: without dimension, so it may be compared between networks and layers."
    )
    place: str = Field(description="At which layers it is measured.")


class ProbeDocument(Document):
    """A probe: what it measures, how, and where a careless reader goes wrong."""

    name: str
    family: str
    formula: str
    source: str
    cost: str = Field(description="In F+B, the forward and backward pass of one batch.")
    misleads: str
    mode: str = Field(
        description="With which statistics batch normalization works meanwhile: "
        + "; ".join(f"`{mode}`: {mode.meaning}" for mode in Mode)
    )
    when: str = Field(description="; ".join(f"`{when}`: {when.meaning}" for when in When))
    place: str = Field(description="At which layers; elsewhere it is not applicable.")
    standard: bool = Field(description="Whether a job has it that asks for nothing else.")
    statistics: tuple[StatisticDocument, ...]


class ProbeList(Document):
    """All probes."""

    data: tuple[ProbeDocument, ...]


class MeasurementDocument(Document):
    """One number of a probe."""

    epoch: int = Field(description="In which it was measured, from 1; 0 before the first step.")
    step: int = Field(description="So many updates of the weights lay before it.")
    probe: str
    layer: str = Field(description="A layer's name; empty for the network as a whole.")
    statistic: str
    value: float | None = Field(description="Null: not a finite number.")


class MeasurementsDocument(Document):
    """What probes measured inside a job's network so far."""

    job: str
    state: Open[JobState]
    measurements: tuple[MeasurementDocument, ...] = Field(
        description="By step, then in the order of the probes and of the layers."
    )
    has_more: bool
    next: int | None = Field(description="The `cursor` of the next page; null on the last one.")
