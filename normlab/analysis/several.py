"""Several arms: every pair of them, with the error kept for all verdicts together."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from normlab.analysis.documents import to_plain
from normlab.analysis.paired import compare_paired
from normlab.analysis.validation import as_generator, as_values, check_confidence
from normlab.analysis.verdict import PairedComparison, Verdict


@dataclass(frozen=True)
class ArmPair:
    """Two arms and their comparison, in the order of the arms."""

    a: str
    b: str
    comparison: PairedComparison
    """With the verdict and the interval at the confidence that Holm's procedure gave this pair."""
    adjusted_p_value: float
    """The sign-flip p value, adjusted by Holm's method over all pairs of arms."""

    def to_document(self) -> dict[str, Any]:
        """Plain JSON."""
        document: dict[str, Any] = to_plain(self)
        return document


def holm(p_values: ArrayLike) -> tuple[float, ...]:
    """Holm's adjusted p values, in the order given: a p value is compared with alpha after this as if it
    were alone.

    With m of them, the k-th smallest is multiplied by m - k + 1, and never made smaller than one before it.
    The chance of any false rejection then stays below alpha however the tests depend on each other.

    Source: Holm (1979), A simple sequentially rejective multiple test procedure, Scand. J. Statist. 6.
    """
    values = as_values("p_values", p_values)
    if np.any((values < 0) | (values > 1)):
        raise ValueError("p_values should lie between 0 and 1")
    order = np.argsort(values, kind="stable")
    stepped = np.minimum(1.0, values[order] * np.arange(len(values), 0, -1))
    adjusted = np.empty_like(stepped)
    adjusted[order] = np.maximum.accumulate(stepped)
    return tuple(adjusted.tolist())


def compare_arms(
    arms: Mapping[str, ArrayLike],
    *,
    confidence: float = 0.95,
    equivalence_margin: float = 0.0,
    higher_is_better: bool = True,
    rng: np.random.Generator | int | None = None,
) -> tuple[ArmPair, ...]:
    """Every pair of the arms by ``compare_paired``; each arm has one value per seed, in the same order of
    seeds.

    The confidence holds for all pairs together. Holm's procedure: pairs are taken by their t test's p value,
    smallest first, and compared at 1 - alpha / (m - r), where m is the number of pairs and r how many were
    found different before. Two arms are one pair, to which nothing is added.

    Raises ``ValueError`` for fewer than two arms, and for what ``compare_paired`` refuses.
    """
    if len(arms) < 2:
        raise ValueError(f"a comparison needs at least two arms, but there are {len(arms)}")
    alpha = 1 - check_confidence(confidence)
    generator = as_generator(rng)

    def compare(a: str, b: str, level: float) -> PairedComparison:
        return compare_paired(
            arms[a],
            arms[b],
            confidence=level,
            equivalence_margin=equivalence_margin,
            higher_is_better=higher_is_better,
            rng=generator,
        )

    alone = {(a, b): compare(a, b, confidence) for a, b in combinations(arms, 2)}
    adjusted = dict(zip(alone, holm([comparison.p_value for comparison in alone.values()]), strict=True))
    if len(alone) == 1:
        ((pair, comparison),) = alone.items()
        return (ArmPair(*pair, comparison, adjusted[pair]),)
    compared: dict[tuple[str, str], PairedComparison] = {}
    different = 0
    for pair in sorted(alone, key=lambda key: (alone[key].t_p_value, alone[key].p_value)):
        comparison = compare(*pair, 1 - alpha / max(len(alone) - different, 1))
        different += comparison.verdict in (Verdict.A_BETTER, Verdict.B_BETTER)
        caveat = (
            f"One of {len(alone)} comparisons: its interval is wider than alone, so that all hold together."
        )
        compared[pair] = replace(comparison, caveats=(*comparison.caveats, caveat))
    return tuple(ArmPair(*pair, compared[pair], adjusted[pair]) for pair in alone)
