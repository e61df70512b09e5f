"""What training time buys: time to the target, and accuracy against cost."""

from typing import Any

import altair as alt

from normlab.analysis.charts.theme import (
    WIDE,
    Chart,
    Space,
    arm_colour,
    arm_dash,
    finish,
    inline,
    time_axis,
    value_axis,
)
from normlab.analysis.clocks import Target
from normlab.analysis.comparison import ComparisonStatistics

_HEIGHT = 260
_TARGET_AXIS = {"seconds": "training time (s, without compilation)", "epochs": "epochs"}


def target_curves(target: Target, *, space: Space = WIDE) -> Chart:
    """The share of each arm's runs that have reached the target, by training time; a cross where a run ended
    without it (such runs are censored, not dropped)."""
    steps, ends = [], []
    latest = max(
        (time for arm in target.arms.values() for time in (*arm.times, *arm.ended_without)), default=1.0
    )
    for name, arm in target.arms.items():
        shares = [0.0, *(1 - share for share in arm.not_reached)]
        times = [0.0, *arm.times]
        last = latest if not arm.ended_without else max(*arm.ended_without, *times)
        steps += [
            {"arm": name, "seconds": time, "share": share}
            for time, share in zip([*times, last], [*shares, shares[-1]], strict=True)
        ]
        ends += [
            {
                "arm": name,
                "seconds": time,
                "share": next(
                    share for at, share in reversed([*zip(times, shares, strict=True)]) if at <= time
                ),
            }
            for time in arm.ended_without
        ]
    x = time_axis(_TARGET_AXIS[target.unit], space.panel(1))
    y = alt.Y("share:Q", scale=alt.Scale(domain=[0, 1]), axis=value_axis([0, 1], fractions=True))
    colour = arm_colour(target.arms, space)
    chart: Any = (
        alt.Chart(inline(steps))
        .mark_line(interpolate="step-after", strokeWidth=3)
        .encode(x=x, y=y, color=colour, strokeDash=arm_dash(target.arms))
    )
    if ends:
        crosses = alt.Chart(inline(ends)).mark_point(shape="cross", size=110, filled=True, opacity=1)
        chart += crosses.encode(x=x, y=y, color=colour)
    subtitle = "Kaplan-Meier estimate." + (" Crosses: runs that ended before the target." if ends else "")
    return finish(
        chart.properties(
            width=space.panel(1),
            height=_HEIGHT,
        ),
        f"Runs that have reached {100 * target.accuracy:.4g} % validation accuracy",
        subtitle,
        space,
    )


def accuracy_against_cost(comparison: ComparisonStatistics, *, space: Space = WIDE) -> Chart:
    """Each arm's accuracy (mean and interval) against its training time; the line joins the arms worth their
    cost.

    Raises ``ValueError`` when the comparison is not about an accuracy.
    """
    if not comparison.costs:
        raise ValueError("accuracy against cost needs a comparison by an accuracy")
    rows = []
    for name, cost in comparison.costs.items():
        arm = comparison.arms[name]
        row: dict[str, Any] = {"arm": name, "seconds": cost.seconds, "accuracy": cost.accuracy}
        if len(arm.values) > 2:
            row |= {"low": arm.interval.low, "high": arm.interval.high}
        rows.append(row)
    front = [row for name in comparison.pareto_front or () for row in rows if row["arm"] == name]
    x = time_axis(f"{comparison.clock.words} of a run (mean, without compilation)", space.panel(1))
    words = comparison.metric.words
    axis = value_axis([row["accuracy"] for row in rows], fractions=True)
    y = alt.Y("accuracy:Q", scale=alt.Scale(zero=False, padding=20), axis=axis)
    colour = arm_colour(comparison.costs, space, symbol="circle")
    base = alt.Chart(inline(rows))
    chart = (
        alt.Chart(inline(front))
        .mark_line(color="#777777", strokeDash=[6, 4], strokeWidth=1.5)
        .encode(x=x, y=y, order="seconds:Q")
        + base.mark_rule(strokeWidth=3, opacity=0.6).encode(
            x=x, y=alt.Y("low:Q", axis=axis), y2="high:Q", color=colour
        )
        + base.mark_circle(size=160, opacity=1).encode(x=x, y=y, color=colour)
    )
    subtitle = "Mean and its interval."
    if front:
        subtitle += " Dashed: no other arm is both cheaper and better."
    chart = chart.properties(width=space.panel(1), height=_HEIGHT)
    return finish(chart, f"{words.capitalize()} against {comparison.clock.words}", subtitle, space)
