"""What happens inside a network, point by point: from the start through the first steps to the ends of the epochs."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import log10
from typing import Any

import altair as alt

from normlab.analysis.charts.theme import INK, PALETTE, WIDE, Chart, Space, finish
from normlab.analysis.diagnosis.observed import Observed, Reading
from normlab.spec.probes import PROBES
from normlab.spec.probes.activations import QUANTILES, quantile_name
from normlab.spec.probes.places import Place

_ROW, _HEIGHT, _LABELS = 22, 240, 150
_FEWEST_DECADES = 2.0
"""Values that span more are coloured by their logarithm."""
_RAMP = ["#f2f2f2", PALETTE[5], PALETTE[0], "#00304d"]
_DEPTHS = 5
"""So many points are drawn of gradients by depth."""

Rows = list[dict[str, Any]]


def heat_map(run: Observed, probe: str, statistic: str, *, space: Space = WIDE) -> Chart:
    """One statistic of all layers at all points, a row for each layer. Raises ``ValueError`` if there is none."""
    layers = [item.name for item in run.planned]
    rows: Rows = [
        {"layer": layer, "point": _point(run, reading), "order": reading.step, "value": reading.value}
        for layer in layers
        for reading in run.readings(probe, statistic, layer)
    ]
    _need(rows, f"{probe}.{statistic}")
    meaning = PROBES[probe].by_name[statistic].meaning
    positive = [row["value"] for row in rows if row["value"] > 0]
    logarithmic = bool(positive) and log10(max(positive) / min(positive)) > _FEWEST_DECADES
    scale: dict[str, Any] = {"range": _RAMP, "interpolate": "rgb"}
    if logarithmic:
        scale |= {"type": "log", "domain": [min(positive), max(positive)]}
        rows = [row | {"value": max(row["value"], min(positive))} for row in rows]
    shown = [layer for layer in layers if any(row["layer"] == layer for row in rows)]
    chart = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_rect(stroke="white")
        .encode(
            x=_points_axis(rows),
            y=alt.Y("layer:N", sort=shown, title=None, axis=_names_axis()),
            color=alt.Color(
                "value:Q",
                title=None,
                scale=alt.Scale(**scale),
                legend=alt.Legend(
                    orient="right", format=".1e" if logarithmic else ".2~f", gradientLength=120
                ),
            ),
        )
        .properties(width=space.panel(1) - _LABELS, height=alt.Step(_ROW))
    )
    return finish(chart, f"{probe}: {statistic.replace('_', ' ')}, layer by layer", f"{meaning}.", space)


def gradient_by_depth(run: Observed, *, space: Space = WIDE) -> Chart:
    """The gradient at each layer with a kernel, from the input on, at some points of the run."""
    layers = run.layers(Place.KERNELS)
    readings = {layer: run.readings("gradient", "preactivation_rms", layer) for layer in layers}
    points = sorted({(reading.step, _point(run, reading)) for each in readings.values() for reading in each})
    spread = (
        {points[round(n * (len(points) - 1) / (_DEPTHS - 1))] for n in range(_DEPTHS)} if points else set()
    )
    rows: Rows = [
        {"layer": layer, "point": _point(run, reading), "order": reading.step, "value": reading.value}
        for layer, each in readings.items()
        for reading in each
        if reading.step in {step for step, _ in spread} and reading.value > 0
    ]
    _need(rows, "the gradient")
    named = [point for _, point in sorted(spread)]
    chart = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_line(point={"size": 40, "filled": True}, strokeWidth=2)
        .encode(
            x=alt.X("layer:N", sort=list(layers), title="from the input to the output", axis=_layer_axis()),
            y=alt.Y(
                "value:Q", scale=alt.Scale(type="log"), title="RMS of the gradient by z", axis=_log_axis()
            ),
            color=_in_order(named, "point"),
        )
        .properties(width=space.panel(1) - 30, height=_HEIGHT)
    )
    factor = run.readings("gradient", "factor_per_layer")
    subtitle = (
        f"At the end a factor of {factor[-1].value:.2g} from layer to layer toward the input."
        if factor
        else ""
    )
    return finish(chart, "Gradients by depth", subtitle, space)


def three_statistics(run: Observed, *, space: Space = WIDE) -> Chart:
    """The same weights' accuracy with batch, moving and population statistics."""
    words = {"batch": "of the batch", "moving": "moving (in use)", "population": "of the data"}
    rows: Rows = [
        {"statistics": name, "point": _point(run, reading), "order": reading.step, "value": reading.value}
        for kind, name in words.items()
        for reading in run.readings("three_statistics", f"accuracy_{kind}")
    ]
    _need(rows, "three_statistics")
    chart = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_line(point={"size": 40, "filled": True}, strokeWidth=2.5)
        .encode(
            x=_points_axis(rows),
            y=alt.Y(
                "value:Q", title=None, scale=alt.Scale(zero=False), axis=alt.Axis(format=".0%", tickCount=5)
            ),
            color=alt.Color(
                "statistics:N",
                title=None,
                scale=alt.Scale(domain=list(words.values()), range=list(PALETTE[:3])),
                legend=_legend(),
            ),
        )
        .properties(width=space.panel(1), height=_HEIGHT)
    )
    subtitle = "The same weights and samples; only the statistics of batch normalization differ."
    return finish(chart, "Accuracy by the statistics that normalize", subtitle, space)


