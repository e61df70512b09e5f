"""The stopping rule: when a comparison goes on, when it ends, and why.

A plan looks at start, start + step, start + 2 step, … and at last at max pairs. When all jobs so far have ended, let n
be the number of complete pairs, r the number of replicates that have their jobs, m the number of pairs of arms, and
alpha = 1 - confidence. Then, in this order:

1. n = 0: it fails, ``no_pair``. More of the same would fail, too.
2. start = max: it ends, ``all_pairs_run``; the number of pairs does not depend on what they show.
3. Each pair of arms is looked at by ``compare_until_decided`` with the error alpha / m (Bonferroni: they may stop at
   different looks, which Holm's procedure does not provide for), or the part of it that earlier comparisons of the
   same runs have left. If each is decided, it ends, ``decided``; where nothing is left, one look is all there is.
4. It goes on with

       min(next look - n, max - r)

   further replicates: as many as are missing to the next look, and never more than the plan allows, also when some
   pairs were lost. If that is 0 it ends, ``all_pairs_run``.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from normlab.comparisons.request import Question
from normlab.comparisons.runs import ComparedRuns
from normlab.spec.replicates import Replicates
from normlab.store import StudyStopReason

if TYPE_CHECKING:
    from normlab.analysis import SequentialComparison, StoppingPlan


@dataclass(frozen=True)
class Look:
    """What the plan sees of the pairs that are complete."""

    pairs: int
    """Seeds for which every arm has a run that succeeded."""
    comparisons: tuple["SequentialComparison", ...] = ()
    """Of each pair of arms, in the order of ``itertools.combinations``; empty without a plan to look repeatedly."""

    @property
    def decided(self) -> bool:
        """Whether looks that the plan had foreseen have decided every pair of arms."""
        verdicts = [
            seen.comparison.verdict if seen.comparison else "inconclusive" for seen in self.comparisons
        ]
        return bool(verdicts) and "inconclusive" not in verdicts

    @property
    def next_look(self) -> int | None:
        """At how many pairs the plan looks next; None when it looks no more, or only once at the end."""
        return min((seen.next_look for seen in self.comparisons if seen.next_look is not None), default=None)


def look(runs: ComparedRuns) -> Look:
    """Take all looks that are due."""
    from normlab.analysis import compare_by_plan  # noqa: PLC0415 - scipy takes seconds
    from normlab.analysis.comparison import paired_values  # noqa: PLC0415

    question = runs.question
    values = paired_values(runs.arms, question.metric)
    pairs = len(next(iter(values.values())))
    if not pairs or not question.replicates.until_decided:
        return Look(pairs)
    seen = compare_by_plan(
        values,
        plan_of(question),
        equivalence_margin=question.equivalence_margin,
        higher_is_better=question.metric.higher_is_better,
        before=runs.before,
    )
    return Look(pairs, seen)


def plan_of(question: Question) -> "StoppingPlan":
    """The plan of a question that goes on until decided."""
    from normlab.analysis import StoppingPlan  # noqa: PLC0415 - scipy takes seconds

    plan = question.replicates
    return StoppingPlan(start=plan.start, maximum=plan.max, step=plan.step, confidence=question.confidence)


def further_replicates(seen: Look, plan: Replicates, replicates: int) -> int:
    """How many replicates to add to the ``replicates`` that all have ended; 0: the comparison ends."""
    if seen.decided or seen.next_look is None or not seen.pairs:
        return 0
    return min(seen.next_look - seen.pairs, plan.max - replicates)


def stop_reason(seen: Look) -> StudyStopReason:
    """Why a comparison that goes on no more has ended."""
    if not seen.pairs:
        return StudyStopReason.NO_PAIR
    return StudyStopReason.DECIDED if seen.decided else StudyStopReason.ALL_PAIRS_RUN
