"""Where each run ended: every arm's values as dots, joined by seed, on the validation and the test set side by side."""

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

import altair as alt

from normlab.analysis.charts.theme import (
    INK,
    SOFT_INK,
    WIDE,
    Chart,
    Space,
    arm_colour,
    broken,
    finish,
    inline,
    name_axis,
)
from normlab.analysis.metrics import style_of
from normlab.analysis.records import RunRecord
from normlab.spec.metrics import Metric

_ROW = 44
_SHIFTS = (0, 8, -8, 16, -16)
"""Pixels by which the dots of an arm's equal runs stand apart."""

Arms = Mapping[str, Sequence[RunRecord]]


def final_values(arms: Arms, *, metric: Metric = Metric.VAL_ACCURACY, space: Space = WIDE) -> Chart:
    """A row for each arm, a dot for each run, a line through the runs of one pair, a bar for the arm's mean.

    The panels are the validation and the test set, and the training set where that is what is compared. Raises
    ``ValueError`` when no run has a value.
    """
    accuracy = metric.is_fraction
    held_out = metric.on_validation, metric.on_test
    wanted = dict.fromkeys((metric, *held_out) if metric not in held_out else held_out)
    panels = {shown: rows for shown in wanted if (rows := _rows(arms, shown, space))}
    if not panels:
        raise ValueError("final values need a run that has one")
    labels = [broken(arm, space) for arm in arms]
    columns = len(panels) if space.columns > 1 else 1
    width = (space.width - space.names - space.gap * (columns - 1)) // columns - 8
    known = [row["value"] for rows in panels.values() for row in rows]
    scale = alt.Scale(domain=[min(known), max(known)], zero=False, padding=12)
    charts = [
        _panel(
            rows, arms, labels, scale=scale, accuracy=accuracy, named=index % columns == 0, space=space
        ).properties(width=width, title=alt.TitleParams(_heading(shown, metric, len(panels)), fontSize=13))
        for index, (shown, rows) in enumerate(panels.items())
    ]
    joined = alt.hconcat(*charts, spacing=space.gap) if columns > 1 else alt.vconcat(*charts, spacing=20)
    subtitle = "A dot for each run; lines join the runs of one seed; bars: the arms' means."
    if any(row["shift"] for rows in panels.values() for row in rows):
        subtitle += " Runs of the same value stand below one another."
    return finish(joined, f"Final {metric.kind} by arm", subtitle, space)


def _rows(arms: Arms, metric: Metric, space: Space) -> list[dict[str, Any]]:
    factor = style_of(metric).factor
    rows: list[dict[str, Any]] = []
    for order, (arm, runs) in enumerate(arms.items()):
        drawn: Counter[float] = Counter()
        for run in runs:
            value = metric.of(run)
            if value is None:
                continue
            rows.append({
                "arm": arm,
                "label": broken(arm, space),
                "order": order,
                "seed": run.seed,
                "pair": run.pair_number,
                "value": value * factor,
                "shift": _SHIFTS[drawn[value] % len(_SHIFTS)],
            })  # fmt: skip
            drawn[value] += 1
    return rows


def _panel(
    rows: list[dict[str, Any]],
    arms: Arms,
    labels: list[str],
    *,
    scale: alt.Scale,
    accuracy: bool,
    named: bool,
    space: Space,
) -> Any:
    y = name_axis(labels, space, shown=named)
    x = alt.X(
        "value:Q",
        title="per cent" if accuracy else None,
        scale=scale,
        axis=alt.Axis(tickCount=5),
    )
    means = [
        {"arm": arm, "label": broken(arm, space), "value": fmean(values)}
        for arm in arms
        if (values := [row["value"] for row in rows if row["arm"] == arm])
    ]
    colour = arm_colour(arms, space, legend=False)
    lines = (
        alt.Chart(inline(rows))
        .mark_line(color=SOFT_INK, strokeWidth=1, opacity=0.55)
        .encode(x=x, y=y, order="order:Q", detail="pair:N")
    )
    dots = [
        alt.Chart(inline(alike))
        .mark_circle(size=64, opacity=0.85, yOffset=shift)
        .encode(
            x=x,
            y=y,
            color=colour,
            tooltip=["arm:N", "seed:Q", alt.Tooltip("value:Q", format=".2f" if accuracy else ".4f")],
        )
        for shift in _SHIFTS
        if (alike := [row for row in rows if row["shift"] == shift])
    ]
    bars = alt.Chart(inline(means)).mark_tick(thickness=3, size=26, color=INK, opacity=1).encode(x=x, y=y)
    row = max(_ROW, 16 * max(label.count("\n") + 1 for label in labels))
    return alt.layer(lines, *dots, bars).properties(height=alt.Step(row))


def _heading(shown: Metric, metric: Metric, panels: int) -> str:
    return f"{shown.words} (compared)" if shown is metric and panels > 1 else shown.words