def shift(run: Observed, *, space: Space = WIDE) -> Chart:
    """Internal covariate shift of each layer by its two definitions: by distribution, and by the gradient."""
    panels = []
    for probe, statistic, title in (
        ("distribution_shift", "preactivation", "z = Wx + b moved, in deviations"),
        ("gradient_shift", "relative", "the gradient changed when the layers below moved"),
    ):
        layers = [layer for layer in run.layers(Place.KERNELS) if run.readings(probe, statistic, layer)]
        rows: Rows = [
            {"layer": layer, "point": _point(run, reading), "order": reading.step, "value": reading.value}
            for layer in layers
            for reading in run.readings(probe, statistic, layer)
        ]
        _need(rows, probe)
        panels.append(
            alt.Chart(alt.InlineData(values=rows))
            .mark_line(strokeWidth=2)
            .encode(
                x=_points_axis(rows),
                y=alt.Y("value:Q", title=None, axis=alt.Axis(tickCount=5, format=".2~g")),
                color=_in_order(list(run.layers(Place.KERNELS)), "layer"),
            )
            .properties(width=space.panel(), height=_HEIGHT, title=alt.TitleParams(title, fontSize=13))
        )
    joined = (
        alt.hconcat(*panels, spacing=space.gap) if space.columns > 1 else alt.vconcat(*panels, spacing=20)
    )
    loss = run.readings("gradient", "loss")
    learned = f" The loss goes from {loss[0].value:.2f} to {loss[-1].value:.2f} meanwhile." if loss else ""
    return finish(
        joined,
        "Shift of the layers, by both definitions",
        f"A network that does not learn shows none.{learned}",
        space,
    )


