"""A comparison's charts by their names."""

from enum import StrEnum
from typing import Any

from normlab.comparisons.assessment import Assessment
from normlab.comparisons.runs import ComparedRuns
from normlab.documents.comparisons import ComparisonResult

Chart = dict[str, Any]


class ChartName(StrEnum):
    """What can be drawn of a comparison."""

    LEARNING_CURVES = "learning_curves"
    PAIRED_DIFFERENCES = "paired_differences"
    DIFFERENCE_CURVES = "difference_curves"
    """Needs two pairs."""
    TIME_TO_TARGET = "time_to_target"
    """Needs a target accuracy."""
    ACCURACY_AGAINST_COST = "accuracy_against_cost"
    """Not of a loss."""


OF_ANY_PAIR = (ChartName.LEARNING_CURVES, ChartName.PAIRED_DIFFERENCES)
"""What every comparison has that has a complete pair."""


def drawable(result: ComparisonResult) -> tuple[ChartName, ...]:
    """What a result can be drawn as."""
    needs = {
        ChartName.DIFFERENCE_CURVES: any(pair.curve and pair.curve.pairs > 1 for pair in result.pairs),
        ChartName.TIME_TO_TARGET: bool(result.clocks and result.clocks.target),
        ChartName.ACCURACY_AGAINST_COST: bool(result.costs),
    }
    return tuple(name for name in ChartName if needs.get(name, True))


def draw(name: ChartName, runs: ComparedRuns, assessment: Assessment) -> Chart | None:
    """The chart as a Vega-Lite specification; None when there is nothing to draw (yet)."""
    from normlab.analysis.charts import clocks, curves, pairs  # noqa: PLC0415 - altair takes a second

    statistics = assessment.statistics
    if statistics is None:
        return None
    target = statistics.clocks.target if statistics.clocks else None
    match name:
        case ChartName.LEARNING_CURVES:
            return curves.learning_curves(runs.arms, metric=runs.question.metric)
        case ChartName.PAIRED_DIFFERENCES:
            return pairs.paired_differences(statistics)
        case ChartName.DIFFERENCE_CURVES:
            drawable = any(pair.curve and pair.curve.pairs > 1 for pair in statistics.pairs)
            return pairs.difference_curves(statistics) if drawable else None
        case ChartName.TIME_TO_TARGET:
            return clocks.target_curves(target) if target else None
        case ChartName.ACCURACY_AGAINST_COST:
            return clocks.accuracy_against_cost(statistics) if statistics.costs else None
