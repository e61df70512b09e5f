"""The report of a comparison that was run by the service."""

from collections.abc import Sequence
from typing import Any

from normlab import analysis
from normlab.comparisons.assessment import Assessment
from normlab.comparisons.runs import ComparedRuns


def html_report(
    runs: ComparedRuns, assessment: Assessment, mechanisms: Sequence["analysis.Mechanism"] = ()
) -> str:
    """One page that loads nothing. There is at least one pair."""
    return analysis.html_report(
        _statistics(assessment), runs.arms, **_of_the_service(runs), mechanisms=mechanisms
    )


def markdown_report(
    runs: ComparedRuns, assessment: Assessment, mechanisms: Sequence["analysis.Mechanism"] = ()
) -> str:
    """The same without images."""
    return analysis.markdown_report(
        _statistics(assessment), runs.arms, **_of_the_service(runs), mechanisms=mechanisms
    )


def _statistics(assessment: Assessment) -> "analysis.ComparisonStatistics":
    if assessment.statistics is None:
        raise ValueError("a comparison without a pair has no report")
    return assessment.statistics


def _of_the_service(runs: ComparedRuns) -> dict[str, Any]:
    """What only the service knows of the comparison."""
    return {
        "title": runs.comparison.name,
        "subtitle": _subtitle(runs),
        "request": request_again(runs),
        "identifier": runs.comparison.id,
    }


def request_again(runs: ComparedRuns) -> dict[str, Any]:
    """The body of a request that asks for the same comparison."""
    from normlab.analysis.report.rerun import request  # noqa: PLC0415 - scipy takes seconds

    comparison, question, plan = runs.comparison, runs.question, runs.question.replicates
    replicates = {"start": plan.start, "max": plan.max, "step": plan.step} if plan.until_decided else plan.max
    return request(
        {arm.name: arm.spec for arm in comparison.arms},
        {arm.name: arm.base_seed for arm in comparison.arms if arm.base_seed is not None},
        replicates=replicates,
        metric=question.metric,
        confidence=question.confidence,
        equivalence_margin=question.equivalence_margin,
        target_accuracy=question.target_accuracy,
        base_seed=comparison.base_seed,
    )


def _subtitle(runs: ComparedRuns) -> str:
    comparison, plan = runs.comparison, runs.question.replicates
    seeds = f"{plan.start} to {plan.max} seeds" if plan.until_decided else f"{plan.max} seeds"
    until = ", until decided" if plan.until_decided else ""
    when = comparison.finished_at or comparison.created_at
    own = "".join(
        f", {arm.name}'s from {arm.base_seed}" for arm in comparison.arms if arm.base_seed is not None
    )
    ended = "ended" if comparison.finished_at else "begun"
    return (
        f"{runs.question.metric.words}; {seeds} from {comparison.base_seed}{own}{until}; {comparison.state}, {ended} "
        f"{when:%Y-%m-%d %H:%M} UTC; {comparison.id}"
    )
