"""Accuracy by severity, a panel for each corruption, networks or arms side by side."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import altair as alt

from normlab.analysis.charts.theme import (
    WIDE,
    Chart,
    Space,
    arm_colour,
    finish,
    inline,
    panel_titles,
    value_axis,
)
from normlab.documents.robustness import (
    AccuracyDocument,
    ComparisonRobustnessDocument,
    CorruptionFiguresDocument,
    RobustnessDocument,
    RobustnessFiguresDocument,
    SeverityDocument,
)

_HEIGHT = 130
_APART = 0.09
"""Severities between the marks of two networks, so that their intervals can be told apart."""
_TRAINED, _RE_ESTIMATED = "statistics of the training", "statistics re-estimated on the corrupted pictures"


class _Shown(NamedTuple):
    arm: str
    statistics: str
    figures: RobustnessFiguresDocument


def of_network(document: RobustnessDocument, name: str, *, space: Space = WIDE) -> Chart:
    """A job's network, with each kind of statistics."""
    shown = _both(name, document.trained, document.re_estimated)
    return _chart(
        shown, f"{name} on corrupted pictures", f"{document.sentence} {_BARS} over pictures.", space
    )


def of_arms(document: ComparisonRobustnessDocument, *, space: Space = WIDE) -> Chart:
    """The arms of a comparison, means over their seeds."""
    shown = [each for arm in document.arms for each in _both(arm.arm, arm.trained, arm.re_estimated)]
    said = " ".join(each.sentence for each in document.differences)
    return _chart(shown, "Accuracy on corrupted pictures", f"{said} {_BARS} over seeds.".strip(), space)


_BARS = "Severity 0 is the clean picture. Bars: 95 % intervals"


def _both(
    name: str, trained: RobustnessFiguresDocument, re_estimated: RobustnessFiguresDocument | None
) -> list[_Shown]:
    shown = [_Shown(name, _TRAINED, trained)]
    return shown if re_estimated is None else [*shown, _Shown(name, _RE_ESTIMATED, re_estimated)]


def _chart(shown: Sequence[_Shown], title: str, subtitle: str, space: Space) -> Chart:
    arms = list(dict.fromkeys(each.arm for each in shown))
    names = [each.corruption.replace("_", " ") for each in shown[0].figures.corruptions]
    columns = min(len(names), 3 if space.columns > 1 else 1)
    titles = panel_titles(names, space, columns)
    rows = [list(_rows(shown, place)) for place in range(len(names))]
    low = min(row[end] for panel in rows for row in panel for end in ("low", "accuracy"))
    scale = alt.Scale(domain=[max(0.0, low - 0.02), 1], nice=True)
    panels = [
        _panel(panel, arms, scale, space).properties(
            width=space.panel(columns), height=_HEIGHT, title=titles[name]
        )
        for name, panel in zip(names, rows, strict=True)
    ]
    lines = [
        alt.hconcat(*panels[at : at + columns], spacing=space.gap) for at in range(0, len(panels), columns)
    ]
    return finish(alt.vconcat(*lines, spacing=18), title, subtitle, space)


def _rows(shown: Sequence[_Shown], place: int) -> Iterator[dict[str, Any]]:
    for number, (arm, statistics, figures) in enumerate(shown):
        corruption: CorruptionFiguresDocument = figures.corruptions[place]
        points: list[tuple[int, AccuracyDocument | SeverityDocument]] = [
            (0, figures.clean),
            *((each.severity, each) for each in corruption.severities),
        ]
        for severity, point in points:
            ends = point.interval.low, point.interval.high
            yield {
                "arm": arm,
                "statistics": statistics,
                "severity": severity,
                "at": severity + _APART * (number - (len(shown) - 1) / 2),
                "accuracy": point.accuracy,
                "low": point.accuracy if ends[0] is None else ends[0],
                "high": point.accuracy if ends[1] is None else ends[1],
            }


def _panel(rows: list[dict[str, Any]], arms: Sequence[str], scale: alt.Scale, space: Space) -> Any:
    base = alt.Chart(inline(rows)).encode(
        x=alt.X("at:Q", title=None, axis=alt.Axis(values=[*range(6)], format="d", grid=False)),
        color=arm_colour(arms, space),
        detail="statistics:N",
        tooltip=["arm:N", "statistics:N", "severity:Q", alt.Tooltip("accuracy:Q", format=".2%")],
    )
    kinds = [_TRAINED, _RE_ESTIMATED]
    dash = alt.StrokeDash(
        "statistics:N",
        title=None,
        scale=alt.Scale(domain=kinds, range=[[1, 0], [5, 3]]),
        legend=alt.Legend(orient="top", labelLimit=space.width, symbolSize=400)
        if any(row["statistics"] == _RE_ESTIMATED for row in rows)
        else None,
    )
    y = alt.Y("accuracy:Q", scale=scale, axis=value_axis([0, 1], fractions=True))
    return (
        base.mark_rule(strokeWidth=2.5, opacity=0.45).encode(
            y=alt.Y("low:Q", scale=scale, axis=value_axis([0, 1], fractions=True)), y2="high:Q"
        )
        + base.mark_line(strokeWidth=2, clip=True).encode(y=y, strokeDash=dash)
        + base.mark_point(filled=True, size=26, opacity=1).encode(y=y)
    )
