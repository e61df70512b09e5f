"""What happens inside a network, point by point: from the start through the first steps to the ends of the epochs."""

from collections.abc import Callable, Mapping
from functools import partial

import altair as alt

from normlab.analysis.charts.heat_maps import DEAD, RANK, SATURATED, UPDATES, heat_map
from normlab.analysis.charts.points import (
    NUMBERS,
    SHARES,
    Rows,
    in_order,
    layer_axis,
    legend,
    log_axis,
    need,
    point_of,
    points_axis,
    rows_of,
    thinner,
)
from normlab.analysis.charts.theme import INK, PALETTE, WIDE, Chart, Space, finish
from normlab.analysis.diagnosis.observed import Observed
from normlab.spec.probes.activations import QUANTILES, quantile_name
from normlab.spec.probes.places import Place

_HEIGHT = 240
_DEPTHS = 5
"""So many points are drawn of gradients by depth."""


def gradient_by_depth(run: Observed, *, space: Space = WIDE) -> Chart:
    """The gradient at each layer with a kernel, from the input on, at some points of the run."""
    layers = run.layers(Place.KERNELS)
    every = rows_of(run, "gradient", "preactivation_rms", layers)
    points = sorted({(row["order"], row["point"]) for row in every})
    spread = (
        {points[round(n * (len(points) - 1) / (_DEPTHS - 1))] for n in range(_DEPTHS)} if points else set()
    )
    rows = [row for row in every if (row["order"], row["point"]) in spread and row["value"] > 0]
    need(rows, "the gradient")
    named = [point for _, point in sorted(spread)]
    chart = (
        alt.Chart(alt.InlineData(values=thinner(rows, named, "point")))
        .mark_line(point={"size": 40, "filled": True})
        .encode(
            x=alt.X(
                "layer:N", sort=list(layers), title="layers, from the input to the output", axis=layer_axis()
            ),
            y=alt.Y(
                "value:Q",
                scale=alt.Scale(type="log"),
                title="gradient by z = Wx + b, RMS",
                axis=log_axis(),
            ),
            color=in_order(named, "point"),
            strokeWidth=alt.StrokeWidth("width:Q", scale=None),
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
        {"statistics": name, "point": point_of(run, reading), "order": reading.step, "value": reading.value}
        for kind, name in words.items()
        for reading in run.readings("three_statistics", f"accuracy_{kind}")
    ]
    need(rows, "three_statistics")
    chart = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_line(point={"size": 40, "filled": True}, strokeWidth=2.5)
        .encode(
            x=points_axis(rows),
            y=alt.Y(
                "value:Q",
                title="accuracy",
                scale=alt.Scale(zero=False),
                axis=alt.Axis(labelExpr=SHARES, tickCount=5),
            ),
            color=alt.Color(
                "statistics:N",
                title=None,
                scale=alt.Scale(domain=list(words.values()), range=list(PALETTE[:3])),
                legend=legend(),
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
        ("distribution_shift", "preactivation", "By distribution: way of z = Wx + b, in deviations"),
        ("gradient_shift", "relative", "By gradients: change when the layers below move"),
    ):
        rows = rows_of(run, probe, statistic, run.layers(Place.KERNELS))
        need(rows, probe)
        panels.append(
            alt.Chart(alt.InlineData(values=rows))
            .mark_line(strokeWidth=2)
            .encode(
                x=points_axis(rows),
                y=alt.Y("value:Q", title=None, axis=alt.Axis(tickCount=5, labelExpr=NUMBERS)),
                color=in_order(list(run.layers(Place.KERNELS)), "layer"),
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
        "Left: since the point before, which is 1, 2, 4, … steps away and then an epoch; right: in one step. A network "
        f"that does not learn shows none.{learned}",
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
                "point": point_of(run, reading),
                "order": step,
                **{f"q{n}": by_name[name][step].value for n, name in enumerate(by_name)},
            }
            for step, reading in by_name[low].items()
        ]
    need(rows, "distribution")
    columns = min(len(layers), 4 if space.columns > 1 else 1)
    base = alt.Chart().encode(x=points_axis(rows, labels=False))
    layered = alt.layer(
        base.mark_area(opacity=0.25, color=PALETTE[0]).encode(
            y=alt.Y("q0:Q", title=None, axis=alt.Axis(tickCount=4, labelExpr=NUMBERS)), y2="q4:Q"
        ),
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


CHARTS: Mapping[str, Callable[[Observed], Chart]] = {
    "gradient_by_depth": gradient_by_depth,
    "updates": partial(heat_map, shown=UPDATES),
    "dead_units": partial(heat_map, shown=DEAD),
    "saturated_units": partial(heat_map, shown=SATURATED),
    "rank": partial(heat_map, shown=RANK),
    "three_statistics": three_statistics,
    "shift": shift,
    "distribution": ribbons,
}
"""By their names; each raises ``ValueError`` for a run of which it has nothing to show."""
