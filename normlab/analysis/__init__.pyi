from .arms import ArmStatistics, describe_arm
from .bands import DifferenceBand, difference_band
from .charts.clocks import accuracy_against_cost, target_curves
from .charts.curves import learning_curves
from .charts.pairs import difference_curves, paired_differences
from .charts.theme import ImageFormat, render
from .clocks import Clocks, compare_clocks
from .comparison import ComparisonStatistics, compare_runs
from .cost import ArmCost, CostOfAPoint, cost_of_a_point, pareto_front
from .diagnosis.diagnose import diagnose
from .diagnosis.finding import Answer, Diagnosis, Finding, Severity
from .differences import Difference, differences
from .examples import (
    ExampleBootstrap,
    McNemar,
    VarianceSources,
    example_bootstrap,
    mcnemar,
    variance_sources,
)
from .fairness import by_arm, caveats
from .intervals import Interval
from .mechanism.compare import MeasuredRun, compare_mechanisms
from .mechanism.result import Mechanism, SeriesDifference
from .paired import compare_paired
from .records import RunRecord
from .report.html import html_report
from .report.markdown import markdown_report
from .sequential import SequentialComparison, Spending, StoppingPlan, compare_until_decided
from .several import ArmPair, compare_arms, compare_by_plan
from .summary import RunSummary, SideBySide, summarize
from .survival import LogRank, TimeToTarget, log_rank, time_to_target
from .verdict import PairedComparison, Verdict
from .wording import sentence

__all__ = [
    "Answer",
    "ArmCost",
    "ArmPair",
    "ArmStatistics",
    "Clocks",
    "ComparisonStatistics",
    "CostOfAPoint",
    "Diagnosis",
    "Difference",
    "DifferenceBand",
    "ExampleBootstrap",
    "Finding",
    "ImageFormat",
    "Interval",
    "LogRank",
    "McNemar",
    "MeasuredRun",
    "Mechanism",
    "PairedComparison",
    "RunRecord",
    "RunSummary",
    "SequentialComparison",
    "SeriesDifference",
    "Severity",
    "SideBySide",
    "Spending",
    "StoppingPlan",
    "TimeToTarget",
    "VarianceSources",
    "Verdict",
    "accuracy_against_cost",
    "by_arm",
    "caveats",
    "compare_arms",
    "compare_by_plan",
    "compare_clocks",
    "compare_mechanisms",
    "compare_paired",
    "compare_runs",
    "compare_until_decided",
    "cost_of_a_point",
    "describe_arm",
    "diagnose",
    "difference_band",
    "difference_curves",
    "differences",
    "example_bootstrap",
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
