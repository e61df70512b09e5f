"""What a comparison of mechanisms consists of."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from normlab.analysis.documents import to_plain
from normlab.analysis.mechanism.quantities import Scale


@dataclass(frozen=True)
class SeriesDifference:
    """One number of one layer in both arms, along the run: tuples (points,)."""

    probe: str
    statistic: str
    layer: str
    scale: Scale
    """Whether ``difference`` is b minus a, or b divided by a."""
    epochs: tuple[int, ...]
    """0 for the start."""
    steps: tuple[int | None, ...]
    """Of the first epoch; None for an epoch's end."""
    mean_a: tuple[float, ...]
    mean_b: tuple[float, ...]
    difference: tuple[float, ...]
    low: tuple[float, ...]
    """With ``high`` the interval over seeds, corrected for everything that was looked at."""
    high: tuple[float, ...]
    p_value: tuple[float, ...]
    """Of the t test of the paired differences, corrected for nothing."""
    told_apart: tuple[bool, ...]
    """At which points the arms differ; all claims of the result hold together."""
    sentence: str = ""
    """What is said where they differ; "" where they are not told apart."""

    @property
    def first(self) -> int | None:
        """The number of the first point at which the arms are told apart."""
        return next((number for number, told in enumerate(self.told_apart) if told), None)

    @property
    def last(self) -> int | None:
        """The number of the last one."""
        return next((at for at in reversed(range(len(self.told_apart))) if self.told_apart[at]), None)


@dataclass(frozen=True)
class Mechanism:
    """What differs between two arms."""

    a: str
    b: str
    pairs: int
    confidence: float
    """All claims together are right this often."""
    series: tuple[SeriesDifference, ...]
    """Everything that was looked at, in the order of the quantities and of the network."""
    highlights: tuple[str, ...]
    """What differs, the earliest first; of each quantity the layer in which it differs most."""
    only_in: Mapping[str, tuple[str, ...]]
    """By arm: the quantities that the other arm does not have."""
    paragraph: str
    method: str

    def to_document(self) -> dict[str, Any]:
        """Plain JSON."""
        document: dict[str, Any] = to_plain(self)
        return document
