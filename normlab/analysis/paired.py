"""The centre of the analysis: one value per pair from two arms, and what can be said about them."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from normlab.analysis.basis import SEEDS, Basis, alone
from normlab.analysis.intervals import Bootstrap, spread, t_interval, t_p_value, unit_of
from normlab.analysis.planning import MAX_PAIRS, FurtherPairs, further_pairs
from normlab.analysis.signflip import pairs_to_reach, sign_flip_p_value, smallest_p_value
from normlab.analysis.validation import (
    ROUNDING,
    Floats,
    as_generator,
    as_pairs,
    check_confidence,
    check_margin,
)
from normlab.analysis.verdict import DecidingTest, PairedComparison, Verdict
from normlab.analysis.wins import count_wins
from normlab.spec.replicates import MIN_PAIRS

MIN_PAIRS_FOR_BCA = 10
"""With fewer, the BCa interval is far too narrow (``docs/statistics.md``): of three normal differences it holds the
truth in 72 % instead of 95 %."""


def compare_paired(
    a: ArrayLike,
    b: ArrayLike,
    *,
    confidence: float = 0.95,
    equivalence_margin: float = 0.0,
    higher_is_better: bool = True,
    basis: Basis | None = None,
    rng: np.random.Generator | int | None = None,
) -> PairedComparison:
    """Compare two arms by one value of each per pair (same seed), arrays of shape (n,).

    The verdict, with alpha = 1 - confidence:

    - ``equivalent``: Student's interval for the mean difference lies inside ±``equivalence_margin`` (in the
      metric's units; 0 means that no difference is too small to matter). These are two one-sided tests at
      alpha/2.
    - ``a_better`` / ``b_better``: the interval excludes zero, and the sign-flip test agrees (p ≤ alpha).
      With few pairs (below 6 at 95 %) no p value can be that small; the verdict then rests on the
      differences being about normal, which so few cannot show, so the t test has to reach alpha/2.
    - ``inconclusive``: everything else, and always with fewer than 3 pairs.

    ``basis`` says what the confidence is corrected for, if it is; its level is ``confidence``.

    ``rng`` draws the bootstrap's resamples, and the sign flips above 13 pairs; None stands for a fixed seed,
    so the same data give the same answer. Raises ``ValueError`` for arrays of different lengths, empty ones,
    and values that are not finite numbers.

    Sources: Schuirmann (1987) for the two one-sided tests; Lakens (2013), Calculating and reporting effect
    sizes, for d_z; Bouthillier et al. (2021), Accounting for variance in machine learning benchmarks, for
    pairing by seed and the probability of being better; ``normlab.analysis.intervals`` and ``signflip`` for
    the rest.
    """
    first, second = as_pairs(a, b)
    alpha = 1 - check_confidence(confidence)
    unit = unit_of(first, second)
    margin = check_margin(equivalence_margin) / unit
    differences = second / unit - first / unit  # (n,)
    # What is left of equal values by rounding is no difference.
    differences[np.abs(differences) <= ROUNDING] = 0.0
    n, mean, sd = len(differences), float(differences.mean()), spread(differences)
    interval = t_interval(mean, sd, n, confidence)
    drawn = (
        _draw(differences, rng)
        if isinstance(rng, np.random.Generator)
        else _drawn_before(differences.tobytes(), rng or 0)
    )
    p_value, t_p = drawn.p_value, t_p_value(mean, sd, n)
    test, deciding_p = deciding(p_value, t_p, testable=n >= pairs_to_reach(alpha))
    if n >= MIN_PAIRS and margin > 0 and interval.inside(margin):
        verdict = Verdict.EQUIVALENT
    elif n >= MIN_PAIRS and interval.excludes_zero() and deciding_p <= alpha:
        verdict = Verdict.B_BETTER if (mean > 0) == higher_is_better else Verdict.A_BETTER
    else:
        verdict = Verdict.INCONCLUSIVE

    more: FurtherPairs | None = None
    if verdict is Verdict.INCONCLUSIVE and sd > 0 and n >= MIN_PAIRS:
        more = further_pairs(mean, sd, n, alpha=alpha, margin=margin, least=MIN_PAIRS)
    effect = mean / sd if sd > 0 else None
    bootstrap = drawn.bootstrap
    result = PairedComparison(
        verdict=verdict,
        pairs=n,
        difference=mean * unit,
        interval=interval.times(unit),
        basis=basis or alone(float(confidence), SEEDS),
        bootstrap_interval=bootstrap.interval(confidence).times(unit) if bootstrap else None,
        bootstrap_basis=alone(float(confidence), _BCA_SUPPOSES) if bootstrap else None,
        p_value=p_value,
        t_p_value=t_p,
        deciding_test=test,
        deciding_p_value=deciding_p,
        standard_deviation=sd * unit if n > 1 else None,
        effect_size=0.0 if effect is None and n > 1 and mean == 0 else effect,
        wins=count_wins(differences, confidence, higher_is_better=higher_is_better),
        further_pairs=more,
        confidence=float(confidence),
        equivalence_margin=float(equivalence_margin),
        higher_is_better=higher_is_better,
        caveats=(),
    )
    return replace(result, caveats=tuple(_caveats(result)))


@dataclass(frozen=True)
class _Drawn:
    """What is drawn of the differences of two arms: it is the same at each level of confidence."""

    p_value: float
    """Of the sign-flip test."""
    bootstrap: Bootstrap | None


def _draw(differences: Floats, rng: np.random.Generator) -> _Drawn:
    p_value = sign_flip_p_value(differences, rng)
    return _Drawn(p_value, Bootstrap(differences, rng) if len(differences) >= MIN_PAIRS_FOR_BCA else None)


@lru_cache(maxsize=128)
def _drawn_before(differences: bytes, seed: int) -> _Drawn:
    """The same with a seed. Holm's procedure asks at two levels, the clocks often of the same values again."""
    return _draw(np.frombuffer(differences), as_generator(seed))


