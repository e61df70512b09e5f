"""Several arms: every pair of them, with the error kept for all verdicts together."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from normlab.analysis.basis import SEEDS, Basis
from normlab.analysis.documents import to_plain
from normlab.analysis.earlier_looks import NO_EARLIER_LOOKS, EarlierLooks
from normlab.analysis.paired import compare_paired, deciding
from normlab.analysis.sequential import SequentialComparison, StoppingPlan, compare_until_decided
from normlab.analysis.signflip import pairs_to_reach
from normlab.analysis.validation import as_generator, check_confidence
from normlab.analysis.verdict import PairedComparison


@dataclass(frozen=True)
class ArmPair:
    """Two arms and their comparison, in the order of the arms."""

    a: str
    b: str
    comparison: PairedComparison
    """With the verdict and the interval at the confidence that this pair was given."""
    adjusted_p_value: float
    """The deciding test's p value, so corrected that an arm is called better where it is at most the error of all
    verdicts together (unless the difference lies within the margin); 1 where the verdict is withheld."""

    def to_document(self) -> dict[str, Any]:
        """Plain JSON."""
        document: dict[str, Any] = to_plain(self)
        return document


def compare_arms(
    arms: Mapping[str, ArrayLike],
    *,
    confidence: float = 0.95,
    equivalence_margin: float = 0.0,
    higher_is_better: bool = True,
    before: Mapping[tuple[str, str], EarlierLooks] | None = None,
    rng: np.random.Generator | int | None = None,
) -> tuple[ArmPair, ...]:
    """Every pair of the arms by ``compare_paired``; each arm has one value per seed, in the same order of
    seeds.

    The confidence holds for all pairs together. Holm's procedure: pairs are taken by their deciding test's p value,
    smallest first, and compared at 1 - alpha / (m - r), where m is the number of pairs and r how many were
    found different before. An adjusted p value is then (m - r) times the deciding one, and never below that of a pair
    taken before. Two arms are one pair, to which nothing is added. Source: Holm (1979), A simple
    sequentially rejective multiple test procedure, Scand. J. Statist. 6.

    ``before`` are the earlier looks at pairs of arms. Where there are any, each pair of arms is compared at
    1 - share · alpha / m instead (Bonferroni: Holm's procedure does not provide for pairs whose error is partly used),
    unless an earlier look has said the same and only without that charge it can be said again.

    Raises ``ValueError`` for fewer than two arms, and for what ``compare_paired`` refuses.
    """
    if len(arms) < 2:
        raise ValueError(f"a comparison needs at least two arms, but there are {len(arms)}")
    alpha = 1 - check_confidence(confidence)
    generator = as_generator(rng)
    pairs = list(combinations(arms, 2))
    # One for each pair, so that its p value is the same at each level.
    draws = {pair: int(generator.integers(2**63)) for pair in pairs}
    several = (f"{len(pairs)} pairs of arms",) if len(pairs) > 1 else ()
    in_order = (f"{len(pairs)} pairs of arms in Holm's order",)

    def compare(pair: tuple[str, str], level: float, corrected_for: tuple[str, ...]) -> PairedComparison:
        return compare_paired(
            arms[pair[0]],
            arms[pair[1]],
            confidence=level,
            equivalence_margin=equivalence_margin,
            higher_is_better=higher_is_better,
            basis=Basis(level, confidence, corrected_for, SEEDS),
            rng=draws[pair],
        )

    def bonferroni(pair: tuple[str, str], looks: EarlierLooks) -> PairedComparison:
        level = 1 - alpha / len(pairs)
        plain = compare(pair, level, several)
        if not looks.looks:
            return plain
        said = looks.said(plain)
        if looks.share:
            corrected = compare(pair, 1 - looks.share * (1 - level), (*several, looks.words))
            if not said or corrected.verdict is plain.verdict:
                return looks.charge(corrected, 1 - level)
        return looks.repeat(plain) if said else looks.withhold(plain)

    before = before or {}
    if any(looks.looks for looks in before.values()):
        compared = {pair: bonferroni(pair, before.get(pair, NO_EARLIER_LOOKS)) for pair in pairs}
    elif several:
        return _holm(pairs, alpha, lambda pair, level: compare(pair, level, in_order))
    else:
        compared = {pairs[0]: compare(pairs[0], confidence, ())}
    return tuple(ArmPair(*pair, compared[pair], adjusted_p_value(compared[pair])) for pair in pairs)


def _holm(
    pairs: Sequence[tuple[str, str]],
    alpha: float,
    compare: Callable[[tuple[str, str], float], PairedComparison],
) -> tuple[ArmPair, ...]:
    alone = {pair: compare(pair, 1 - alpha) for pair in pairs}
    found: dict[tuple[str, str], ArmPair] = {}
    different, adjusted = 0, 0.0
    while len(found) < len(pairs):
        error = alpha / (len(pairs) - different)
        left = [pair for pair in pairs if pair not in found]
        pair = min(left, key=lambda key: (_deciding_p_value(alone[key], error), alone[key].t_p_value))
        comparison = compare(pair, 1 - error).with_caveats(
            f"{len(pairs)} pairs of arms were compared in Holm's order, which keeps the error of all verdicts "
            "together. Each interval has the level of its step, so the intervals do not hold all together."
        )
        adjusted = max(adjusted, adjusted_p_value(comparison))
        found[pair] = ArmPair(*pair, comparison, adjusted)
        different += comparison.verdict.better
    return tuple(found[pair] for pair in pairs)


def _deciding_p_value(comparison: PairedComparison, alpha: float) -> float:
    """What the deciding test's p value would be if the verdict could make the error ``alpha``."""
    testable = comparison.pairs >= pairs_to_reach(alpha)
    return deciding(comparison.p_value, comparison.t_p_value, testable=testable)[1]


def adjusted_p_value(comparison: PairedComparison) -> float:
    """The deciding test's p value in the form in which it is compared with the error of all verdicts together:
    multiplied by that error over the error that this comparison was given; 1 where the verdict is withheld. Where the
    t test decides alone, its deciding p value is twice its own."""
    if comparison.withheld:
        return 1.0
    error, together = 1 - comparison.basis.level, 1 - comparison.basis.together
    return min(1.0, comparison.deciding_p_value * together / error)


def compare_by_plan(
    arms: Mapping[str, ArrayLike],
    plan: StoppingPlan,
    *,
    equivalence_margin: float = 0.0,
    higher_is_better: bool = True,
    before: Mapping[tuple[str, str], EarlierLooks] | None = None,
) -> tuple[SequentialComparison, ...]:
    """Every pair of the arms by ``compare_until_decided``, at an equal part of the plan's error each (Bonferroni: they
    may stop at different looks, which Holm's procedure does not provide for).

    Of that part earlier looks leave a share. A plan that has nothing left ends at its first look, without a verdict.
    """
    pairs = list(combinations(arms, 2))
    several = (f"{len(pairs)} pairs of arms",) if len(pairs) > 1 else ()
    alpha = (1 - plan.confidence) / len(pairs)

    def compare(pair: tuple[str, str], share: float, corrected_for: tuple[str, ...]) -> SequentialComparison:
        return compare_until_decided(
            arms[pair[0]],
            arms[pair[1]],
            replace(plan, confidence=1 - share * alpha),
            equivalence_margin=equivalence_margin,
            higher_is_better=higher_is_better,
            together=plan.confidence,
            corrected_for=corrected_for,
        )

    def look(pair: tuple[str, str], looks: EarlierLooks) -> SequentialComparison:
        plain = compare(pair, 1.0, several)
        if not looks.looks or plain.comparison is None:
            return plain
        said = looks.said(plain.comparison)
        if looks.share:
            corrected = compare(pair, looks.share, (*several, looks.words))
            seen = corrected.comparison
            as_soon = (
                seen is not None
                and seen.verdict is plain.comparison.verdict
                and corrected.looks == plain.looks
            )
            if seen is not None and (not said or as_soon):
                return corrected.with_comparison(looks.charge(seen, alpha))
        if said:
            return plain.with_comparison(looks.repeat(plain.comparison))
        return plain.with_comparison(looks.withhold(plain.comparison), stop=True)

    before = before or {}
    return tuple(look(pair, before.get(pair, NO_EARLIER_LOOKS)) for pair in pairs)


def pairs_by_plan(
    arms: Mapping[str, ArrayLike],
    seen: Sequence[SequentialComparison],
    plan: StoppingPlan,
    *,
    equivalence_margin: float = 0.0,
    higher_is_better: bool = True,
) -> tuple[ArmPair, ...]:
    """What ``compare_by_plan`` has seen of every pair of arms; before the first look there is no verdict."""
    found = []
    for (a, b), last in zip(combinations(arms, 2), seen, strict=True):
        comparison = last.comparison
        if comparison is None:
            comparison = compare_paired(
                arms[a],
                arms[b],
                confidence=plan.confidence,
                equivalence_margin=equivalence_margin,
                higher_is_better=higher_is_better,
            ).without_verdict(
                f"the plan looks for the first time at {plan.start} pairs",
                f"The plan looks for the first time at {plan.start} pairs; until then there is no verdict.",
            )
        found.append(ArmPair(a, b, comparison, adjusted_p_value(comparison)))
    return tuple(found)
