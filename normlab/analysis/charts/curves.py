"""Learning curves: the metric by epoch and by seconds of training."""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

import altair as alt

from normlab.analysis.arms import describe_arm
from normlab.analysis.charts.theme import Chart, arm_colour, arm_dash, finish, panel_title
from normlab.analysis.fairness import by_arm
from normlab.analysis.records import RunRecord
from normlab.spec.metrics import Metric

_WIDTH, _HEIGHT = 430, 300
_LONGEST_TITLE = 80
_RUNS_FOR_A_BAND = 3
"""From two runs the interval of a mean is so wide that it would be the only thing to see."""

Arms = Mapping[str, Sequence[RunRecord]]


def learning_curves(runs: Sequence[RunRecord] | Arms, *, metric: Metric = Metric.VAL_ACCURACY) -> Chart:
    """Every run's metric, by epoch and by training seconds, coloured by arm.

    ``runs`` are any runs, which are then grouped by arm, or runs by the arm's name. With several runs of an
    arm the thick line is their mean by epoch, the thin ones are the single runs, and the band is the mean's
    95 % interval at each epoch. Of a test metric the one of the validation set is shown. Raises ``ValueError``
    when there is no run.
    """
    metric = metric.along_epochs
    arms: Arms = runs if isinstance(runs, Mapping) else by_arm(runs)
    if not any(arms.values()):
        raise ValueError("a chart needs at least one run")
    rows = [row for arm, group in arms.items() for run in group for row in _rows(arm, run, metric)]
    replicated = any(len(group) > 1 for group in arms.values())
    y = alt.Y(
        "value:Q",
        title=metric.words,
        scale=alt.Scale(zero=False, nice=True, padding=8),
        axis=alt.Axis(format=_format(metric, [row["value"] for row in rows])),
    )
    colour, dash = arm_colour(arms), arm_dash(arms)
    encoding: dict[str, Any] = {"y": y, "color": colour, "strokeDash": dash}
    base = alt.Chart(alt.InlineData(values=rows)).encode(**encoding, detail="run:N")
    thin = {"strokeWidth": 1.2, "opacity": 0.45} if replicated else {"strokeWidth": 3}
    last_epoch = max((row["epoch"] for row in rows), default=1)
    epoch = alt.X(
        "epoch:Q",
        title="epoch",
        axis=alt.Axis(tickMinStep=1, format="d", tickCount=min(last_epoch, 10)),
        scale=alt.Scale(domainMin=0, nice=False),
    )
    seconds = alt.X(
        "seconds:Q", title="training time (seconds, without compilation)", scale=alt.Scale(domainMin=0)
    )
    points = base.mark_point(size=14 if replicated else 45, filled=True, opacity=1).encode(
        tooltip=_tooltip(metric)
    )
    by_epoch: Any = base.mark_line(**thin).encode(x=epoch)
    by_seconds = base.mark_line(**thin).encode(x=seconds) + points.encode(x=seconds)
    if replicated:
        means = alt.Chart(
            alt.InlineData(values=[row for arm, group in arms.items() for row in _means(arm, group, metric)])
        )
        low = alt.Y("low:Q", title=metric.words)
        band = means.mark_area(opacity=0.18).encode(x=epoch, y=low, y2="high:Q", color=colour)
        by_epoch = band + by_epoch + means.mark_line(strokeWidth=3.5).encode(**encoding, x=epoch)
        if last_epoch == 1:  # a single epoch makes neither a line nor a band
            interval = means.mark_rule(strokeWidth=3, opacity=0.5).encode(
                x=epoch, y=low, y2="high:Q", color=colour
            )
            mean = means.mark_point(size=90, filled=True, opacity=1).encode(x=epoch, y=y, color=colour)
            by_epoch += interval + mean
    else:
        by_epoch += points.encode(x=epoch)
    panels = alt.hconcat(
        by_epoch.properties(width=_WIDTH, height=_HEIGHT, title=panel_title("At equal epochs")),
        by_seconds.properties(width=_WIDTH, height=_HEIGHT, title=panel_title("At equal training time")),
        spacing=40,
    )
    return finish(panels, f"Learning curves: {_listed(arms)}", _subtitle(arms))


def _listed(arms: Arms) -> str:
    names = list(arms)
    listed = " against ".join(names) if len(names) < 3 else f"{', '.join(names[:-1])} and {names[-1]}"
    return listed if len(listed) <= _LONGEST_TITLE else f"{len(names)} arms"


def _rows(arm: str, run: RunRecord, metric: Metric) -> list[dict[str, Any]]:
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


def _means(arm: str, runs: Sequence[RunRecord], metric: Metric) -> list[dict[str, Any]]:
    """The arm's mean at each epoch that all its runs have: where a run ended, a mean would jump."""
    rows = []
    for points in zip(*(run.epochs for run in runs), strict=False):
        values = [value for point in points if (value := metric.at(point)) is not None]
        if len(values) == len(runs):
            statistics = describe_arm(values)
            row: dict[str, Any] = {"arm": arm, "epoch": points[0].epoch, "value": statistics.mean}
            if len(values) >= _RUNS_FOR_A_BAND:
                row |= {"low": statistics.interval.low, "high": statistics.interval.high}
            rows.append(row)
    return rows


def _format(metric: Metric, values: Sequence[float]) -> str:
    """Accuracies in whole per cent, or in tenths where the curves lie close together; losses as they come."""
    if not metric.higher_is_better:
        return ".3~g"
    return ".1%" if values and max(values) - min(values) < 0.05 else ".0%"


def _tooltip(metric: Metric) -> list[alt.Tooltip]:
    return [
        alt.Tooltip("arm:N"),
        alt.Tooltip("run:N"),
        alt.Tooltip("epoch:Q"),
        alt.Tooltip("seconds:Q", format=".2f"),
        alt.Tooltip("value:Q", format=".2%" if metric.higher_is_better else ".4f", title=metric.words),
    ]


def _subtitle(arms: Arms) -> str:
    counts = {len(group) for group in arms.values()}
    if counts == {1}:
        return "One run of each: what the seed does to these curves is not known."
    runs = str(counts.pop()) if len(counts) == 1 else f"{min(counts)} to {max(counts)}"
    return f"{runs} runs of each arm. Thick: their mean; band: its 95 % interval at each epoch; thin: the single runs."