_BCA_SUPPOSES = "at least ten pairs that do not depend on each other; differences need not be normal"


def deciding(p_value: float, t_p_value: float, *, testable: bool) -> tuple[DecidingTest, float]:
    """The test on which the verdict depends, and what has to be at most alpha for it."""
    if not testable:
        return DecidingTest.T_ALONE, min(1.0, 2 * t_p_value)
    if p_value >= t_p_value:
        return DecidingTest.EXACT, p_value
    return DecidingTest.T, t_p_value


def _caveats(comparison: PairedComparison) -> Iterable[str]:
    n, alpha = comparison.pairs, 1 - comparison.confidence
    if n < MIN_PAIRS:
        yield (
            f"{'One pair says' if n == 1 else 'Two pairs say'} too little of how much a difference varies from "
            f"seed to seed: there is no verdict below {MIN_PAIRS} pairs."
        )
        return
    if comparison.deciding_test is DecidingTest.T_ALONE:
        yield (
            f"With {n} pairs the exact test cannot give a p value below {smallest_p_value(n):.3g}: a verdict then "
            f"rests on the differences being about normal, so the t test has to reach {alpha / 2:.3g}. The interval is "
            f"at the full {100 * alpha:.3g} %, so it may exclude zero without a verdict."
        )
    if comparison.interval.excludes_zero() and comparison.verdict is Verdict.INCONCLUSIVE:
        yield (
            "The interval excludes zero, but the stricter test that a verdict needs beside it does not agree: "
            "more pairs are needed."
        )
    if comparison.interval.excludes_zero() and comparison.verdict is Verdict.EQUIVALENT:
        yield "There is a difference, but it is smaller than the margin that was said to matter."
    ties = comparison.wins.ties
    if comparison.standard_deviation == 0:
        yield (
            "All pairs are exactly alike: both arms have learned nothing, what differs between them had no effect, or "
            "the same runs were compared twice. An interval without width says nothing here."
            if comparison.difference == 0
            else "All pairs differ by exactly the same amount: the values are coarse, or not from independent runs."
        )
    elif 2 * ties >= n:
        yield f"{ties} of {n} pairs are ties: the metric is coarse for a difference of this size."
    yield from _bootstrap_caveats(comparison)
    if (
        comparison.verdict is Verdict.INCONCLUSIVE
        and comparison.further_pairs is None
        and comparison.standard_deviation
    ):
        yield f"Deciding this would take more than {MAX_PAIRS:,} pairs: the difference is next to nothing."


def _bootstrap_caveats(comparison: PairedComparison) -> Iterable[str]:
    """Where the bootstrap contradicts the verdict."""
    interval = comparison.bootstrap_interval
    if interval is None:
        return
    if comparison.verdict.better and not interval.excludes_zero():
        yield "The bootstrap interval includes zero: single pairs weigh heavily in this verdict."
    if comparison.verdict is Verdict.INCONCLUSIVE and interval.excludes_zero():
        yield (
            "The bootstrap interval excludes zero beside a verdict that is not decided: it is somewhat too narrow with "
            "few pairs, and decides nothing."
        )
