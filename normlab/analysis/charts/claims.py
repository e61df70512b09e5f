"""A claim: for each of its definitions every pair of runs, the mean, and its interval."""

from typing import Any

import altair as alt

from normlab.analysis.charts.theme import (
    GRID,
    INK,
    SOFT_INK,
    WIDE,
    Chart,
    Space,
    broken,
    finish,
    inline,
    name_axis,
)
from normlab.documents.claims import OutcomeDocument, PartDocument

_ROW = 64
_SHIFT = 16
"""Pixels below the mean at which the dots stand."""


def claim_chart(outcome: OutcomeDocument, *, space: Space = WIDE) -> Chart | None:
    """The effect by each definition that was measured, beside none at all and what does not matter; None without any.

    Ratios stand on a logarithmic scale. A claim's definitions are all ratios or all differences, or else those of the
    first one's kind are drawn.
    """
    measured = [part for part in outcome.parts if part.estimate is not None and part.values]
    if not measured:
        return None
    scale = measured[0].scale
    parts = [part for part in measured if part.scale == scale]
    labels = {part.definition: broken(part.definition.replace("_", " "), space) for part in parts}
    ratio = scale == "ratio"
    none = 1.0 if ratio else 0.0
    axis_scale = alt.Scale(type="log", nice=False, padding=20) if ratio else alt.Scale(zero=True, padding=20)
    title = "with the change, divided by without" if ratio else "with the change, minus without"
    axis = alt.Axis(tickCount=6 if space.columns > 1 else 3, format="~g", labelFlush=20, offset=4)
    y = name_axis(labels.values(), space)
    x = alt.X("value:Q", title=title, scale=axis_scale, axis=axis)
    means = [_mean(part, labels[part.definition]) for part in parts]
    dots = [
        {"label": labels[part.definition], "value": value, "pair": number}
        for part in parts
        for number, value in enumerate(_values(part), 1)
    ]
    margins = {part.margin for part in parts if part.margin not in (None, none)}
    layers: list[Any] = []
    if len(margins) == 1 and (margin := margins.pop()) is not None:
        ends = {"from": 1 / margin, "to": margin} if ratio else {"from": -margin, "to": margin}
        layers.append(
            alt.Chart(inline([ends]))
            .mark_rect(color=GRID, opacity=0.8)
            .encode(x=alt.X("from:Q", title=title, scale=axis_scale, axis=axis), x2="to:Q")
        )
    spread = alt.Chart(inline(means))
    layers += [
        alt.Chart(inline([{"value": none}])).mark_rule(color=INK, strokeWidth=1.5).encode(x=x),
        spread.mark_rule(strokeWidth=4, color=INK).encode(
            x=alt.X("low:Q", title=title, scale=axis_scale, axis=axis), x2="high:Q", y=y
        ),
        alt.Chart(inline(dots))
        .mark_circle(size=60, color=SOFT_INK, opacity=0.9, yOffset=_SHIFT)
        .encode(x=x, y=y, tooltip=["label:N", "pair:N", alt.Tooltip("value:Q", format=".4g")]),
        spread.mark_point(shape="diamond", size=170, filled=True, opacity=1, color=INK).encode(x=x, y=y),
    ]
    subtitle = "Diamond and bar: mean and corrected interval. Dots: one pair of runs each."
    if layers and len(layers) > 4:
        subtitle += " Shaded: too little to matter."
    row = max(_ROW, 17 * max(label.count("\n") + 1 for label in labels.values()) + 8)
    chart = alt.layer(*layers).properties(width=space.panel(1, labels=space.names - 12), height=alt.Step(row))
    return finish(chart, "By definition", subtitle, space)


def _values(part: PartDocument) -> list[float]:
    if part.scale == "ratio":
        return [b / a for a, b in part.values]
    return [b - a for a, b in part.values]


def _mean(part: PartDocument, label: str) -> dict[str, Any]:
    if part.interval is None:
        return {"label": label, "value": part.estimate}
    low, high = part.interval.low, part.interval.high
    if low is None or high is None or (part.scale == "ratio" and low <= 0):  # no bound is drawn
        return {"label": label, "value": part.estimate}
    return {"label": label, "value": part.estimate, "low": low, "high": high}
