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
    FINAL_VALUES = "final_values"
    PAIRED_DIFFERENCES = "paired_differences"
    DIFFERENCE_CURVES = "difference_curves"
    """Needs two pairs."""
    TIME_TO_TARGET = "time_to_target"
    """Needs a target accuracy."""
    ACCURACY_AGAINST_COST = "accuracy_against_cost"
    """Not of a loss, and not where seconds cannot be compared."""


OF_ANY_PAIR = (ChartName.LEARNING_CURVES, ChartName.FINAL_VALUES, ChartName.PAIRED_DIFFERENCES)
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
    from normlab.analysis.charts import clocks, curves, pairs, values  # noqa: PLC0415 - altair takes a second
    from normlab.analysis.load import Clock  # noqa: PLC0415 - with it comes scipy

    statistics = assessment.statistics
    if statistics is None:
        return None
    target = statistics.clocks.target if statistics.clocks else None
    match name:
        case ChartName.LEARNING_CURVES:
            by_time = statistics.clock is Clock.WALL
            return curves.learning_curves(runs.arms, metric=runs.question.metric, by_time=by_time)
        case ChartName.FINAL_VALUES:
            return values.final_values(runs.arms, metric=runs.question.metric)
        case ChartName.PAIRED_DIFFERENCES:
            return pairs.paired_differences(statistics)
        case ChartName.DIFFERENCE_CURVES:
            drawable = any(pair.curve and pair.curve.pairs > 1 for pair in statistics.pairs)
            return pairs.difference_curves(statistics) if drawable else None
        case ChartName.TIME_TO_TARGET:
            return clocks.target_curves(target) if target else None
        case ChartName.ACCURACY_AGAINST_COST:
            return clocks.accuracy_against_cost(statistics) if statistics.costs else None
