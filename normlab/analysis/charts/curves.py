"""Learning curves: the metric by epoch and by seconds of training."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from statistics import fmean
from typing import Any

import altair as alt

from normlab.analysis.arms import describe_arm
from normlab.analysis.charts.theme import (
    WIDE,
    Chart,
    Space,
    arm_colour,
    arm_dash,
    epoch_axis,
    finish,
    inline,
    panel_titles,
    time_axis,
    value_axis,
)
from normlab.analysis.fairness import by_arm
from normlab.analysis.headline import listed
from normlab.analysis.records import RunRecord
from normlab.spec.metrics import Metric

_HEIGHT = 280
_LONGEST_TITLE = 80
_RUNS_FOR_A_BAND = 3
"""From two runs the interval of a mean is so wide that it would be the only thing to see."""
_ARMS_WITH_BANDS = 2
"""Of more arms single runs and bands would cover one another: their means are drawn, and the bands around their
differences are a chart of their own."""

Arms = Mapping[str, Sequence[RunRecord]]
Rows = list[dict[str, Any]]


def learning_curves(
    runs: Sequence[RunRecord] | Arms,
    *,
    metric: Metric = Metric.VAL_ACCURACY,
    by_time: bool = True,
    space: Space = WIDE,
) -> Chart:
    """The metric by epoch and, unless seconds say nothing, ``by_time`` of training, coloured by arm.

    ``runs`` are any runs, which are then grouped by arm, or runs by the arm's name. With several runs of an arm the
    thick line is their mean; of one or two arms the thin ones are the single runs, and the band is the mean's 95 %
    interval at each epoch. Of a test metric the one of the validation set is shown. Raises ``ValueError`` when there
    is no run.
    """
    metric = metric.along_epochs
    arms: Arms = runs if isinstance(runs, Mapping) else by_arm(runs)
    if not any(arms.values()):
        raise ValueError("a chart needs at least one run")
    single = [row for arm, group in arms.items() for run in group for row in _rows(arm, run, metric)]
    means = [row for arm, group in arms.items() for row in _means(arm, group, metric)]
    replicated = any(len(group) > 1 for group in arms.values())
    apart = not replicated or len(arms) <= _ARMS_WITH_BANDS
    axis = value_axis([row["value"] for row in single], fractions=metric.is_fraction)
    y = alt.Y("value:Q", scale=alt.Scale(zero=False, nice=True, padding=8), axis=axis)
    epochs = [row["epoch"] for row in single]
    epoch = epoch_axis(min(epochs, default=1), max(epochs, default=1), space)
    seconds = time_axis("training time (s, without compilation)", space.panel())
    colour = arm_colour(arms, space)
    draw = _Layers(
        single=single if apart else [],
        means=means if replicated else [],
        y=y,
        axis=axis,
        colour=colour,
        dash=arm_dash(arms),
        metric=metric,
    )
    kind = f"{metric.words}, {'means of all runs, ' if replicated and not apart else ''}"
    columns = space.columns if by_time else 1
    titles = panel_titles((f"{kind}at equal epochs", f"{kind}at equal training time"), space, columns)
    drawn = (draw.along(epoch, band=apart), draw.along(seconds, band=False))
    panels = [
        panel.properties(width=space.panel(columns), height=_HEIGHT, title=title)
        for panel, title in zip(drawn, titles.values(), strict=True)
    ][: 2 if by_time else 1]
    joined = (
        alt.hconcat(*panels, spacing=space.gap) if space.columns > 1 else alt.vconcat(*panels, spacing=20)
    )
    return finish(
        joined, f"Learning curves: {_names(arms)}", _subtitle(arms, apart=apart, by_time=by_time), space
    )


@dataclass(frozen=True)
class _Layers:
    """What is drawn over any horizontal axis: single runs, means, and the band of the means."""

    single: Rows
    means: Rows
    y: alt.Y
    axis: alt.Axis
    colour: alt.Color
    dash: alt.StrokeDash
    metric: Metric

    def along(self, x: alt.X, *, band: bool) -> Any:
        """All of it by epoch or by seconds."""
        layers: list[Any] = []
        encoding: dict[str, Any] = {"x": x, "y": self.y, "color": self.colour, "strokeDash": self.dash}
        thin: dict[str, Any] = {"strokeWidth": 1, "opacity": 0.4} if self.means else {"strokeWidth": 2.5}
        one_epoch = len({row["epoch"] for row in (*self.single, *self.means)}) == 1
        if band and self.means:
            layers += self._band(x, one_epoch=one_epoch)
        if self.single or not self.means:
            runs = alt.Chart(inline(self.single)).encode(**encoding, detail="run:N")
            layers.append(runs.mark_line(**thin))
            if not self.means or one_epoch:
                size = 20 if self.means else 45
                layers.append(
                    runs.mark_point(size=size, filled=True, opacity=1).encode(tooltip=_tooltip(self.metric))
                )
        if self.means:
            means = alt.Chart(inline(self.means)).encode(**encoding)
            layers.append(means.mark_line(strokeWidth=3))
            if one_epoch:  # makes no line
                layers.append(means.mark_point(size=90, filled=True, opacity=1))
        return alt.layer(*layers)

    def _band(self, x: alt.X, *, one_epoch: bool) -> list[Any]:
        known = [row for row in self.means if "low" in row]
        if not known:
            return []
        means = alt.Chart(inline(known)).encode(
            x=x, y=alt.Y("low:Q", axis=self.axis), y2="high:Q", color=self.colour
        )
        return [means.mark_rule(strokeWidth=3, opacity=0.5) if one_epoch else means.mark_area(opacity=0.16)]


def _names(arms: Arms) -> str:
    names = listed(list(arms), " against ")
    return names if len(arms) < 3 and len(names) <= _LONGEST_TITLE else f"{len(arms)} arms"


def _rows(arm: str, run: RunRecord, metric: Metric) -> Rows:
    return [
        {
            "arm": arm,
            "run": run.job,
            "epoch": point.epoch,
            "seconds": round(seconds, 6),
            "value": value,
        }
        for point, seconds in zip(run.epochs, run.training_seconds, strict=True)
        if (value := metric.at(point)) is not None and isfinite(seconds)
    ]


def _means(arm: str, runs: Sequence[RunRecord], metric: Metric) -> Rows:
    """The arm's mean at each epoch that all its runs have: where a run ended, a mean would jump.

    Its time is the mean of the runs' training seconds until that epoch's end.
    """
    rows = []
    clocks = zip(*(run.training_seconds for run in runs), strict=False)
    for points, seconds in zip(zip(*(run.epochs for run in runs), strict=False), clocks, strict=True):
        values = [value for point in points if (value := metric.at(point)) is not None]
        if len(values) == len(runs) and isfinite(fmean(seconds)):
            statistics = describe_arm(values, bounds=metric.bounds)
            row: dict[str, Any] = {
                "arm": arm,
                "epoch": points[0].epoch,
                "seconds": round(fmean(seconds), 6),
                "value": statistics.mean,
            }
            if len(values) >= _RUNS_FOR_A_BAND:
                row |= {"low": statistics.interval.low, "high": statistics.interval.high}
            rows.append(row)
    return rows


def _tooltip(metric: Metric) -> list[alt.Tooltip]:
    return [
        alt.Tooltip("arm:N"),
        alt.Tooltip("run:N"),
        alt.Tooltip("epoch:Q"),
        alt.Tooltip("seconds:Q", format=".2f"),
        alt.Tooltip(
            "value:Q",
            format=_format(metric),
            title=metric.words,
        ),
    ]


def _subtitle(arms: Arms, *, apart: bool, by_time: bool) -> str:
    counts = {len(group) for group in arms.values()}
    if counts == {1}:
        return "One run of each: what the seed does to these curves is not known."
    runs = str(counts.pop()) if len(counts) == 1 else f"{min(counts)} to {max(counts)}"
    clock = " By time: the mean of the runs' times at each epoch." if by_time else ""
    if not apart:
        return f"Means of {runs} runs of each arm.{clock}"
    return (
        f"{runs} runs of each arm. Thick: their mean; band: the mean's 95 % interval at each epoch alone; thin: the "
        f"single runs.{clock}"
    )


def _format(metric: Metric) -> str:
    if metric.is_fraction:
        return ".2%"
    return ",.4~r" if metric.is_error else ".4f"
