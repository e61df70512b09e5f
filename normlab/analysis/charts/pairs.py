"""Pairs of arms: each pair of runs' difference with the interval, and the difference along the epochs."""

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

import altair as alt

from normlab.analysis.bands import DifferenceBand
from normlab.analysis.charts.theme import (
    GRID,
    INK,
    SOFT_INK,
    WIDE,
    Chart,
    Space,
    broken,
    epoch_axis,
    finish,
    inline,
    name_axis,
    panel_titles,
    value_axis,
)
from normlab.analysis.comparison import ComparisonStatistics, PairReport
from normlab.analysis.metrics import Style, style_of
from normlab.analysis.orientation import minus, sign_of, turned

_ROW = 60
_SHIFTS = (16, 24, 8, 32)
"""Pixels below the mean at which the dots of equal differences stand."""
_HEIGHT = 180
_MAX_PANELS = 6


def paired_differences(comparison: ComparisonStatistics, *, space: Space = WIDE) -> Chart:
    """For each pair of arms a row: a dot for every seed, the mean, and its interval against zero and the
    margin."""
    style = style_of(comparison.metric)
    unit = style.unit.strip()
    dots: list[dict[str, Any]] = []
    means = []
    for pair in comparison.pairs:
        label, sign = broken(minus(pair), space), sign_of(pair)
        drawn: Counter[float] = Counter()
        for seed, a, b in pair.values:
            difference = round(sign * (b - a) * style.factor, 9)
            shift = _SHIFTS[drawn[difference] % len(_SHIFTS)]
            dots.append({"label": label, "seed": seed, "difference": difference, "shift": shift})
            drawn[difference] += 1
        mean: dict[str, Any] = {
            "label": label,
            "difference": sign * pair.comparison.difference * style.factor,
        }
        if pair.comparison.pairs > 1:
            ends = turned(pair.comparison.interval, sign).times(style.factor)
            mean |= dict(zip(("low", "high"), ends, strict=True))
        means.append(mean)
    labels = [mean["label"] for mean in means]
    title = f"difference in {comparison.metric.words}"
    # Numbers at the ends stay beside the names of the rows.
    axis = alt.Axis(tickCount=8 if space.columns > 1 else 4, labelFlush=20, offset=4)
    x = alt.X(
        "difference:Q", title=unit or title, scale=alt.Scale(zero=True, nice=True, padding=10), axis=axis
    )
    y = name_axis(labels, space)
    spread = alt.Chart(inline(means))
    layers: list[Any] = []
    if comparison.equivalence_margin > 0:
        margin = comparison.equivalence_margin * style.factor
        shade = alt.Chart(inline([{"from": -margin, "to": margin}]))
        layers.append(shade.mark_rect(color=GRID, opacity=0.8).encode(x="from:Q", x2="to:Q"))
    layers += [
        alt.Chart(inline([{"zero": 0}])).mark_rule(color=INK, strokeWidth=1.5).encode(x="zero:Q"),
        spread.mark_rule(strokeWidth=4, color=INK).encode(
            x=alt.X("low:Q", title=unit or title, axis=axis), x2="high:Q", y=y
        ),
        *(
            alt.Chart(inline(dot for dot in dots if dot["shift"] == shift))
            .mark_circle(size=60, color=SOFT_INK, opacity=0.9, yOffset=shift)
            .encode(x=x, y=y, tooltip=["label:N", "seed:N", alt.Tooltip("difference:Q", format="+.4f")])
            for shift in _SHIFTS
            if any(dot["shift"] == shift for dot in dots)
        ),
        spread.mark_point(shape="diamond", size=170, filled=True, opacity=1, color=INK).encode(x=x, y=y),
    ]
    subtitle = "Diamond and bar: mean and interval. Dots: one seed each."
    if any(dot["shift"] != _SHIFTS[0] for dot in dots):
        subtitle += " Equal ones stand below one another."
    if comparison.equivalence_margin > 0:
        subtitle += " Shaded: differences too small to matter."
    row = max(_ROW, 17 * max(label.count("\n") + 1 for label in labels) + 8)
    chart = alt.layer(*layers).properties(width=space.panel(1, labels=space.names - 12), height=alt.Step(row))
    return finish(chart, f"Paired differences in {comparison.metric.words}", subtitle, space)


