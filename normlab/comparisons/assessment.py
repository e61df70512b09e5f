"""What a comparison's finished runs say."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Self

from numpy.typing import ArrayLike

from normlab.comparisons.runs import ComparedRuns, counted_state
from normlab.comparisons.stopping import Look, look, plan_of
from normlab.store import Job, JobState, StudyState, StudyStopReason

if TYPE_CHECKING:
    from normlab.analysis import ComparisonStatistics

_log = logging.getLogger(__name__)

_NO_STATISTICS = "The statistics could not be worked out; the log of the service says why."


@dataclass(frozen=True)
class AssessmentDocument:
    """An assessment as plain JSON: as it is stored when a comparison ends, and as the API answers it."""

    pairs: int
    next_look: int | None
    left_out: list[str]
    values: dict[str, float | None]
    result: dict[str, Any] | None
    error: str | None

    def to_json(self) -> dict[str, Any]:
        """As the store keeps it; ``AssessmentDocument(**…)`` takes it back."""
        return asdict(self)


@dataclass(frozen=True)
class Assessment:
    """What is known of a comparison."""

    statistics: "ComparisonStatistics | None"
    """None before the first pair is complete, and when they could not be worked out."""
    pairs: int
    """Seeds for which every arm has a run that succeeded."""
    next_look: int | None
    """At how many pairs the plan looks next; None when it looks no more, or only once at the end."""
    left_out: tuple[str, ...]
    """A sentence for each job whose failure or cancellation leaves its pair out."""
    values: Mapping[str, float | None]
    """The metric of each job that has succeeded."""
    error: str | None = None
    """Why there are no statistics although pairs are complete."""

    @classmethod
    def before_any_pair(cls, runs: ComparedRuns) -> Self:
        """The assessment of a comparison before its first look."""
        plan = runs.question.replicates
        first_look = plan.start if plan.until_decided else None
        return cls(None, 0, first_look, _left_out(runs), runs.values())

    @classmethod
    def without_statistics(cls, runs: ComparedRuns) -> Self:
        """The assessment of a comparison whose statistics raise an error."""
        return cls(None, runs.complete_pairs(), None, _left_out(runs), runs.values(), _NO_STATISTICS)

    @property
    def verdicts(self) -> list[dict[str, str]]:
        """For each pair of arms, in one sentence."""
        if self.statistics is None:
            return []
        return [
            {"a": pair.a, "b": pair.b, "verdict": pair.comparison.verdict.value, "sentence": pair.sentence}
            for pair in self.statistics.pairs
        ]

    def to_document(self) -> AssessmentDocument:
        """Plain JSON."""
        return AssessmentDocument(
            pairs=self.pairs,
            next_look=self.next_look,
            left_out=list(self.left_out),
            values=dict(self.values),
            result=None if self.statistics is None else self.statistics.to_document(),
            error=self.error,
        )


def assess(
    runs: ComparedRuns,
    correct: Mapping[str, ArrayLike] | None = None,
    *,
    seen: Look | None = None,
    state: StudyState | None = None,
) -> Assessment:
    """What is known so far.

    ``correct`` are, by job, which of the test examples were right, booleans of shape (test examples,). ``seen`` is
    what ``look`` gave, if the caller has it. ``state`` is the one that the comparison is about to have.
    """
    from normlab.analysis.comparison import Planned, compare_runs  # noqa: PLC0415 - scipy takes seconds

    question = runs.question
    seen = seen or look(runs)
    if not seen.pairs:
        return Assessment.before_any_pair(runs)
    statistics = compare_runs(
        runs.arms,
        metric=question.metric,
        confidence=question.confidence,
        equivalence_margin=question.equivalence_margin,
        target_accuracy=question.target_accuracy,
        correct=correct,
        before=runs.before,
        planned=Planned(plan_of(question), seen.comparisons) if question.replicates.until_decided else None,
    )
    left_out = _left_out(runs)
    unfinished = _unfinished(runs, seen.pairs, state or runs.comparison.state)
    statistics = replace(statistics, caveats=(*unfinished, *left_out, *statistics.caveats))
    return Assessment(statistics, seen.pairs, seen.next_look, left_out, runs.values())


def assess_or_explain(runs: ComparedRuns, correct: Mapping[str, ArrayLike]) -> Assessment:
    """The same for those who only look: where the statistics raise an error, what is known without them."""
    if runs.comparison.stop_reason is StudyStopReason.ANALYSIS_FAILED:
        return Assessment.without_statistics(runs)
    try:
        return assess(runs, correct)
    except Exception:
        _log.exception("the statistics of comparison %s cannot be worked out", runs.comparison.id)
        return Assessment.without_statistics(runs)


def _unfinished(runs: ComparedRuns, pairs: int, state: StudyState) -> Sequence[str]:
    plan = runs.question.replicates
    if state is StudyState.CANCELLED:
        return (
            f"The comparison was cancelled at {pairs} of {plan.max} pairs. If somebody did so because of what it "
            "showed, its error rates do not hold.",
        )
    if state is StudyState.RUNNING and not plan.until_decided:
        return (
            f"{pairs} of {plan.max} pairs are finished: these are interim figures, not the result. To stop because "
            "of them would be a look that the error rates do not allow for.",
        )
    return ()


def _left_out(runs: ComparedRuns) -> tuple[str, ...]:
    states = [(member, counted_state(runs.comparison, member)) for member in runs.members]
    sentences = [
        f"Seed {member.seed} is left out: the job of {runs.arm_name(member)} {_what_happened(member.job, state)}."
        for member, state in states
        if state in (JobState.FAILED, JobState.CANCELLED)
    ]
    if any(state is JobState.FAILED for _, state in states):
        sentences.append(
            "Jobs seldom fail by chance: what is left is compared as if the failed ones had never been tried."
        )
    unfinished = sorted({member.seed for member, state in states if state is None})
    if unfinished:
        sentences.append(
            f"Left out since a job had not ended when the comparison did: seed{'s' * (len(unfinished) > 1)} "
            f"{', '.join(map(str, unfinished))}."
        )
    return tuple(sentences)


def _what_happened(job: Job, state: JobState | None) -> str:
    if state is JobState.CANCELLED:
        return "was cancelled"
    return f"failed ({job.error_code})" if job.error_code else "failed"  # no code is left when it is retried
