"""Whether a network is right as often as it says."""

import altair as alt

from normlab.analysis.calibration import Calibration
from normlab.analysis.charts.theme import (
    INK,
    PALETTE,
    SOFT_INK,
    WIDE,
    Chart,
    Space,
    finish,
    inline,
    value_axis,
)

_HEIGHT, _COUNTS_HEIGHT = 320, 90


def reliability(calibration: Calibration, accuracy: float, title: str, *, space: Space = WIDE) -> Chart:
    """A bar of accuracy for each bin of confidence, the diagonal on which both are equal, and below how many samples
    are in the bin. Below the diagonal a network is surer than it should be.
    """
    rows = [
        {
            "low": item.low,
            "high": item.high,
            "samples": item.samples,
            "confidence": item.confidence,
            "accuracy": item.accuracy,
        }
        for item in calibration.bins
        if item.samples
    ]
    width = min(space.panel(1), 560)
    per_cent = alt.Axis(labelExpr="format(100 * datum.value, '.0f') + ' %'", tickCount=5, grid=False)
    x = alt.X("low:Q", scale=alt.Scale(domain=[0, 1]), axis=per_cent, title="confidence")
    heading = alt.TitleParams("accuracy by confidence", fontSize=13)
    y = alt.Y("accuracy:Q", scale=alt.Scale(domain=[0, 1]), axis=value_axis([0, 1], fractions=True))
    tooltip = [
        alt.Tooltip("samples:Q"),
        alt.Tooltip("confidence:Q", format=".2%"),
        alt.Tooltip("accuracy:Q", format=".2%"),
    ]
    base = alt.Chart(inline(rows))
    bars = base.mark_bar(color=PALETTE[0], opacity=0.75, stroke="white").encode(
        x=x, x2="high:Q", y=y, tooltip=tooltip
    )
    means = base.mark_point(color=INK, filled=True, size=45, opacity=1).encode(
        x=alt.X("confidence:Q", scale=alt.Scale(domain=[0, 1])), y=y, tooltip=tooltip
    )
    ends = inline([{"low": 0, "accuracy": 0}, {"low": 1, "accuracy": 1}])
    diagonal = alt.Chart(ends).mark_line(color=SOFT_INK, strokeDash=[6, 4], strokeWidth=1.5).encode(x=x, y=y)
    counts = (
        base.mark_bar(color=SOFT_INK, stroke="white")
        .encode(
            x=x,
            x2="high:Q",
            y=alt.Y("samples:Q", axis=alt.Axis(tickCount=3, title=None, minExtent=50, maxExtent=50)),
            tooltip=tooltip,
        )
        .properties(width=width, height=_COUNTS_HEIGHT, title=alt.TitleParams("samples", fontSize=13))
    )
    chart = alt.vconcat(
        (bars + diagonal + means).properties(width=width, height=_HEIGHT, title=heading), counts, spacing=14
    )
    subtitle = (
        f"Mean confidence {100 * calibration.confidence:.2f} %, accuracy {100 * accuracy:.2f} %; expected calibration "
        f"error {100 * calibration.expected_calibration_error:.2f} % in {len(calibration.bins)} bins of equal width "
        f"(by chance alone {100 * calibration.error_by_chance:.2f} %). Dots: each bin's mean confidence. Below the "
        "dashed line the network is surer than it should be."
    )
    return finish(chart, title, subtitle, space)
