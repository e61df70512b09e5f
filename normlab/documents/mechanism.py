"""What differs inside the networks of a comparison's arms."""

from pydantic import Field

from normlab.documents.base import Document
from normlab.documents.states import StudyState
from normlab.spec.open_enum import Open


class SeriesDifferenceDocument(Document):
    """One number of one layer in both arms, along the run: all lists have an entry for each point."""

    probe: str
    statistic: str
    layer: str = Field(description="Empty for the network as a whole.")
    scale: str = Field(description="`ratio`: `difference` is b divided by a; `difference`: b minus a.")
    epochs: tuple[int, ...] = Field(description="0 for the start.")
    steps: tuple[int | None, ...] = Field(description="Of the first epoch; null for an epoch's end.")
    mean_a: tuple[float | None, ...]
    mean_b: tuple[float | None, ...]
    difference: tuple[float | None, ...]
    low: tuple[float | None, ...] = Field(
        description="With `high` the interval over seeds, corrected for everything that was looked at; null: no bound."
    )
    high: tuple[float | None, ...]
    p_value: tuple[float | None, ...] = Field(description="Of the paired t test, corrected for nothing.")
    told_apart: tuple[bool, ...] = Field(description="Where the arms differ; all claims hold together.")
    sentence: str = Field(description="Empty where they are not told apart.")


class MechanismDocument(Document):
    """What differs between the insides of two arms."""

    a: str
    b: str
    pairs: int = Field(description="Seeds for which both arms have a measured run.")
    confidence: float
    paragraph: str = Field(
        description="What was looked at and what differs first. It claims no cause: arms differ in what was changed "
        "and in everything that follows from it."
    )
    highlights: tuple[str, ...] = Field(
        description="What differs, the earliest first; of each quantity the layer in which it differs most."
    )
    only_in: dict[str, tuple[str, ...]] = Field(
        description="By arm: quantities that the other arm does not have."
    )
    series: tuple[SeriesDifferenceDocument, ...] = Field(description="Everything that was looked at.")
    method: str


class MechanismsDocument(Document):
    """What differs inside, for each pair of a comparison's arms."""

    comparison: str
    state: Open[StudyState]
    pairs: tuple[MechanismDocument, ...]
    reason: str = Field(description="Why there are no pairs; empty where there are.")
