"""Pairs of arms: each pair of runs' difference with the interval, and the difference along the epochs."""

from typing import Any

import altair as alt

from normlab.analysis.charts.theme import INK, SOFT_INK, Chart, finish, panel_title
from normlab.analysis.comparison import ComparisonStatistics, PairReport
from normlab.analysis.metrics import style_of

_WIDTH = 640
_LONG_NAME = 45


def paired_differences(comparison: ComparisonStatistics) -> Chart:
    """For each pair of arms a row: a dot for every seed, the mean, and its interval against zero and the
    margin."""
    style = style_of(comparison.metric)
    unit = style.unit.strip()
    dots, means = [], []
    for pair in comparison.pairs:
        name = _name(pair)
        dots += [
            {"pair": name, "seed": seed, "difference": (b - a) * style.factor} for seed, a, b in pair.values
        ]
        mean: dict[str, Any] = {"pair": name, "difference": pair.comparison.difference * style.factor}
        if pair.comparison.pairs > 1:
            mean |= dict(zip(("low", "high"), pair.comparison.interval.times(style.factor), strict=True))
        means.append(mean)
    names = [_name(pair) for pair in comparison.pairs]
    title = f"difference in {comparison.metric.words}{f' ({unit})' if unit else ''}"
    x = alt.X(
        "difference:Q",
        title=title,
        scale=alt.Scale(zero=True, nice=True, padding=10),
        axis=alt.Axis(tickCount=8),
    )
    # A name that is too long for the margin takes two lines.
    broken = (
        "replace(datum.label, ' minus ', '\\nminus ')" if max(map(len, names)) > _LONG_NAME else "datum.label"
    )
    labels = alt.Axis(grid=False, labelLimit=320, labelExpr=f"split({broken}, '\\n')")
    y = alt.Y("pair:N", title=None, sort=names, axis=labels)
    spread = alt.Chart(alt.InlineData(values=means))
    layers: list[Any] = []
    if comparison.equivalence_margin > 0:
        margin = comparison.equivalence_margin * style.factor
        shade = alt.Chart(alt.InlineData(values=[{"from": -margin, "to": margin}]))
        layers.append(shade.mark_rect(color=SOFT_INK, opacity=0.25).encode(x="from:Q", x2="to:Q"))
    layers += [
        alt.Chart(alt.InlineData(values=[{"zero": 0}]))
        .mark_rule(color=INK, strokeWidth=1.5)
        .encode(x="zero:Q"),
        spread.mark_rule(strokeWidth=4, color=INK).encode(x=alt.X("low:Q", title=title), x2="high:Q", y=y),
        alt.Chart(alt.InlineData(values=dots))
        .mark_circle(size=60, color=SOFT_INK, opacity=0.9, yOffset=16)
        .encode(x=x, y=y, tooltip=["pair:N", "seed:N", alt.Tooltip("difference:Q", format="+.4f")]),
        spread.mark_point(shape="diamond", size=170, filled=True, opacity=1, color=INK).encode(x=x, y=y),
    ]
    subtitle = "Diamond and bar: mean and interval. Dots: one seed each."
    if comparison.equivalence_margin > 0:
        subtitle += " Shaded: differences too small to matter."
    chart = alt.layer(*layers).properties(width=_WIDTH, height=alt.Step(72))
    return finish(chart, "Paired differences", subtitle)


def difference_curves(comparison: ComparisonStatistics) -> Chart:
    """For each pair of arms a panel: the mean difference along the epochs with its simultaneous band.

    Raises ``ValueError`` when no pair of arms has a band, as with one pair of runs.
    """
    style = style_of(comparison.metric)
    unit = style.unit.strip()
    panels = []
    for pair in comparison.pairs:
        curve = pair.curve
        if curve is None or curve.pairs < 2:
            continue
        rows = [
            {
                "epoch": epoch,
                "difference": difference * style.factor,
                "low": interval.low * style.factor,
                "high": interval.high * style.factor,
            }
            for epoch, (difference, interval) in enumerate(
                zip(curve.difference, curve.band, strict=True), start=1
            )
        ]
        title = unit or f"difference in {comparison.metric.words}"
        # Ticks at whole epochs only: between few epochs Vega would set halves, which "d" rounds to doubles.
        whole = list(range(1, len(rows) + 1, max(1, len(rows) // 10)))
        x = alt.X("epoch:Q", axis=alt.Axis(values=whole, format="d"), scale=alt.Scale(nice=False))
        base = alt.Chart(alt.InlineData(values=rows)).encode(x=x)
        chart = (
            base.mark_area(opacity=0.25, color=INK).encode(y=alt.Y("low:Q", title=title), y2="high:Q")
            + alt.Chart(alt.InlineData(values=[{"zero": 0}]))
            .mark_rule(color=INK, strokeWidth=1.5)
            .encode(y="zero:Q")
            + base.mark_line(strokeWidth=3, color=INK, point={"size": 40, "color": INK}).encode(
                y="difference:Q"
            )
        )
        if len(rows) == 1:  # makes no band
            chart += base.mark_rule(strokeWidth=4, opacity=0.4, color=INK).encode(
                y=alt.Y("low:Q", title=title), y2="high:Q"
            )
        panels.append(
            chart.properties(width=_WIDTH, height=240, title=panel_title(f"{_name(pair)}: {curve.reading}"))
        )
    if not panels:
        raise ValueError(
            "a difference along the epochs needs at least two pairs of runs with an epoch in common"
        )
    subtitle = "The band holds the whole true curve with the stated confidence; where it leaves zero, an arm is ahead."
    return finish(alt.vconcat(*panels, spacing=30), "The difference along the epochs", subtitle)


def _name(pair: PairReport) -> str:
    return f"{pair.b} minus {pair.a}"
