"""What a comparison of two arms can say, and what it rests on."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from normlab.analysis.basis import Basis
from normlab.analysis.documents import to_plain
from normlab.analysis.intervals import Interval
from normlab.analysis.planning import FurtherPairs
from normlab.analysis.wins import Wins


class Verdict(StrEnum):
    """What a comparison says."""

    A_BETTER = "a_better"
    B_BETTER = "b_better"
    EQUIVALENT = "equivalent"
    """The difference, if there is one, is smaller than the margin that matters."""
    INCONCLUSIVE = "inconclusive"
    """The data decide nothing. This is not the same as equivalent."""

    @property
    def better(self) -> bool:
        """Whether it says that one arm is better."""
        return self in (Verdict.A_BETTER, Verdict.B_BETTER)


class DecidingTest(StrEnum):
    """The test on which it depends whether an arm is called better."""

    EXACT = "exact"
    """The sign-flip test: of the two tests, both of which have to agree, it has the higher p value."""
    T = "t"
    """Student's t test, which has the higher p value of the two."""
    T_ALONE = "t_alone"
    """Student's t test at half the error: pairs are too few for the exact test to decide."""


@dataclass(frozen=True)
class PairedComparison:
    """The result of ``compare_paired``. Differences are ``b - a``, in the metric's own units."""

    verdict: Verdict
    pairs: int
    difference: float
    """Mean of the paired differences."""
    interval: Interval
    """Student's interval for the mean difference; infinite with one pair."""
    basis: Basis
    """Of ``interval``."""
    bootstrap_interval: Interval | None
    """The BCa bootstrap's interval, to compare; the verdict does not rest on it. None below ten pairs, with which it
    is far too narrow."""
    bootstrap_basis: Basis | None
    """Of ``bootstrap_interval``."""
    p_value: float
    """Two-sided, of the exact sign-flip test."""
    t_p_value: float
    """Two-sided, of Student's paired t test."""
    deciding_test: DecidingTest
    deciding_p_value: float
    """An arm is called better where this is at most ``1 - confidence``: the higher of the two p values, or twice that
    of the t test where it decides alone."""
    standard_deviation: float | None
    """Of the paired differences; None with one pair."""
    effect_size: float | None
    """Cohen's d_z: mean difference over the differences' standard deviation. None where that is not
    defined."""
    wins: Wins
    further_pairs: FurtherPairs | None
    """Of an inconclusive comparison: between how many and how many further pairs would decide it. None when it is
    decided, when it is not known, or when it would take more than a thousand."""
    confidence: float
    """The level of the interval and of the verdict: that of ``basis``."""
    equivalence_margin: float
    higher_is_better: bool
    caveats: tuple[str, ...]
    withheld: str | None = None
    """Why there is no verdict whatever the pairs show, as part of a sentence; None where there may be one."""

    def to_document(self) -> dict[str, Any]:
        """Plain JSON; an infinite end of an interval is null."""
        document: dict[str, Any] = to_plain(self)
        return document

    def with_caveats(self, *sentences: str) -> "PairedComparison":
        """The same with further caveats."""
        return replace(self, caveats=(*self.caveats, *sentences))

    def without_verdict(self, reason: str, *caveats: str) -> "PairedComparison":
        """The same figures without a verdict, whatever they show, and why."""
        return replace(
            self,
            verdict=Verdict.INCONCLUSIVE,
            further_pairs=None,
            withheld=reason,
            caveats=(*self.caveats, *caveats),
        )
