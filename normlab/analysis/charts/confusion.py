"""Which classes a network takes for which others."""

import altair as alt

from normlab.analysis.charts.theme import PALETTE, Chart, finish
from normlab.analysis.classification import Classification


def confusion_matrix(classification: Classification, title: str) -> Chart:
    """A row for each right class, a column for each that was given; the colour is the part of the row.

    The colours tell the mistakes apart, which are few: their scale is the square root of the part.
    """
    names = [item.class_name for item in classification.classes]
    rows = [
        {
            "right": names[row],
            "given": names[column],
            "samples": int(samples),
            "part": float(samples) / max(classification.classes[row].support, 1),
        }
        for row, counts in enumerate(classification.confusion)
        for column, samples in enumerate(counts)
    ]
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=alt.X("given:N", sort=names, title="the network says", axis=alt.Axis(orient="top", labelAngle=-45)),
        y=alt.Y("right:N", sort=names, title="it is"),
    )
    cells = base.mark_rect().encode(
        color=alt.Color(
            "part:Q",
            scale=alt.Scale(type="sqrt", domain=[0, 1], range=["#ffffff", PALETTE[0]]),
            legend=None,
        )
    )
    numbers = base.mark_text(fontSize=11).encode(
        text="samples:Q",
        color=alt.condition("datum.part > 0.4", alt.value("white"), alt.value("#333333")),
        opacity=alt.condition("datum.samples > 0", alt.value(1), alt.value(0.25)),
    )
    size = max(260, 44 * len(names))
    total = int(classification.confusion.sum())
    subtitle = f"{classification.accuracy:.2%} of {total:,} right"
    return finish((cells + numbers).properties(width=size, height=size), title, subtitle)
