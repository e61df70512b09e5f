"""Axes, colours and numbers of charts of what happens inside a network, point by point."""

from collections.abc import Iterable, Sequence
from typing import Any

import altair as alt

from normlab.analysis.diagnosis.observed import Observed, Reading

LABELS = 150
"""Pixels for the names of layers."""
SHARES = "format(100 * datum.value, '.3~f') + ' %'"
NUMBERS = (
    "datum.value && (abs(datum.value) < 1e-3 || abs(datum.value) >= 1e5) "
    "? format(datum.value, '.1~e') : format(datum.value, ',.3~f')"
)
"""How an axis or a legend writes a number: of diverged runs not in thirty digits."""

Rows = list[dict[str, Any]]


def rows_of(run: Observed, probe: str, statistic: str, layers: Iterable[str]) -> Rows:
    """A number at each of these layers, at all points where it was measured."""
    return [
        {"layer": layer, "point": point_of(run, reading), "order": reading.step, "value": reading.value}
        for layer in layers
        for reading in run.readings(probe, statistic, layer)
    ]


def need(rows: Sequence[Any], what: str) -> None:
    """Raise ``ValueError`` unless there is something to draw."""
    if not rows:
        raise ValueError(f"{what} was not measured in this run, or does not apply to its network")


def point_of(run: Observed, reading: Reading) -> str:
    """A point of the run as an axis names it."""
    if reading.step == 0:
        return "start"
    if reading.step == reading.epoch * run.steps:
        return f"epoch {reading.epoch}"
    return f"step {reading.step}"


def points_axis(rows: Iterable[dict[str, Any]], *, labels: bool = True) -> alt.X:
    """Points in their order, each with as much room as any other: the first steps are close in time."""
    points = [name for _, name in sorted({(row["order"], row["point"]) for row in rows})]
    axis = alt.Axis(
        labels=labels, ticks=labels, domain=labels, labelAngle=-40, labelOverlap=False, grid=False
    )
    if len(points) > 24:  # of many epochs every n-th is named, counted from the last
        kept = points[:: -(len(points) // 12)]
        axis = alt.Axis(values=kept, labels=labels, ticks=labels, domain=labels, labelAngle=-40, grid=False)
    return alt.X("point:N", sort=points, title=None, axis=axis, scale=alt.Scale(domain=points))


def names_axis() -> alt.Axis:
    """Names of layers at the side of a chart."""
    return alt.Axis(ticks=False, domain=False, minExtent=LABELS, maxExtent=LABELS, labelLimit=LABELS)


def layer_axis() -> alt.Axis:
    """Names of layers below a chart."""
    return alt.Axis(labelAngle=-40, grid=False)


def log_axis() -> alt.Axis:
    """Numbers over many decades."""
    return alt.Axis(labelExpr=NUMBERS, tickCount=6)


def thinner(rows: Rows, names: Sequence[str], field: str) -> Rows:
    """The same rows with a ``width``: lines are the thinner the later their name, so that those which coincide are
    seen."""
    widths = {name: 2.0 * (len(names) - number) for number, name in enumerate(names)}
    return [row | {"width": widths[row[field]]} for row in rows]


def legend() -> alt.Legend:
    """Above a chart, in columns."""
    return alt.Legend(orient="top", columns=6, symbolStrokeWidth=3, labelLimit=200)


def in_order(names: Sequence[str], field: str) -> alt.Color:
    """Colours from light to dark in the order of the names."""
    return alt.Color(
        f"{field}:N",
        title=None,
        sort=list(names),
        scale=alt.Scale(domain=list(names), range=_shades(len(names))),
        legend=legend(),
    )


def _shades(count: int) -> list[str]:
    """From a light blue over a dark one to orange, so that neighbours can be told apart."""
    stops = [(86, 180, 233), (0, 48, 77), (213, 94, 0)]
    shades = []
    for number in range(count):
        place = 0.0 if count == 1 else 2 * number / (count - 1)
        first = min(int(place), 1)
        part = place - first
        mixed = (round(a + (b - a) * part) for a, b in zip(stops[first], stops[first + 1], strict=True))
        shades.append("#" + "".join(f"{value:02x}" for value in mixed))
    return shades
