"""A sweep's charts by their names."""

from enum import StrEnum
from typing import Any

from normlab.sweeps.runs import SweptRuns

Chart = dict[str, Any]


class SweepChart(StrEnum):
    """What can be drawn of a sweep."""

    RESPONSE_CURVE = "response_curve"
    PARALLEL_COORDINATES = "parallel_coordinates"
    EXPECTED_BEST = "expected_best"


def draw(name: SweepChart, runs: SweptRuns) -> Chart | None:
    """The chart as a Vega-Lite specification; None when there is nothing to draw (yet)."""
    from normlab.analysis.charts import sweeps  # noqa: PLC0415 - altair takes a second

    drawing = {
        SweepChart.RESPONSE_CURVE: sweeps.response_curve,
        SweepChart.PARALLEL_COORDINATES: sweeps.parallel_coordinates,
        SweepChart.EXPECTED_BEST: sweeps.expected_best_chart,
    }
    try:
        return drawing[name](runs.arms, runs.asked)
    except ValueError:
        return None
