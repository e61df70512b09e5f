"""Comparisons of the same runs before this one: what of the error they have used, and what is left for it.

Whoever compares two arms with 3 pairs, then with 4, then with 5 until one arm is better has looked three times at
mostly the same runs, and finds a difference between an arm and itself far more often than in 5 % of cases. A plan
(``sequential``) knows its looks beforehand and shares the error among them. Looks that nobody planned are charged here
as they come:

1. The first look is what it was asked to be, and uses the error that it could make: all of ``alpha``, or half of it
   where pairs are too few for the exact test (``compare_paired`` then tests at ``alpha / 2``).
2. Each further one gets half of what is left of its own ``alpha``, and uses that.
3. When nothing is left, the answer is not ``better`` and not ``equivalent``, whatever the runs show.
4. What an earlier look has said already may be said again without a charge: that it was wrong has been counted. Where
   the runs say it with the charge, too, that is what is shown: interval, level and deciding test are then corrected.

By Bonferroni's inequality an arm is then called better than itself in at most ``alpha`` of such sequences, however the
looks overlap and however their number was chosen. It is the price of a test that was planned without a further look:
its conditional error is 0 once it has ended undecided (Müller & Schäfer 2001, Adaptive group sequential designs for
clinical trials, Biometrics 57; Bauer & Köhne 1994, Biometrics 50, for charging looks as they come).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from normlab.analysis.signflip import pairs_to_reach
from normlab.analysis.verdict import PairedComparison, Verdict
from normlab.spec.replicates import MIN_PAIRS, Replicates


@dataclass(frozen=True)
class PlannedLook:
    """A comparison of two arms as it was asked for."""

    comparison: str
    """Its id."""
    seeds_a: frozenset[int]
    """Of the first arm's runs."""
    seeds_b: frozenset[int]
    pairs: int
    """How many it has, or has at most."""
    plan: Replicates
    alpha: float
    """The error that it may make in all its verdicts together."""
    pairs_of_arms: int = 1
    """How many verdicts share it."""
    margin: float = 0.0
    """A smaller difference does not matter."""
    verdict: Verdict | None = None
    """What it said; None while it runs."""

    @property
    def record(self) -> "EarlierLook":
        """What a reader is told of it."""
        return EarlierLook(self.comparison, self.pairs, self.plan.until_decided, self.margin, self.verdict)

    def overlaps(self, other: "PlannedLook") -> bool:
        """Whether runs of both arms are in both."""
        return not (self.seeds_a.isdisjoint(other.seeds_a) or self.seeds_b.isdisjoint(other.seeds_b))

    def repeats(self, other: "PlannedLook") -> bool:
        """Whether it asks the same of the same runs, so that it can say nothing else."""
        within = self.seeds_a <= other.seeds_a and self.seeds_b <= other.seeds_b
        around = self.seeds_a >= other.seeds_a and self.seeds_b >= other.seeds_b
        return self.plan == other.plan and (within or around)  # of a plan, one may have gone on for longer


@dataclass(frozen=True)
class EarlierLook:
    """An earlier look at two arms, as a reader is told of it."""

    comparison: str
    """The id of the comparison."""
    pairs: int
    """How many it had, or has at most."""
    until_decided: bool
    """Whether it had a plan of several looks."""
    margin: float
    verdict: Verdict | None
    """None while it runs."""


