"""Going on until it is decided, without the error that looking again and again would add.

A test at 5 % after every new pair finds a difference between an arm and itself far more often than in 5 % of
cases. Here a plan says beforehand at which numbers of pairs will be looked, each look gets its share of the
5 %, and the verdict of each look comes from ``compare_paired`` at the confidence that this share leaves.
"""

import math
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats
from scipy.optimize import brentq

from normlab.analysis.basis import SEEDS, Basis
from normlab.analysis.documents import to_plain
from normlab.analysis.paired import compare_paired
from normlab.analysis.validation import Floats, as_generator, as_pairs, check_confidence
from normlab.analysis.verdict import PairedComparison, Verdict
from normlab.spec.replicates import MIN_PAIRS

_GRID = 1_001
"""Points of the grid on which the process is followed; the levels do not change in the fourth digit with
more."""


class Spending(StrEnum):
    """How the error is spread over the looks."""

    POCOCK = "pocock"
    """About evenly: large differences are found early. alpha · ln(1 + (e - 1) t)."""
    OBRIEN_FLEMING = "obrien_fleming"
    """Next to nothing early: the last look is nearly as sharp as a single one. 2 - 2 Φ(z / √t)."""


@dataclass(frozen=True)
class StoppingPlan:
    """When to look: at ``start`` pairs, then after every ``step`` more, and at ``maximum`` for the last time.

    It has to be fixed before the first look; raising ``maximum`` afterwards voids the error control.
    """

    start: int
    maximum: int
    step: int = 1
    confidence: float = 0.95
    spending: Spending = Spending.POCOCK

    def __post_init__(self) -> None:
        check_confidence(self.confidence)
        if self.start < MIN_PAIRS:
            raise ValueError(f"start should be at least {MIN_PAIRS} pairs, since fewer give no verdict")
        if self.maximum < self.start:
            raise ValueError(f"maximum should be at least start ({self.start}), but it is {self.maximum}")
        if self.step < 1:
            raise ValueError(f"step should be at least 1 pair, but it is {self.step}")

    @property
    def looks(self) -> tuple[int, ...]:
        """The numbers of pairs at which to look."""
        return (*range(self.start, self.maximum, self.step), self.maximum)

    @property
    def alphas(self) -> tuple[float, ...]:
        """The two-sided level of the test at each look."""
        return nominal_alphas(tuple(n / self.maximum for n in self.looks), 1 - self.confidence, self.spending)


@lru_cache(maxsize=256)
def nominal_alphas(fractions: tuple[float, ...], alpha: float, spending: Spending) -> tuple[float, ...]:
    """The two-sided level at each look, for looks at these fractions (ascending, last 1) of the largest
    sample.

    With these, the chance that a standard normal mean, watched as data come in, is ever found different from
    zero is ``alpha``. The distribution of the sum at each look, given that none before stopped, is followed
    on a grid.

    Sources: Lan & DeMets (1983), Discrete sequential boundaries for clinical trials, Biometrika 70, for the
    spending; Armitage, McPherson & Rowe (1969), J. R. Statist. Soc. A 132, for the recursion; Jennison &
    Turnbull (2000), Group sequential methods, §4.4, for using the levels with Student's t.
    """
    spent, levels = 0.0, []
    grid, density = np.zeros(1), np.ones(1)  # all of the mass in one point, at the start
    before = 0.0
    for fraction in fractions:
        target = _spent(fraction, alpha, spending) - spent
        step = math.sqrt(fraction - before)

        def crossing(
            bound: float, grid: Floats = grid, density: Floats = density, step: float = step
        ) -> float:
            outside = stats.norm.sf((bound - grid) / step) + stats.norm.cdf((-bound - grid) / step)
            return float(np.sum(density * outside))

        bound = float(brentq(lambda x: crossing(x) - target, 0.0, 12.0, xtol=1e-10))  # noqa: B023  (used at once)
        levels.append(float(2 * stats.norm.sf(bound / math.sqrt(fraction))))
        inside = np.linspace(-bound, bound, _GRID)
        weights = np.full(_GRID, inside[1] - inside[0])
        weights[[0, -1]] /= 2  # the trapezoid rule
        density = weights * (stats.norm.pdf((inside[:, None] - grid) / step) / step @ density)
        grid, before, spent = inside, fraction, spent + target
    return tuple(levels)


def _spent(fraction: float, alpha: float, spending: Spending) -> float:
    """The share of ``alpha`` that may be spent until this fraction of the largest sample."""
    if spending is Spending.POCOCK:
        return alpha * math.log(1 + (math.e - 1) * fraction)
    # One half for each side, as the two-sided tests in the books have it.
    return float(4 * stats.norm.sf(stats.norm.isf(alpha / 4) / math.sqrt(fraction)))


@dataclass(frozen=True)
class SequentialComparison:
    """Where a comparison that goes on until decided stands."""

    stop: bool
    """Whether to run no more pairs: it is decided, or the plan's largest number was reached."""
    next_look: int | None
    """The number of pairs at which to look next; None when it is over."""
    looks: int
    """How many looks were taken."""
    comparison: PairedComparison | None
    """Of the look that decided, or of the last one taken; its interval holds for all looks together. None
    before the first look."""

    def to_document(self) -> dict[str, Any]:
        """Plain JSON."""
        document: dict[str, Any] = to_plain(self)
        return document

    def with_comparison(
        self, comparison: PairedComparison, *, stop: bool | None = None
    ) -> "SequentialComparison":
        """The same with another comparison; ``stop`` ends it."""
        ends = self.stop if stop is None else stop
        return replace(self, comparison=comparison, stop=ends, next_look=None if ends else self.next_look)


def compare_until_decided(
    a: ArrayLike,
    b: ArrayLike,
    plan: StoppingPlan,
    *,
    equivalence_margin: float = 0.0,
    higher_is_better: bool = True,
    together: float | None = None,
    corrected_for: tuple[str, ...] = (),
    rng: np.random.Generator | int | None = None,
) -> SequentialComparison:
    """What the plan says of the pairs that there are so far, in the order in which they were run, shape (n,).

    All looks that are due are taken again, so a caller needs to remember nothing: the first that decides
    counts, and pairs behind it change nothing. Intervals are repeated confidence intervals (Jennison &
    Turnbull 1989): they cover at all looks together with the plan's confidence, so ``equivalent`` keeps its
    error, too. ``corrected_for`` says why the plan's confidence is higher than ``together``, if it is.
    """
    first, second = as_pairs(a, b)
    generator = as_generator(rng)
    comparison, taken = None, 0
    together = plan.confidence if together is None else together
    corrected_for = (*corrected_for, f"{len(plan.looks)} planned looks")
    due = [(n, alpha) for n, alpha in zip(plan.looks, plan.alphas, strict=True) if n <= len(first)]
    for n, alpha in due:
        comparison = compare_paired(
            first[:n],
            second[:n],
            confidence=1 - alpha,
            equivalence_margin=equivalence_margin,
            higher_is_better=higher_is_better,
            basis=Basis(1 - alpha, together, corrected_for, SEEDS),
            rng=generator,
        )
        taken += 1
        if comparison.verdict is not Verdict.INCONCLUSIVE:
            break
    decided = comparison is not None and comparison.verdict is not Verdict.INCONCLUSIVE
    stop = decided or taken == len(plan.looks)
    if comparison is not None:
        caveat = f"Look {taken} of at most {len(plan.looks)}: its interval is wider so that all looks hold together."
        comparison = comparison.with_caveats(caveat)
    return SequentialComparison(stop, None if stop else plan.looks[taken], taken, comparison)
