"""Which classes a network takes for which others."""

import altair as alt

from normlab.analysis.charts.theme import INK, PALETTE, WIDE, Chart, Space, finish, inline
from normlab.analysis.classification import Classification

_SMALLEST, _LARGEST = 26, 56
MAX_CLASSES = 100
"""Of a chart: 2,600 pixels."""
_LABELS = 110
"""Pixels for the names of the classes."""


def confusion_matrix(classification: Classification, title: str, *, space: Space = WIDE) -> Chart:
    """A row for each true class, a column for each predicted one; the colour is the part of the row.

    The colours tell the mistakes apart, which are few: their scale is the square root of the part. Where there is
    nothing, the cell stays white and its zero is pale.

    Raises ``ValueError`` for more than ``MAX_CLASSES``.
    """
    if classification.confusion is None or len(classification.classes) > MAX_CLASSES:
        raise ValueError(f"a chart shows up to {MAX_CLASSES} classes, not {len(classification.classes):,}")
    names = [item.class_name for item in classification.classes]
    rows = [
        {
            "true": names[row],
            "predicted": names[column],
            "samples": int(samples),
            "part": float(samples) / max(classification.classes[row].support, 1),
        }
        for row, counts in enumerate(classification.confusion)
        for column, samples in enumerate(counts)
    ]
    cell = max(_SMALLEST, min(_LARGEST, (space.width - _LABELS) // max(len(names), 1)))
    base = alt.Chart(inline(rows)).encode(
        x=alt.X(
            "predicted:N",
            sort=names,
            title="predicted",
            axis=alt.Axis(orient="top", labelAngle=-45, ticks=False, domain=False, labelLimit=_LABELS),
        ),
        y=alt.Y(
            "true:N", sort=names, title="true", axis=alt.Axis(ticks=False, domain=False, labelLimit=_LABELS)
        ),
    )
    cells = base.mark_rect(stroke="#dddddd").encode(
        color=alt.Color(
            "part:Q",
            # In RGB: on Vega's usual way through hues, white begins as bright cyan.
            scale=alt.Scale(type="sqrt", domain=[0, 1], range=["#ffffff", PALETTE[0]], interpolate="rgb"),
            legend=None,
        ),
        tooltip=["true:N", "predicted:N", "samples:Q", alt.Tooltip("part:Q", format=".1%")],
    )
    numbers = base.mark_text(fontSize=13 if cell > _SMALLEST + 6 else 10).encode(
        text="samples:Q",
        color=alt.condition("datum.part > 0.3", alt.value("white"), alt.value(INK)),
        opacity=alt.condition("datum.samples > 0", alt.value(1), alt.value(0.3)),
    )
    total = int(classification.confusion.sum())
    right = f"{100 * classification.accuracy:.2f} % of {total:,} samples are predicted right"
    subtitle = f"{right}. Darker: a larger part of the row."
    chart = (cells + numbers).properties(width=alt.Step(cell), height=alt.Step(cell))
    return finish(chart, title, subtitle, space)