@dataclass(frozen=True)
class EarlierLooks:
    """What there was before a look, and what it leaves."""

    looks: tuple[EarlierLook, ...] = ()
    """Oldest first; without those that ask the same, and those with too few pairs for a verdict."""
    share: float = 1.0
    """The part of its error that the look may use."""
    same: tuple[str, ...] = ()
    """The ids of comparisons before that asked the same of the same runs, which is free."""

    def said(self, comparison: PairedComparison) -> bool:
        """Whether an earlier look has given the same verdict already."""
        return bool(self._agreeing(comparison))

    def _agreeing(self, comparison: PairedComparison) -> int:
        """How many earlier looks have given the same verdict."""
        if comparison.verdict is Verdict.INCONCLUSIVE:
            return 0
        return sum(
            look.verdict is comparison.verdict
            and (comparison.verdict.better or look.margin <= comparison.equivalence_margin)
            for look in self.looks
        )

    @property
    def words(self) -> str:
        """How often and with how many pairs."""
        sizes = [str(look.pairs) for look in self.looks]
        listed = sizes[0] if len(sizes) == 1 else f"{', '.join(sizes[:-1])} and {sizes[-1]}"
        return f"{len(sizes)} earlier look{'s' * (len(sizes) > 1)} (at {listed} pairs)"

    def repeat(self, comparison: PairedComparison) -> PairedComparison:
        """The comparison, without a charge, whose verdict an earlier look has given, too."""
        agreeing, several = self._agreeing(comparison), len(self.looks) > 1
        who = "It" if not several else "One of them" if agreeing == 1 else f"{agreeing} of them"
        left = "With what is left of the error, these runs" if self.share else "Without an error left, they"
        return comparison.with_caveats(
            f"These arms were compared before on some of the same runs: {self.words}. {who} said the same, so the "
            f"verdict stands: that it may be wrong was counted then. {left} would not decide it anew; the interval is "
            f"that of a single look, not corrected for {'them' if several else 'it'}."
        )

    def charge(self, comparison: PairedComparison, alpha: float) -> PairedComparison:
        """The comparison at what is left of the error ``alpha`` that it could make alone, and how much that is."""
        return comparison.with_caveats(
            f"These arms were compared before on some of the same runs: {self.words}. {100 * self.share * alpha:.3g} % "
            f"of the {100 * alpha:.3g} % error is left for this one, so the interval is wider than alone."
        )

    def withhold(self, comparison: PairedComparison) -> PairedComparison:
        """The same figures without a verdict: earlier looks leave no error for one."""
        return comparison.without_verdict(
            "earlier looks have used up the error",
            f"These arms were compared before on some of the same runs: {self.words}. They have used up the error, so "
            "there is no verdict, whatever these runs show; the interval is not corrected for them. For a verdict, "
            "plan the number of pairs before looking, with seeds that no look has seen.",
        )


NO_EARLIER_LOOKS = EarlierLooks()


def earlier_looks(look: PlannedLook, before: Sequence[PlannedLook]) -> EarlierLooks:
    """What of ``before`` (oldest first) has seen runs of this look, and which share of its ``alpha`` it has left."""
    used: list[float] = []
    for index, other in enumerate(before):
        used.append(_used(other, _error(other, before[:index], used)))
    distinct = [other for other, _ in _distinct(look, before, used) if not other.repeats(look)]
    same = tuple(other.comparison for other in before if other.repeats(look))
    return EarlierLooks(
        tuple(other.record for other in distinct), _error(look, before, used) / look.alpha, same
    )


def _distinct(
    look: PlannedLook, before: Sequence[PlannedLook], used: Sequence[float]
) -> list[tuple[PlannedLook, float]]:
    """Those of ``before`` that have seen runs of this look, each with what it used, and none that repeats another."""
    chosen: list[tuple[PlannedLook, float]] = []
    for other, error in zip(before, used, strict=True):
        relevant = other.pairs >= MIN_PAIRS and other.overlaps(look)
        if relevant and not any(other.repeats(known) for known, _ in chosen):
            chosen.append((other, error))
    return chosen


def _error(look: PlannedLook, before: Sequence[PlannedLook], used: Sequence[float]) -> float:
    """What a look may use of its alpha, if each of those before it has used so much."""
    alpha, spent = look.alpha, 0.0
    for other, error in _distinct(look, before, used):
        if other.repeats(look):  # it says what was said then, and another confidence makes it no sharper
            alpha = min(alpha, other.alpha)
            break
        spent += error
    return alpha if not spent else max(0.0, (alpha - spent) / 2)


def _used(look: PlannedLook, error: float) -> float:
    """The error that a look could make, of the ``alpha`` of its comparison."""
    if look.plan.until_decided or not error:
        return error
    testable = look.pairs >= pairs_to_reach(error / look.pairs_of_arms)
    return error if testable else error / 2
