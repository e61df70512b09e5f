"""Charts of a sweep: how the metric answers to each parameter, all points at once, and what more tuning would give."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import altair as alt
import numpy as np

from normlab.analysis.charts.theme import (
    SOFT_INK,
    WIDE,
    Chart,
    Space,
    arm_colour,
    arm_dash,
    finish,
    inline,
    value_axis,
)
from normlab.analysis.metrics import style_of
from normlab.analysis.sweeps.expected import diverged_as, expected_best, values_of
from normlab.analysis.sweeps.points import Outcome, SweptArm, SweptPoint, SweptSpace, last_rung
from normlab.analysis.sweeps.wording import number, short_names
from normlab.spec.sweeps import Choices, LogRange, Strategy

_HEIGHT = 300
_CROSS = "M-.5,-.5L.5,.5M-.5,.5L.5,-.5"

Rows = list[dict[str, Any]]


def response_curve(arms: Sequence[SweptArm], asked: SweptSpace, *, space: Space = WIDE) -> Chart:
    """A panel for each parameter: a dot for each run, and with one parameter a line through the points' means with
    Student's interval at each; crosses below are runs that diverged.

    Raises:
        ValueError: no point has a value.
    """
    shown = [last_rung(arm) if asked.strategy is Strategy.SUCCESSIVE_HALVING else arm for arm in arms]
    names = short_names(list(asked.space))
    values = [float(value) for arm in shown for point in arm.points for value in point.measured]
    if not values:
        raise ValueError("a response curve needs a point that has a value")
    columns = min(space.columns, len(asked.space))
    panels = [
        _response(shown, pointer, asked, values=values, title=names[pointer], space=space).properties(
            width=space.panel(columns), height=_HEIGHT
        )
        for pointer in asked.space
    ]
    rows = [
        alt.hconcat(*panels[first : first + columns], spacing=space.gap)
        for first in range(0, len(panels), columns)
    ]
    subtitle = "A dot for each run"
    if len(asked.space) == 1:
        subtitle += (
            f"; the line joins the means of seeds, bars are their {100 * asked.confidence:g} % intervals"
        )
    if any(point.outcome is Outcome.DIVERGED for arm in shown for point in arm.points):
        subtitle += "; crosses: the loss stopped being a number"
    return finish(
        alt.vconcat(*rows, spacing=20),
        f"{asked.metric.words.capitalize()} by {', '.join(names.values())}",
        f"{subtitle}.",
        space,
    )


def _response(
    arms: Sequence[SweptArm],
    pointer: str,
    asked: SweptSpace,
    *,
    values: Sequence[float],
    title: str,
    space: Space,
) -> Any:
    drawn = asked.space[pointer]
    floor = min(values) - 0.06 * ((max(values) - min(values)) or 1.0)
    dots: Rows = []
    lost: Rows = []
    means: Rows = []
    for arm in arms:
        for point in arm.points:
            at = number(point.values[pointer]) if isinstance(drawn, Choices) else point.values[pointer]
            row = {"arm": arm.name, "at": at, "point": point.number}
            for run in point.runs:
                if run.value is not None:
                    dots.append({**row, "value": run.value, "seed": run.seed})
                elif run.diverged_at is not None:
                    lost.append({**row, "value": floor, "seed": run.seed, "epoch": run.diverged_at})
            if point.outcome is Outcome.COMPLETE and len(asked.space) == 1:
                means.append({**row, "value": point.mean, **_ends(point, asked)})
    x = _axis(pointer, asked, title, arms)
    axis = value_axis(values, fractions=asked.metric.is_fraction)
    y = alt.Y("value:Q", scale=alt.Scale(zero=False, padding=8), axis=axis)
    colour = arm_colour([arm.name for arm in arms], space)
    layers: list[Any] = [
        alt.Chart(inline(dots))
        .mark_circle(size=36, opacity=0.45)
        .encode(x=x, y=y, color=colour, tooltip=["arm:N", "point:Q", "seed:Q", "value:Q"])
    ]
    if means:
        shown = alt.Chart(inline(means))
        layers.append(
            shown.mark_rule(opacity=0.7, strokeWidth=2).encode(x=x, y="low:Q", y2="high:Q", color=colour)
        )
        if not isinstance(drawn, Choices):
            dash = arm_dash([arm.name for arm in arms])
            layers.append(shown.mark_line(strokeWidth=2.5).encode(x=x, y=y, color=colour, strokeDash=dash))
        layers.append(shown.mark_point(filled=True, size=70, opacity=1).encode(x=x, y=y, color=colour))
    if lost:
        layers.append(
            alt.Chart(inline(lost))
            .mark_point(shape=_CROSS, size=80, strokeWidth=2)
            .encode(x=x, y=y, color=colour, tooltip=["arm:N", "point:Q", "seed:Q", "epoch:Q"])
        )
    return alt.layer(*layers)


def _ends(point: SweptPoint, asked: SweptSpace) -> dict[str, float]:
    low, high = point.interval(asked.confidence, asked.metric)
    if point.standard_deviation is None or not math.isfinite(high):
        return {"low": point.mean or 0.0, "high": point.mean or 0.0}
    return {"low": low, "high": high}


def _axis(pointer: str, asked: SweptSpace, title: str, arms: Sequence[SweptArm]) -> alt.X:
    drawn = asked.space[pointer]
    if isinstance(drawn, Choices):
        return alt.X("at:N", title=title, sort=[number(value) for value in drawn.choices])
    tried = [point.values[pointer] for arm in arms for point in arm.points]
    scale: dict[str, Any] = {"domain": [min(tried), max(tried)], "nice": False, "zero": False, "padding": 12}
    if isinstance(drawn, LogRange):
        return alt.X(
            "at:Q", title=title, scale=alt.Scale(type="log", **scale), axis=alt.Axis(format="~g", grid=False)
        )
    return alt.X("at:Q", title=title, scale=alt.Scale(**scale), axis=alt.Axis(grid=False))


def parallel_coordinates(arms: Sequence[SweptArm], asked: SweptSpace, *, space: Space = WIDE) -> Chart:
    """An axis for each parameter and one for the metric, a line for each point; those that diverged are grey.

    Raises:
        ValueError: no point has a value.
    """
    names = short_names(list(asked.space))
    known = [point.mean for arm in arms for point in arm.complete if point.mean is not None]
    if not known:
        raise ValueError("parallel coordinates need a point that has a value")
    titles = [*names.values(), asked.metric.words]
    scales = {names[pointer]: _positions(pointer, arms, asked) for pointer in asked.space}
    low, high = min(known), max(known)
    style = style_of(asked.metric)
    rows: Rows = []
    lost: Rows = []
    for arm in arms:
        for point in arm.points:
            line = [
                {
                    "axis": names[pointer],
                    "at": scales[names[pointer]](point.values[pointer]),
                    "shown": number(point.values[pointer]),
                }
                for pointer in asked.space
            ]
            common = {"arm": arm.name, "point": f"{arm.name} {point.round} {point.number}"}
            if point.outcome is Outcome.COMPLETE and point.mean is not None:
                at = (point.mean - low) / ((high - low) or 1.0)
                line.append({"axis": asked.metric.words, "at": at, "shown": style.value(point.mean)})
                rows += [{**common, **entry} for entry in line]
            elif point.outcome is Outcome.DIVERGED:
                line.append({"axis": asked.metric.words, "at": -0.06, "shown": "diverged"})
                lost += [{**common, **entry} for entry in line]
    x = alt.X(
        "axis:N",
        title=None,
        sort=titles,
        scale=alt.Scale(type="point", padding=0.1),
        axis=alt.Axis(labelAngle=0, orient="top", grid=True, domain=False),
    )
    y = alt.Y("at:Q", axis=None, scale=alt.Scale(domain=[-0.1, 1.04], nice=False))
    tips = ["arm:N", "axis:N", "shown:N"]
    layers = [
        alt.Chart(inline(lost))
        .mark_line(color=SOFT_INK, opacity=0.6, strokeDash=[3, 3])
        .encode(x=x, y=y, detail="point:N", tooltip=tips),
        alt.Chart(inline(rows))
        .mark_line(opacity=0.65, strokeWidth=1.5)
        .encode(
            x=x, y=y, detail="point:N", color=arm_colour([arm.name for arm in arms], space), tooltip=tips
        ),
        alt.Chart(inline(_labels(arms, asked, low=low, high=high)))
        .mark_text(dx=6, align="left", fontSize=12)
        .encode(x=x, y=y, text="shown:N"),
    ]
    chart = alt.layer(*layers).properties(width=space.width - 120, height=_HEIGHT + 40)
    return finish(
        chart,
        f"All points: {', '.join(names.values())} and {asked.metric.words}",
        "A line for each point, up is more; dashed: diverged.",
        space,
    )


def _positions(pointer: str, arms: Sequence[SweptArm], asked: SweptSpace) -> Callable[[Any], float]:
    """A function from a parameter's value to its place on the axis, from 0 to 1."""
    drawn = asked.space[pointer]
    if isinstance(drawn, Choices):
        kinds = list(map(repr, drawn.choices))
        return lambda value: kinds.index(repr(value)) / max(len(kinds) - 1, 1)
    place = math.log10 if isinstance(drawn, LogRange) else float
    tried = [place(point.values[pointer]) for arm in arms for point in arm.points]
    low, high = min(tried), max(tried)
    return lambda value: (place(value) - low) / ((high - low) or 1.0)


