"""Learning curves: validation accuracy by epoch and by seconds of training."""

from collections.abc import Sequence
from typing import Any

import altair as alt

from normlab.analysis.charts.theme import Chart, arm_colour, arm_dash, finish
from normlab.analysis.fairness import by_arm
from normlab.analysis.records import RunRecord

_WIDTH, _HEIGHT = 430, 300


def learning_curves(runs: Sequence[RunRecord]) -> Chart:
    """Every run's validation accuracy, by epoch and by training seconds, coloured by arm.

    With several runs of an arm the thick line is their mean by epoch and the thin ones are the single runs.
    Raises ``ValueError`` when there is no run.
    """
    if not runs:
        raise ValueError("a chart needs at least one run")
    arms = by_arm(runs)
    rows = [row for arm, group in arms.items() for run in group for row in _rows(arm, run)]
    replicated = any(len(group) > 1 for group in arms.values())
    values = [row["accuracy"] for row in rows]
    scale = alt.Scale(zero=False, nice=True, padding=8)
    accuracy = alt.Y("accuracy:Q", title="validation accuracy", scale=scale, axis=alt.Axis(format=".0%"))
    if values and max(values) - min(values) < 0.05:
        accuracy = accuracy.axis(format=".1%")
    colour, dash = arm_colour(arms), arm_dash(arms)
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        y=accuracy, color=colour, detail="run:N", strokeDash=dash
    )
    thin = {"strokeWidth": 1.2, "opacity": 0.45} if replicated else {"strokeWidth": 3}
    last_epoch = max((row["epoch"] for row in rows), default=1)
    ticks = alt.Axis(tickMinStep=1, format="d", tickCount=min(last_epoch, 10))
    epoch = alt.X("epoch:Q", title="epoch", axis=ticks, scale=alt.Scale(domainMin=0, nice=False))
    by_epoch: Any = base.mark_line(**thin).encode(x=epoch)
    if replicated:
        # A mean over epochs that only some runs reached would jump where a run ends.
        shared = min(len(run.epochs) for run in runs)
        mean = alt.Chart(alt.InlineData(values=[row for row in rows if row["epoch"] <= shared]))
        by_epoch += mean.mark_line(strokeWidth=3.5).encode(
            x=epoch, y=accuracy.aggregate("mean"), color=colour, strokeDash=dash
        )
    else:
        by_epoch += base.mark_point(size=45, filled=True, opacity=1).encode(x=epoch, tooltip=_tooltip())
    seconds = alt.X(
        "seconds:Q", title="training time (seconds, without compilation)", scale=alt.Scale(domainMin=0)
    )
    by_seconds: Any = base.mark_line(**thin).encode(x=seconds)
    by_seconds += base.mark_point(size=45 if not replicated else 14, filled=True).encode(
        x=seconds, tooltip=_tooltip()
    )
    panels = alt.hconcat(
        by_epoch.properties(width=_WIDTH, height=_HEIGHT, title=_panel("At equal epochs")),
        by_seconds.properties(width=_WIDTH, height=_HEIGHT, title=_panel("At equal training time")),
        spacing=40,
    )
    return finish(panels, f"Learning curves: {' against '.join(arms)}", _subtitle(arms))


def _rows(arm: str, run: RunRecord) -> list[dict[str, Any]]:
    return [
        {
            "arm": arm,
            "run": run.job,
            "epoch": point.epoch,
            "seconds": round(seconds, 6),
            "accuracy": point.val_accuracy,
        }
        for point, seconds in zip(run.epochs, run.training_seconds, strict=True)
        if point.val_accuracy is not None
    ]


def _tooltip() -> list[alt.Tooltip]:
    return [
        alt.Tooltip("arm:N"),
        alt.Tooltip("run:N"),
        alt.Tooltip("epoch:Q"),
        alt.Tooltip("seconds:Q", format=".2f"),
        alt.Tooltip("accuracy:Q", format=".2%", title="validation accuracy"),
    ]


def _panel(text: str) -> alt.TitleParams:
    return alt.TitleParams(text, fontSize=15, fontWeight=500, offset=8)


def _subtitle(arms: dict[str, list[RunRecord]]) -> str:
    counts = {len(group) for group in arms.values()}
    if counts == {1}:
        return "One run of each: what the seed does to these curves is not known."
    runs = str(counts.pop()) if len(counts) == 1 else f"{min(counts)} to {max(counts)}"
    return f"{runs} runs of each arm: thick is their mean, thin the single runs."
