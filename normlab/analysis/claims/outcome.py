"""What is answered about a claim."""

from dataclasses import dataclass
from typing import Any

from normlab.analysis.documents import to_plain
from normlab.analysis.intervals import Interval
from normlab.documents.claims import Answer, PartAnswer


@dataclass(frozen=True)
class Part:
    """One definition of a claim, judged."""

    definition: str
    answer: PartAnswer
    sentence: str
    pairs: int
    a: float | None = None
    """Mean over the pairs; of ratios the geometric one."""
    b: float | None = None
    scale: str | None = None
    estimate: float | None = None
    """``b`` divided by ``a``, or ``b`` minus ``a``, by ``scale``."""
    interval: Interval | None = None
    """Of ``estimate``, at ``level``."""
    level: float | None = None
    """Alone, such an interval holds the truth this often; it is corrected by Holm's procedure."""
    margin: float | None = None
    p_value: float | None = None
    """Of the test that decides, corrected for nothing."""
    adjusted_p_value: float | None = None
    """By Holm's procedure over all definitions of all claims that were asked together."""
    smallest_shown: float | None = None
    """The smallest effect that these pairs would have shown with a probability of 80 %, as ``estimate`` is: a ratio
    above 1, or a difference above 0."""
    notes: tuple[str, ...] = ()
    values: tuple[tuple[float, float], ...] = ()
    """Of ``a`` and ``b`` in each pair."""


@dataclass(frozen=True)
class Outcome:
    """What the runs say of a claim."""

    claim: str
    answer: Answer
    sentence: str
    parts: tuple[Part, ...] = ()

    def to_document(self) -> dict[str, Any]:
        """Plain JSON; an end of an interval of which the data say nothing is null."""
        document: dict[str, Any] = to_plain(self)
        return document