def _labels(arms: Sequence[SweptArm], asked: SweptSpace, *, low: float, high: float) -> Rows:
    """The values at the ends of the axes; of choices all."""
    names, style = short_names(list(asked.space)), style_of(asked.metric)
    rows: Rows = [
        {"axis": asked.metric.words, "at": 0.0, "shown": style.value(low)},
        {"axis": asked.metric.words, "at": 1.0, "shown": style.value(high)},
    ]
    for pointer, drawn in asked.space.items():
        place = _positions(pointer, arms, asked)
        tried = [point.values[pointer] for arm in arms for point in arm.points]
        ends = drawn.choices if isinstance(drawn, Choices) else {min(tried), max(tried)}
        rows += [{"axis": names[pointer], "at": place(value), "shown": number(value)} for value in ends]
    return rows


def expected_best_chart(arms: Sequence[SweptArm], asked: SweptSpace, *, space: Space = WIDE) -> Chart:
    """How good the best of n points would have been, for every n, with its band (Dodge et al. 2019).

    Raises:
        ValueError: no arm has two points with a value, or they were not drawn independently.
    """
    rows: Rows = []
    for arm in arms:
        independent = asked.strategy in (Strategy.GRID, Strategy.RANDOM)
        values = values_of(arm, asked, diverged=diverged_as(arms, asked)) if independent else None
        if values is None:
            continue
        found = expected_best(values, asked, np.random.default_rng(0))
        rows += [
            {"arm": arm.name, "points": index + 1, "value": value, "low": low, "high": high}
            for index, (value, low, high) in enumerate(zip(*(part.tolist() for part in found), strict=True))
        ]
    if not rows:
        raise ValueError("an expected best needs two points with a value")
    names = [arm.name for arm in arms]
    colour = arm_colour(names, space)
    axis = value_axis([row["value"] for row in rows], fractions=asked.metric.is_fraction)
    x = alt.X(
        "points:Q",
        title="points tried",
        axis=alt.Axis(format="d", tickMinStep=1, grid=False),
        scale=alt.Scale(nice=False, zero=False),
    )
    chart = alt.Chart(inline(rows))
    layers = [
        chart.mark_area(opacity=0.16).encode(
            x=x, y=alt.Y("low:Q", axis=axis, scale=alt.Scale(zero=False)), y2="high:Q", color=colour
        ),
        chart.mark_line(strokeWidth=3).encode(
            x=x,
            y=alt.Y("value:Q", axis=axis, scale=alt.Scale(zero=False)),
            color=colour,
            strokeDash=arm_dash(names),
        ),
    ]
    return finish(
        alt.layer(*layers).properties(width=space.panel(1), height=_HEIGHT),
        f"Expected best {asked.metric.words} against budget",
        f"Of so many points drawn from those that were tried; bands: {100 * asked.confidence:g} %, pointwise.",
        space,
    )
