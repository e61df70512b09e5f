"""What a comparison's finished runs say, and whether its plan wants more of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from numpy.typing import ArrayLike

from normlab.comparisons.request import Question
from normlab.comparisons.runs import ComparedRuns
from normlab.store import ComparisonState, JobState

if TYPE_CHECKING:
    from normlab.analysis import Comparison, PairedComparison
    from normlab.analysis.comparison import PairReport


@dataclass(frozen=True)
class Assessment:
    """Where a comparison stands."""

    found: "Comparison | None"
    """All that is known; None before the first pair is complete."""
    pairs: int
    """Seeds for which every arm has a run that succeeded."""
    decided: bool
    """Whether looks that the plan had foreseen have decided every pair of arms."""
    next_look: int | None
    """At how many pairs the plan looks next; None when it looks no more, or only once at the end."""
    left_out: tuple[str, ...]
    """A sentence for each job for want of which a pair is left out."""

    @classmethod
    def before_any_pair(cls, runs: ComparedRuns) -> Self:
        """Where one stands of which nothing has been looked at."""
        plan = runs.question.replicates
        first_look = plan.start if plan.until_decided else None
        return cls(None, 0, decided=False, next_look=first_look, left_out=_left_out(runs))

    @property
    def verdicts(self) -> list[dict[str, str]]:
        """For each pair of arms, in one sentence."""
        if self.found is None:
            return []
        return [
            {"a": pair.a, "b": pair.b, "verdict": pair.comparison.verdict.value, "sentence": pair.sentence}
            for pair in self.found.pairs
        ]


def assess(runs: ComparedRuns, outcomes: Mapping[str, ArrayLike] | None = None) -> Assessment:
    """What is known so far. ``outcomes`` are, by job, which of the test examples were right."""
    from normlab.analysis.comparison import common_seeds, compare_runs  # noqa: PLC0415 - scipy takes seconds

    question = runs.question
    pairs = len(common_seeds(runs.arms, question.metric))
    if not pairs:
        return Assessment.before_any_pair(runs)
    found = compare_runs(
        runs.arms,
        metric=question.metric,
        confidence=question.confidence,
        equivalence_margin=question.equivalence_margin,
        target_accuracy=question.target_accuracy,
        outcomes=outcomes,
    )
    decided, next_look = False, None
    if question.replicates.until_decided:
        found, decided, next_look = _by_plan(found, question)
    left_out = _left_out(runs)
    found = replace(found, caveats=(*_unfinished(runs, pairs), *left_out, *found.caveats))
    return Assessment(found, pairs, decided, next_look, left_out)


def _by_plan(found: "Comparison", question: Question) -> tuple["Comparison", bool, int | None]:
    """The same with verdicts that hold however often the plan has looked, and when it looks next.

    Each of m pairs of arms gets an m-th of the error (Bonferroni): they may stop at different looks, which Holm's
    procedure does not provide for.
    """
    from normlab.analysis import StoppingPlan, compare_until_decided  # noqa: PLC0415 - scipy takes seconds

    plan = StoppingPlan(
        start=question.replicates.start,
        maximum=question.replicates.max,
        step=question.replicates.step,
        confidence=1 - (1 - question.confidence) / len(found.pairs),
    )
    assessment = [
        compare_until_decided(
            [a for _, a, _ in pair.values],
            [b for *_, b in pair.values],
            plan,
            equivalence_margin=question.equivalence_margin,
            higher_is_better=question.metric.higher_is_better,
        )
        for pair in found.pairs
    ]
    pairs = tuple(
        _looked_at(pair, look.comparison, found, plan.start)
        for pair, look in zip(found.pairs, assessment, strict=True)
    )
    decided = all(pair.comparison.verdict != "inconclusive" for pair in pairs)
    looks = [look.next_look for look in assessment if look.next_look is not None]
    return replace(found, pairs=pairs), decided, min(looks, default=None)


def _looked_at(
    pair: "PairReport", seen: "PairedComparison | None", found: "Comparison", start: int
) -> "PairReport":
    """A pair of arms as its last look saw it; before the first look nothing is said of it."""
    from normlab.analysis import Verdict, sentence  # noqa: PLC0415 - scipy takes seconds

    if seen is None:
        told = f"The plan looks for the first time at {start} pairs; until then there is no verdict."
        now = pair.comparison
        seen = replace(now, verdict=Verdict.INCONCLUSIVE, pairs_needed=None, caveats=(*now.caveats, told))
    return replace(pair, comparison=seen, sentence=sentence(seen, pair.a, pair.b, found.metric))


def _unfinished(runs: ComparedRuns, pairs: int) -> Sequence[str]:
    comparison, plan = runs.comparison, runs.question.replicates
    if comparison.state is ComparisonState.CANCELLED:
        return (
            f"The comparison was cancelled at {pairs} of {plan.max} pairs. If somebody did so because of what it "
            "showed, its error rates do not hold.",
        )
    if comparison.state is ComparisonState.RUNNING and not plan.until_decided:
        return (
            f"{pairs} of {plan.max} pairs are finished: this is how it stands, not the result. To stop because "
            "of it would be a look that the error rates do not allow for.",
        )
    return ()


def _left_out(runs: ComparedRuns) -> tuple[str, ...]:
    lost = [member for member in runs.members if member.job.state in (JobState.FAILED, JobState.CANCELLED)]
    sentences = [
        f"Seed {member.seed} is left out: the job of {runs.arm_name(member)} "
        + (f"failed ({member.job.error_code})." if member.job.state is JobState.FAILED else "was cancelled.")
        for member in lost
    ]
    if any(member.job.state is JobState.FAILED for member in lost):
        sentences.append(
            "Jobs seldom fail by chance: what is left is compared as if the failed ones had never been tried."
        )
    return tuple(sentences)
