"""What a comparison of two arms can say, and what it rests on."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from normlab.analysis.documents import to_plain
from normlab.analysis.intervals import Interval


class Verdict(StrEnum):
    """What a comparison says."""

    A_BETTER = "a_better"
    B_BETTER = "b_better"
    EQUIVALENT = "equivalent"
    """The difference, if there is one, is smaller than the margin that matters."""
    INCONCLUSIVE = "inconclusive"
    """The data decide nothing. This is not the same as equivalent."""


@dataclass(frozen=True)
class PairedComparison:
    """The result of ``compare_paired``. Differences are ``b - a``, in the metric's own units."""

    verdict: Verdict
    pairs: int
    difference: float
    """Mean of the paired differences."""
    interval: Interval
    """Student's interval for the mean difference; infinite with one pair."""
    bootstrap_interval: Interval
    """The BCa bootstrap's interval, to compare; the verdict does not rest on it."""
    p_value: float
    """Two-sided, of the exact sign-flip test."""
    t_p_value: float
    """Two-sided, of Student's paired t test."""
    standard_deviation: float | None
    """Of the paired differences; None with one pair."""
    effect_size: float | None
    """Cohen's d_z: mean difference over the differences' standard deviation. None where that is not
    defined."""
    probability_b_better: float
    """The share of pairs in which b is better; a tie counts half."""
    pairs_needed: int | None
    """Of an inconclusive comparison: about how many further pairs would decide it. None when it is decided,
    when it is not known, or when it would take more than a thousand."""
    confidence: float
    equivalence_margin: float
    higher_is_better: bool
    caveats: tuple[str, ...]

    def to_document(self) -> dict[str, Any]:
        """Plain JSON; an infinite end of an interval is null."""
        document: dict[str, Any] = to_plain(self)
        return document
