"""Which comparisons have looked at the same arms before: from the store's rows to what the analysis takes."""

from collections.abc import Iterator, Mapping
from itertools import combinations, permutations
from math import comb
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from normlab.comparisons.request import Question
from normlab.store import Comparison
from normlab.store.comparisons.earlier import EarlierComparison, earlier_comparisons
from normlab.store.comparisons.tables import ComparisonArm

if TYPE_CHECKING:
    from normlab.analysis import Verdict
    from normlab.analysis.earlier_looks import EarlierLooks, PlannedLook


def looks_before(session: Session, comparison: Comparison) -> "Mapping[tuple[str, str], EarlierLooks]":
    """For each pair of arms, by their names, the looks at runs of both that were asked for before this comparison.

    What a comparison that is over has said stays: its looks are those that its result has kept.
    """
    from normlab.analysis.earlier_looks import earlier_looks  # noqa: PLC0415 - scipy takes seconds

    if comparison.result is not None:
        return _kept(comparison.result)
    earlier = earlier_comparisons(session, comparison, metric=comparison.question["metric"])
    this = EarlierComparison(comparison, comparison.max_replicates, comparison.max_replicates)
    return {
        (a.name, b.name): earlier_looks(
            _look(this, a, b), [look for other in earlier for look in _looks_at(other, a, b)]
        )
        for a, b in combinations(comparison.arms, 2)
    }


def _looks_at(earlier: EarlierComparison, a: ComparisonArm, b: ComparisonArm) -> "Iterator[PlannedLook]":
    """How an earlier comparison has looked at two arms, whatever it calls them and however it orders them."""
    for first, second in permutations(earlier.comparison.arms, 2):
        if _trains(first) == _trains(a) and _trains(second) == _trains(b):
            yield _look(earlier, first, second)


def _look(asked: EarlierComparison, a: ComparisonArm, b: ComparisonArm) -> "PlannedLook":
    from normlab.analysis.earlier_looks import PlannedLook  # noqa: PLC0415 - scipy takes seconds

    comparison = asked.comparison
    question = Question.stored(comparison.question)
    seeds = [
        range(first, first + asked.replicates)
        for arm in (a, b)
        for first in [comparison.base_seed if arm.base_seed is None else arm.base_seed]
    ]
    return PlannedLook(
        comparison.id,
        seeds[0],
        seeds[1],
        pairs=asked.pairs,
        plan=question.replicates,
        alpha=1 - question.confidence,
        pairs_of_arms=comb(len(comparison.arms), 2),
        margin=question.equivalence_margin,
        verdict=_verdict(comparison, a.name, b.name),
    )


def _trains(arm: ComparisonArm) -> tuple[str, Any]:
    """What is the same of arms whose runs with the same seed give the same numbers."""
    return arm.arm_digest, arm.spec["resources"]["device"]


def _verdict(comparison: Comparison, a: str, b: str) -> "Verdict | None":
    """What a comparison says of two arms in this order."""
    from normlab.analysis import Verdict  # noqa: PLC0415 - scipy takes seconds

    turned = {Verdict.A_BETTER: Verdict.B_BETTER, Verdict.B_BETTER: Verdict.A_BETTER}
    for pair in comparison.verdicts or ():
        verdict = Verdict(pair["verdict"])
        if (pair["a"], pair["b"]) == (a, b):
            return verdict
        if (pair["a"], pair["b"]) == (b, a):
            return turned.get(verdict, verdict)
    return None


def _kept(result: Mapping[str, Any]) -> "Mapping[tuple[str, str], EarlierLooks]":
    """What a result has kept; those of earlier versions have kept nothing."""
    from normlab.analysis import Verdict  # noqa: PLC0415 - scipy takes seconds
    from normlab.analysis.earlier_looks import EarlierLook, EarlierLooks  # noqa: PLC0415

    pairs = (result["result"] or {}).get("pairs", ())
    return {
        (pair["a"], pair["b"]): EarlierLooks(
            tuple(
                EarlierLook(**look | {"verdict": look["verdict"] and Verdict(look["verdict"])})
                for look in pair["earlier_looks"]
            ),
            pair["error_share"],
        )
        for pair in pairs
        if "earlier_looks" in pair
    }
