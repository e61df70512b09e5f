"""The report of a comparison that was run by the service."""

from normlab import analysis
from normlab.comparisons.assessment import Assessment
from normlab.comparisons.runs import ComparedRuns


def html_report(runs: ComparedRuns, assessment: Assessment) -> str:
    """One page that loads nothing. There is at least one pair."""
    return analysis.html_report(
        _statistics(assessment), runs.arms, title=_title(runs), subtitle=_subtitle(runs)
    )


def markdown_report(runs: ComparedRuns, assessment: Assessment) -> str:
    """The same without images."""
    return analysis.markdown_report(
        _statistics(assessment), runs.arms, title=_title(runs), subtitle=_subtitle(runs)
    )


def _statistics(assessment: Assessment) -> "analysis.ComparisonStatistics":
    if assessment.statistics is None:
        raise ValueError("a comparison without a pair has no report")
    return assessment.statistics


def _title(runs: ComparedRuns) -> str:
    return runs.comparison.name or " against ".join(arm.name for arm in runs.comparison.arms)


def _subtitle(runs: ComparedRuns) -> str:
    comparison, plan = runs.comparison, runs.question.replicates
    pairs = f"{plan.start} to {plan.max} pairs, until decided" if plan.until_decided else f"{plan.max} pairs"
    when = comparison.finished_at or comparison.created_at
    own = "".join(
        f", {arm.name}'s from {arm.base_seed}" for arm in comparison.arms if arm.base_seed is not None
    )
    ended = "ended" if comparison.finished_at else "begun"
    return (
        f"{runs.question.metric.words}; {pairs}, seeds from {comparison.base_seed}{own}; {comparison.state}, {ended} "
        f"{when:%Y-%m-%d %H:%M} UTC; {comparison.id}"
    )
