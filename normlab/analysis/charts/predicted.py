"""Predicted numbers against the right ones, and what is left between them."""

from typing import Any

import altair as alt
import numpy as np
import numpy.typing as npt

from normlab.analysis.charts.theme import PALETTE, SOFT_INK, WIDE, Chart, Space, finish, inline
from normlab.spec.regression import RegressionFigures
from normlab.spec.shown import to_four_figures

_HEIGHT, _RESIDUALS_HEIGHT = 320, 140
MAX_DOTS = 2_000
"""Of more samples so many are drawn, evenly spread over the file."""


def predicted_against_right(
    targets: npt.NDArray[Any], predictions: npt.NDArray[Any], title: str, *, space: Space = WIDE
) -> Chart:
    """A dot for each sample (both arrays (n,)) with the line on which both are equal, and below the residuals."""
    figures = RegressionFigures.of(targets, predictions)
    count = len(targets)
    drawn = np.unique(np.linspace(0, count - 1, min(count, MAX_DOTS)).astype(int))
    rows = [
        {
            "sample": int(sample),
            "right": float(targets[sample]),
            "predicted": float(predictions[sample]),
            "residual": float(targets[sample]) - float(predictions[sample]),
        }
        for sample in drawn
    ]
    low = float(min(targets.min(), predictions.min()))
    high = float(max(targets.max(), predictions.max()))
    width, scale = min(space.panel(1), 560), alt.Scale(zero=False, padding=8)
    x = alt.X("right:Q", scale=scale, title="right number", axis=alt.Axis(tickCount=6))
    tooltip = [
        "sample:Q",
        *(alt.Tooltip(f"{name}:Q", format=",.4~r") for name in ("right", "predicted", "residual")),
    ]
    base = alt.Chart(inline(rows))
    dots = base.mark_circle(size=36, opacity=0.55, color=PALETTE[0])
    line = alt.Chart(
        inline([{"right": low, "predicted": low}, {"right": high, "predicted": high}])
    ).mark_line(color=SOFT_INK, strokeDash=[6, 4], strokeWidth=1.5)
    y = alt.Y("predicted:Q", scale=scale, title=None)
    upper = (dots.encode(x=x, y=y, tooltip=tooltip) + line.encode(x=x, y=y)).properties(
        width=width, height=_HEIGHT, title=alt.TitleParams("predicted number", fontSize=13)
    )
    zero = alt.Chart(inline([{"residual": 0}])).mark_rule(color=SOFT_INK, strokeDash=[6, 4])
    residual = alt.Y("residual:Q", scale=scale, title=None, axis=alt.Axis(tickCount=4))
    lower = (dots.encode(x=x, y=residual, tooltip=tooltip) + zero.encode(y=residual)).properties(
        width=width, height=_RESIDUALS_HEIGHT, title=alt.TitleParams("right less predicted", fontSize=13)
    )
    r2 = "" if figures.r2 is None else f"R² {figures.r2:.4f}, "
    some = "" if len(drawn) == count else f" {len(drawn):,} of {count:,} samples are drawn."
    subtitle = (
        f"{r2}root mean squared error {to_four_figures(figures.rmse)}, mean absolute error "
        f"{to_four_figures(figures.mae)}. On the dashed line a prediction is right.{some}"
    )
    return finish(alt.vconcat(upper, lower, spacing=14), title, subtitle, space)
