"""Which comparisons have looked at the same arms before: from the store's rows to what the analysis takes."""

from collections.abc import Mapping, Sequence
from itertools import combinations, permutations
from math import comb
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from normlab.comparisons.request import Question
from normlab.spec.metrics import Metric
from normlab.spec.replicates import Replicates
from normlab.store import Comparison, Job, StudyState
from normlab.store.comparisons.earlier import EarlierComparison, earlier_comparisons
from normlab.store.comparisons.tables import ComparisonArm

if TYPE_CHECKING:
    from normlab.analysis import Verdict
    from normlab.analysis.earlier_looks import EarlierLooks, PlannedLook

Looks = Mapping[tuple[str, str], "EarlierLooks"]
"""For each pair of arms, by their names, the looks at runs of both that were there before."""


def looks_before(session: Session, comparison: Comparison) -> Looks:
    """For each pair of arms, by their names, the looks at runs of both that were asked for before this comparison.

    What a comparison that is over has said stays: its looks are those that its result has kept.
    """
    from normlab.analysis.earlier_looks import earlier_looks  # noqa: PLC0415 - scipy takes seconds

    if comparison.result is not None:
        return _kept(comparison.result)
    digests = {arm.arm_digest for arm in comparison.arms}
    earlier = earlier_comparisons(
        session, digests, metric=comparison.question["metric"], before=comparison.id
    )
    this = EarlierComparison(comparison, comparison.max_replicates, comparison.max_replicates)
    return {
        (a.name, b.name): earlier_looks(_look(this, a, b), _looks_at(earlier, _trains(a), _trains(b)))
        for a, b in combinations(comparison.arms, 2)
    }


def looks_at_jobs(
    session: Session, arms: Mapping[str, Sequence[Job]], metric: Metric, confidence: float, margin: float
) -> Looks:
    """The same for jobs that exist, by arm: all comparisons that have looked at runs of two arms."""
    from normlab.analysis.earlier_looks import PlannedLook, earlier_looks  # noqa: PLC0415 - scipy takes seconds

    trained = {name: (jobs[0].arm_digest, jobs[0].spec["resources"]["device"]) for name, jobs in arms.items()}
    earlier = earlier_comparisons(session, {digest for digest, _ in trained.values()}, metric=metric.value)
    looks = {}
    for a, b in combinations(arms, 2):
        seeds = [frozenset(job.spec["training"]["seed"] for job in arms[name]) for name in (a, b)]
        pairs = len(seeds[0] & seeds[1])
        if not pairs:
            continue
        look = PlannedLook(
            "",
            seeds[0] & seeds[1],
            seeds[0] & seeds[1],
            pairs=pairs,
            plan=Replicates(start=pairs, max=pairs),
            alpha=1 - confidence,
            pairs_of_arms=comb(len(arms), 2),
            margin=margin,
        )
        looks[a, b] = earlier_looks(look, _looks_at(earlier, trained[a], trained[b]))
    return looks


def _looks_at(
    earlier: Sequence[EarlierComparison], a: tuple[str, str], b: tuple[str, str]
) -> "list[PlannedLook]":
    """How earlier comparisons have looked at two arms, whatever they call them and however they order them."""
    return [
        _look(comparison, first, second)
        for comparison in earlier
        if comparison.pairs
        for first, second in permutations(comparison.comparison.arms, 2)
        if _trains(first) == a and _trains(second) == b
    ]


def _look(asked: EarlierComparison, a: ComparisonArm, b: ComparisonArm) -> "PlannedLook":
    from normlab.analysis.earlier_looks import PlannedLook  # noqa: PLC0415 - scipy takes seconds

    comparison = asked.comparison
    question = Question.stored(comparison.question)
    seeds = [
        frozenset(range(first, first + asked.replicates))
        for arm in (a, b)
        for first in [comparison.base_seed if arm.base_seed is None else arm.base_seed]
    ]
    return PlannedLook(
        comparison.id,
        seeds[0],
        seeds[1],
        pairs=asked.pairs,
        # One that was cancelled was looked at where it was: to ask the whole of it again is another look.
        plan=Replicates(start=asked.pairs, max=asked.pairs)
        if comparison.state is StudyState.CANCELLED
        else question.replicates,
        alpha=1 - question.confidence,
        pairs_of_arms=comb(len(comparison.arms), 2),
        margin=question.equivalence_margin,
        verdict=_verdict(comparison, a.name, b.name),
    )


def _trains(arm: ComparisonArm) -> tuple[str, str]:
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


def _kept(result: Mapping[str, Any]) -> Looks:
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
            tuple(pair.get("same_looks", ())),
        )
        for pair in pairs
        if "earlier_looks" in pair
    }
