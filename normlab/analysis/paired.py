"""The centre of the analysis: one value per pair from two arms, and what can be said about them."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from normlab.analysis.intervals import bca_interval, spread, t_interval, t_p_value, unit_of
from normlab.analysis.planning import MAX_PAIRS, further_pairs, pairs_for_difference, pairs_for_equivalence
from normlab.analysis.signflip import pairs_to_reach, sign_flip_p_value, smallest_p_value
from normlab.analysis.validation import ROUNDING, as_generator, as_pairs, check_confidence, check_margin
from normlab.analysis.verdict import PairedComparison, Verdict
from normlab.spec.replicates import MIN_PAIRS


def compare_paired(
    a: ArrayLike,
    b: ArrayLike,
    *,
    confidence: float = 0.95,
    equivalence_margin: float = 0.0,
    higher_is_better: bool = True,
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
    generator = as_generator(rng)

    differences = second / unit - first / unit  # (n,)
    # What is left of equal values by rounding is no difference.
    differences[np.abs(differences) <= ROUNDING] = 0.0
    n, mean, sd = len(differences), float(differences.mean()), spread(differences)
    interval = t_interval(mean, sd, n, confidence)
    p_value, t_p = sign_flip_p_value(differences, generator), t_p_value(mean, sd, n)

    testable = n >= pairs_to_reach(alpha)
    agreed = p_value <= alpha if testable else t_p <= alpha / 2
    if n >= MIN_PAIRS and margin > 0 and interval.inside(margin):
        verdict = Verdict.EQUIVALENT
    elif n >= MIN_PAIRS and interval.excludes_zero() and agreed:
        verdict = Verdict.B_BETTER if (mean > 0) == higher_is_better else Verdict.A_BETTER
    else:
        verdict = Verdict.INCONCLUSIVE

    needed = None
    if verdict is Verdict.INCONCLUSIVE and sd > 0:
        wanted = min(pairs_for_difference(mean / sd, alpha), pairs_for_equivalence(mean, sd, margin, alpha))
        needed = further_pairs(wanted, n, MIN_PAIRS)
    effect = mean / sd if sd > 0 else None
    result = PairedComparison(
        verdict=verdict,
        pairs=n,
        difference=mean * unit,
        interval=interval.times(unit),
        bootstrap_interval=bca_interval(differences, confidence, generator).times(unit),
        p_value=p_value,
        t_p_value=t_p,
        standard_deviation=sd * unit if n > 1 else None,
        effect_size=0.0 if effect is None and n > 1 and mean == 0 else effect,
        probability_b_better=float(
            np.mean(np.sign(differences if higher_is_better else -differences) + 1) / 2
        ),
        pairs_needed=needed,
        confidence=float(confidence),
        equivalence_margin=float(equivalence_margin),
        higher_is_better=higher_is_better,
        caveats=(),
    )
    ties = int(np.sum(differences == 0))
    return replace(result, caveats=tuple(_caveats(result, ties)))


def _caveats(comparison: PairedComparison, ties: int) -> Iterable[str]:
    n, alpha = comparison.pairs, 1 - comparison.confidence
    if n < MIN_PAIRS:
        yield (
            f"{'One pair says' if n == 1 else 'Two pairs say'} too little of how much a difference varies from "
            f"seed to seed: there is no verdict below {MIN_PAIRS} pairs."
        )
        return
    decided = comparison.verdict in (Verdict.A_BETTER, Verdict.B_BETTER)
    if n < pairs_to_reach(alpha):
        yield (
            f"With {n} pairs the exact test cannot give a p value below {smallest_p_value(n):.3g}: a verdict then "
            f"rests on the differences being about normal, so the t test has to reach {alpha / 2:.3g}."
        )
    if comparison.interval.excludes_zero() and comparison.verdict is Verdict.INCONCLUSIVE:
        yield (
            "The interval excludes zero, but the stricter test that a verdict needs beside it does not agree: "
            "more pairs are needed."
        )
    if comparison.interval.excludes_zero() and comparison.verdict is Verdict.EQUIVALENT:
        yield "There is a difference, but it is smaller than the margin that was said to matter."
    if comparison.standard_deviation == 0:
        yield (
            "All pairs are exactly alike: were the same runs compared twice?"
            if comparison.difference == 0
            else "All pairs differ by exactly the same amount: the values are coarse, or not from independent runs."
        )
    elif 2 * ties >= n:
        yield f"{ties} of {n} pairs are ties: the metric is coarse for a difference of this size."
    if decided and not comparison.bootstrap_interval.excludes_zero():
        yield "The bootstrap interval includes zero: single pairs weigh heavily in this verdict."
    if (
        comparison.verdict is Verdict.INCONCLUSIVE
        and comparison.pairs_needed is None
        and comparison.standard_deviation
    ):
        yield f"Deciding this would take more than {MAX_PAIRS:,} pairs: the difference is next to nothing."
