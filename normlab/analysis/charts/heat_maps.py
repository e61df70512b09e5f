"""Heat maps of what happens inside a network: layers by points."""

from dataclasses import dataclass
from math import log10
from typing import Any

import altair as alt

from normlab.analysis.charts.points import LABELS, NUMBERS, SHARES, names_axis, need, points_axis, rows_of
from normlab.analysis.charts.theme import PALETTE, WIDE, Chart, Space, finish
from normlab.analysis.diagnosis.observed import Observed

_ROW = 22
"""Pixels for a layer."""
_FEWEST_DECADES = 2.0
"""Values that span more are coloured by their logarithm."""
_RAMP = ["#f2f2f2", PALETTE[5], PALETTE[0], "#00304d"]


@dataclass(frozen=True)
class HeatMap:
    """One statistic of all layers at all points, a row for each layer."""

    probe: str
    statistic: str
    title: str
    subtitle: str
    is_share: bool = False
    """Coloured from 0 to 1."""


UPDATES = HeatMap(
    "update",
    "ratio",
    "Length of a step beside the kernel's",
    "norm(W after - W before) / norm(W before) of the one step before each point. About 0.001 is usual.",
)
DEAD = HeatMap(
    "dead",
    "share",
    "Dead ReLU units",
    "The share of a layer's units that no sample of the probe batch makes active.",
    is_share=True,
)
SATURATED = HeatMap(
    "saturated",
    "share",
    "Saturated values",
    "The share of values, over samples and units, at which the slope is below 5 % of its steepest.",
    is_share=True,
)
RANK = HeatMap(
    "rank",
    "share",
    "Effective rank",
    "In how many dimensions samples differ behind each layer, as a share of its units.",
    is_share=True,
)


def heat_map(run: Observed, shown: HeatMap, *, space: Space = WIDE) -> Chart:
    """Draw one. Raises ``ValueError`` if it was not measured."""
    layers = [item.name for item in run.planned]
    rows = rows_of(run, shown.probe, shown.statistic, layers)
    need(rows, f"{shown.probe}.{shown.statistic}")
    positive = [row["value"] for row in rows if row["value"] > 0]
    scale: dict[str, Any] = {"range": _RAMP, "interpolate": "rgb"}
    if shown.is_share:
        scale["domain"] = [0, 1]
    elif positive and log10(max(positive) / min(positive)) > _FEWEST_DECADES:
        scale |= {"type": "log", "domain": [min(positive), max(positive)]}
        rows = [row | {"value": max(row["value"], min(positive))} for row in rows]
    drawn = [layer for layer in layers if any(row["layer"] == layer for row in rows)]
    chart = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_rect(stroke="white")
        .encode(
            x=points_axis(rows),
            y=alt.Y("layer:N", sort=drawn, title=None, axis=names_axis()),
            color=alt.Color(
                "value:Q",
                title=None,
                scale=alt.Scale(**scale),
                legend=alt.Legend(
                    orient="right",
                    labelExpr=SHARES if shown.is_share else NUMBERS,
                    gradientLength=120,
                    tickCount=5,
                ),
            ),
        )
        .properties(width=space.panel(1) - LABELS, height=alt.Step(_ROW))
    )
    return finish(chart, f"{shown.title}, layer by layer", shown.subtitle, space)
