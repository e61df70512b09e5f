"""Numbers to answers: runs side by side, statistics, verdicts, charts. Pure functions; no service is needed.

>>> from normlab.analysis import compare_paired
>>> compare_paired([0.80, 0.81, 0.79, 0.80, 0.81, 0.80], [0.84, 0.85, 0.84, 0.83, 0.85, 0.84]).verdict
<Verdict.B_BETTER: 'b_better'>

What needs scipy or altair is imported when it is first used: they take seconds, and the API starts in less.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from normlab.analysis.differences import Difference, differences
from normlab.analysis.fairness import by_arm, caveats
from normlab.analysis.records import EpochPoint, RunRecord

if TYPE_CHECKING:
    from normlab.analysis.arms import ArmStatistics, describe_arm
    from normlab.analysis.bands import DifferenceBand, difference_band
    from normlab.analysis.charts.clocks import accuracy_against_cost, target_curves
    from normlab.analysis.charts.curves import learning_curves
    from normlab.analysis.charts.pairs import difference_curves, paired_differences
    from normlab.analysis.charts.theme import ImageFormat, render
    from normlab.analysis.clocks import Clocks, compare_clocks
    from normlab.analysis.comparison import Comparison, compare_runs
    from normlab.analysis.cost import ArmCost, CostOfAPoint, cost_of_a_point, pareto_front
    from normlab.analysis.examples import (
        ExampleBootstrap,
        McNemar,
        VarianceSources,
        example_bootstrap,
        mcnemar,
        variance_sources,
    )
    from normlab.analysis.intervals import Interval
    from normlab.analysis.metrics import Metric
    from normlab.analysis.paired import compare_paired
    from normlab.analysis.report.html import html_report
    from normlab.analysis.report.markdown import markdown_report
    from normlab.analysis.sequential import (
        SequentialComparison,
        Spending,
        StoppingPlan,
        compare_until_decided,
    )
    from normlab.analysis.several import ArmPair, compare_arms, holm
    from normlab.analysis.summary import ComparisonSummary, RunSummary, summarize
    from normlab.analysis.survival import LogRank, TimeToTarget, log_rank, time_to_target
    from normlab.analysis.verdict import PairedComparison, Verdict
    from normlab.analysis.wording import sentence

_MODULES = {
    "arms": (
        "ArmStatistics",
        "describe_arm",
    ),
    "bands": (
        "DifferenceBand",
        "difference_band",
    ),
    "charts.curves": ("learning_curves",),
    "charts.theme": (
        "ImageFormat",
        "render",
    ),
    "clocks": (
        "Clocks",
        "compare_clocks",
    ),
    "comparison": (
        "Comparison",
        "compare_runs",
    ),
    "cost": (
        "ArmCost",
        "CostOfAPoint",
        "cost_of_a_point",
        "pareto_front",
    ),
    "examples": (
        "ExampleBootstrap",
        "McNemar",
        "VarianceSources",
        "example_bootstrap",
        "mcnemar",
        "variance_sources",
    ),
    "intervals": ("Interval",),
    "metrics": ("Metric",),
    "paired": ("compare_paired",),
    "wording": ("sentence",),
    "report.html": ("html_report",),
    "report.markdown": ("markdown_report",),
    "charts.clocks": ("accuracy_against_cost", "target_curves"),
    "charts.pairs": ("difference_curves", "paired_differences"),
    "sequential": (
        "SequentialComparison",
        "Spending",
        "StoppingPlan",
        "compare_until_decided",
    ),
    "several": (
        "ArmPair",
        "compare_arms",
        "holm",
    ),
    "summary": (
        "ComparisonSummary",
        "RunSummary",
        "summarize",
    ),
    "survival": (
        "LogRank",
        "TimeToTarget",
        "log_rank",
        "time_to_target",
    ),
    "verdict": (
        "PairedComparison",
        "Verdict",
    ),
}
_LAZY = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "ArmCost",
    "ArmPair",
    "ArmStatistics",
    "Clocks",
    "Comparison",
    "ComparisonSummary",
    "CostOfAPoint",
    "Difference",
    "DifferenceBand",
    "EpochPoint",
    "ExampleBootstrap",
    "ImageFormat",
    "Interval",
    "LogRank",
    "McNemar",
    "Metric",
    "PairedComparison",
    "RunRecord",
    "RunSummary",
    "SequentialComparison",
    "Spending",
    "StoppingPlan",
    "TimeToTarget",
    "VarianceSources",
    "Verdict",
    "accuracy_against_cost",
    "by_arm",
    "caveats",
    "compare_arms",
    "compare_clocks",
    "compare_paired",
    "compare_runs",
    "compare_until_decided",
    "cost_of_a_point",
    "describe_arm",
    "difference_band",
    "difference_curves",
    "differences",
    "example_bootstrap",
    "holm",
    "html_report",
    "learning_curves",
    "log_rank",
    "markdown_report",
    "mcnemar",
    "paired_differences",
    "pareto_front",
    "render",
    "sentence",
    "summarize",
    "target_curves",
    "time_to_target",
    "variance_sources",
]


def __getattr__(name: str) -> Any:
    """Import what is asked for for the first time."""
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