def ribbons(run: Observed, what: str = "preactivation", *, space: Space = WIDE) -> Chart:
    """How the distribution at each layer moves: its median, and the middle 50 % and 90 %. ``what`` is ``input``, or
    ``preactivation`` for z = Wx + b."""
    low, lower, middle, upper, high = (quantile_name(what, level) for level in QUANTILES)
    layers = [layer for layer in run.layers(Place.KERNELS) if run.readings("distribution", low, layer)]
    rows: Rows = []
    for layer in layers:
        by_name = {
            name: {r.step: r for r in run.readings("distribution", name, layer)}
            for name in (low, lower, middle, upper, high)
        }
        rows += [
            {
                "layer": layer,
                "point": _point(run, reading),
                "order": step,
                **{f"q{n}": by_name[name][step].value for n, name in enumerate(by_name)},
            }
            for step, reading in by_name[low].items()
        ]
    _need(rows, "distribution")
    columns = min(len(layers), 4 if space.columns > 1 else 1)
    base = alt.Chart().encode(x=_points_axis(rows, labels=False))
    layered = alt.layer(
        base.mark_area(opacity=0.25, color=PALETTE[0]).encode(y=alt.Y("q0:Q", title=None), y2="q4:Q"),
        base.mark_area(opacity=0.45, color=PALETTE[0]).encode(y="q1:Q", y2="q3:Q"),
        base.mark_line(color=INK, strokeWidth=2).encode(y="q2:Q"),
        data=alt.InlineData(values=rows),
    ).properties(width=space.panel(columns), height=110)
    faceted = layered.facet(
        facet=alt.Facet("layer:N", sort=layers, title=None, header=alt.Header(labelFontSize=13)),
        columns=columns,
    ).resolve_scale(y="independent")
    words = "z = Wx + b" if what == "preactivation" else "what enters"
    return finish(
        faceted,
        f"How {words} moves, layer by layer",
        "Median, middle 50 % and middle 90 % over samples and units, from the start through steps 1, 2, 4, … to the "
        "end of each epoch.",
        space,
    )


def _need(rows: Sequence[Any], what: str) -> None:
    if not rows:
        raise ValueError(f"{what} was not measured in this run, or does not apply to its network")


def _point(run: Observed, reading: Reading) -> str:
    """A point of the run as an axis names it."""
    if reading.step == 0:
        return "start"
    if reading.step == reading.epoch * run.steps:
        return f"epoch {reading.epoch}"
    return f"step {reading.step}"


def _points_axis(rows: Iterable[dict[str, Any]], *, labels: bool = True) -> alt.X:
    """Points in their order, each with as much room as any other: the first steps are close in time."""
    points = [name for _, name in sorted({(row["order"], row["point"]) for row in rows})]
    axis = alt.Axis(
        labels=labels, ticks=labels, domain=labels, labelAngle=-40, labelOverlap=False, grid=False
    )
    if len(points) > 24:  # of many epochs every n-th is named
        step = len(points) // 12
        kept = [name for number, name in enumerate(points) if number % step == 0]
        axis = alt.Axis(values=kept, labels=labels, ticks=labels, domain=labels, labelAngle=-40, grid=False)
    return alt.X("point:N", sort=points, title=None, axis=axis, scale=alt.Scale(domain=points))


def _names_axis() -> alt.Axis:
    return alt.Axis(ticks=False, domain=False, minExtent=_LABELS, maxExtent=_LABELS, labelLimit=_LABELS)


def _layer_axis() -> alt.Axis:
    return alt.Axis(labelAngle=-40, grid=False)


def _log_axis() -> alt.Axis:
    return alt.Axis(format=".0e", tickCount=6)


def _legend() -> alt.Legend:
    return alt.Legend(orient="top", columns=6, symbolStrokeWidth=3, labelLimit=200)


def _in_order(names: Sequence[str], field: str) -> alt.Color:
    """Colours from light to dark in the order of the names."""
    return alt.Color(
        f"{field}:N",
        title=None,
        sort=list(names),
        scale=alt.Scale(domain=list(names), range=_shades(len(names))),
        legend=_legend(),
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


CHARTS: Mapping[str, Callable[[Observed], Chart]] = {
    "gradient_by_depth": gradient_by_depth,
    "updates": lambda run: heat_map(run, "update", "ratio"),
    "dead_units": lambda run: heat_map(run, "dead", "share"),
    "saturated_units": lambda run: heat_map(run, "saturated", "share"),
    "rank": lambda run: heat_map(run, "rank", "share"),
    "three_statistics": three_statistics,
    "shift": shift,
    "distribution": ribbons,
}
"""By their names; each raises ``ValueError`` for a run of which it has nothing to show."""