def pairs_with_bands(comparison: ComparisonStatistics) -> list[PairReport]:
    """The pairs of arms that ``difference_curves`` looks at: all that have a band; of many, those with the first."""
    known = [pair for pair in comparison.pairs if pair.curve is not None and pair.curve.pairs > 1]
    if len(known) <= _MAX_PANELS:
        return known
    first = next(iter(comparison.arms))
    return [pair for pair in known if pair.a == first] or known


def difference_curves(comparison: ComparisonStatistics, *, space: Space = WIDE) -> Chart:
    """The mean difference along the epochs with its simultaneous band, a panel for each of ``pairs_with_bands``.

    Only those are drawn whose band leaves zero, if there is one.

    Raises ``ValueError`` when no pair of arms has a band, as with one pair of runs.
    """
    style = style_of(comparison.metric)
    known = pairs_with_bands(comparison)
    drawn = [pair for pair in known if pair.curve and pair.curve.leaves_zero] or known
    if not drawn:
        raise ValueError(
            "a difference along the epochs needs at least two pairs of runs with an epoch in common"
        )
    columns = space.columns_of(len(drawn))
    curves = {
        f"{pair.b} minus {pair.a} ({100 * pair.curve.confidence:.4g} % band)": _curve_rows(pair.curve, style)
        for pair in drawn
        if pair.curve is not None
    }
    titles = panel_titles(curves, space, columns)
    all_rows = [row for rows in curves.values() for row in rows]
    low, high = _domain(all_rows)
    y_scale = alt.Scale(domain=[low, high])
    panels = [
        _difference_curve(rows, y_scale, space).properties(
            width=space.panel(columns), height=_HEIGHT, title=titles[name]
        )
        for name, rows in curves.items()
    ]
    lines = [
        alt.hconcat(*panels[at : at + columns], spacing=space.gap) for at in range(0, len(panels), columns)
    ]
    subtitle = (
        "Line: mean difference. Band: holds the whole true curve with the confidence given; where it leaves zero, an "
        "arm is ahead."
    )
    if any(row["low"] < low or row["high"] > high for row in all_rows):
        subtitle += " It is cut where it leaves the panel."
    unit = f" ({style.unit.strip()})" if style.unit else ""
    title = f"The difference in {comparison.metric.along_epochs.words} along the epochs{unit}"
    return finish(alt.vconcat(*lines, spacing=24), title, subtitle, space)


def _curve_rows(curve: DifferenceBand, style: Style) -> list[dict[str, float]]:
    return [
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


def _domain(rows: Sequence[Mapping[str, float]]) -> tuple[float, float]:
    """Of one scale for all panels, on which the widest bands, as a rule those of the first epochs, do not flatten
    the rest."""
    margin = 1.5 * median((row["high"] - row["low"]) / 2 for row in rows)
    differences = [0.0, *(row["difference"] for row in rows)]
    return min(differences) - margin, max(differences) + margin


def _difference_curve(rows: list[dict[str, float]], scale: alt.Scale, space: Space) -> Any:
    axis = value_axis([], fractions=False)

    def y(field: str) -> alt.Y:
        return alt.Y(f"{field}:Q", axis=axis, scale=scale)

    base = alt.Chart(inline(rows)).encode(x=epoch_axis(1, len(rows), space))
    band = (
        base.mark_area(opacity=0.22, color=INK, clip=True)
        if len(rows) > 1
        else base.mark_rule(strokeWidth=4, opacity=0.4, color=INK, clip=True)  # a single epoch makes no band
    )
    zero = alt.Chart(inline([{"zero": 0}])).mark_rule(color=INK, strokeWidth=1.5)
    line = base.mark_line(strokeWidth=2.5, color=INK, point={"size": 36, "color": INK})
    return band.encode(y=y("low"), y2="high:Q") + zero.encode(y=y("zero")) + line.encode(y=y("difference"))
