"""The answer of a sweep as text."""

from typing import Any

from rich.markup import escape

from normlab.cli.display.output import number, out, percent, show_caveats, table
from normlab.documents.statistics import IntervalDocument
from normlab.documents.sweeps import PointDocument, SweepArmDocument, SweepDocument
from normlab.spec.shown import shown


def display_sweep(sweep: SweepDocument) -> None:
    """Write what a sweep is, how far it has come, and its answer."""
    title = f"{sweep.name} ({sweep.id})" if sweep.name else sweep.id
    out.print(title, style="bold", markup=False, soft_wrap=True)
    reason = f" ({sweep.stop_reason})" if sweep.stop_reason else ""
    planned = "" if sweep.progress.points_planned is None else f" of {sweep.progress.points_planned}"
    out.print(
        f"{sweep.state}{reason}; {sweep.strategy} over {', '.join(sweep.space)}; {sweep.progress.points}{planned} "
        "points",
        markup=False,
        soft_wrap=not out.is_terminal,
    )
    if sweep.error:
        out.print(sweep.error, markup=False, soft_wrap=not out.is_terminal)
    show_sweep(sweep)


def show_sweep(sweep: SweepDocument) -> None:
    """Write the answer in sentences, a table of each arm's points, and caveats."""
    result = sweep.result
    if result is None:
        return
    for sentence in result.sentences:
        out.print(sentence, style="bold", markup=False, soft_wrap=not out.is_terminal)
    for arm in sweep.arms:
        out.print()
        _show_points(sweep, arm)
    for change in sweep.widened:
        words = (
            f"{change.parameter} was widened at its {change.side} end, to {change.low:g} to {change.high:g}."
        )
        out.print(words, markup=False, soft_wrap=not out.is_terminal)
    show_caveats(result.caveats)


def _show_points(sweep: SweepDocument, arm: SweepArmDocument) -> None:
    names = {pointer: pointer.rpartition("/")[2] for pointer in sweep.space}
    with_epochs = any(point.epochs is not None for point in arm.points)
    columns = [*names.values(), *(["epochs"] if with_epochs else []), "mean", "interval", "seeds"]
    numbers = tuple(column for column in columns if column != arm.name)
    listing = table(arm.name, *columns, "", numbers=numbers)
    found = None if sweep.result is None else sweep.result.arms[arm.name]
    best = None if found is None else found.best
    for point in sorted(arm.points, key=lambda point: (point.epochs or 0, _order(sweep, point))):
        remark = "" if point.outcome == "complete" else point.outcome
        last = not with_epochs or point.epochs == max(each.epochs or 0 for each in arm.points)
        if best is not None and last and point.number == best.number:
            remark = "best"
        elif best is not None and last and point.number in best.like_it:
            remark = "like the best"
        listing.add_row(
            str(point.number),
            *(_shown(point.values[pointer]) for pointer in names),
            *([str(point.epochs)] if with_epochs else []),
            _value(point.mean, sweep),
            _interval(point.interval, sweep),
            str(sum(job.value is not None for job in point.jobs)),
            escape(remark),
        )
    out.print(listing)


def _order(sweep: SweepDocument, point: PointDocument) -> tuple[Any, ...]:
    """By the values of the parameters; of those that are no numbers by how they are written."""
    values = [point.values[pointer] for pointer in sweep.space]
    return tuple((0, value, "") if _is_number(value) else (1, 0, shown(value)) for value in values)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return escape(value)
    return f"{value:.3g}" if isinstance(value, float) else escape(shown(value))


def _value(value: float | None, sweep: SweepDocument) -> str:
    if value is None:
        return "-"
    return percent(value) if sweep.metric.is_fraction else number(value)


def _interval(interval: IntervalDocument, sweep: SweepDocument) -> str:
    if interval.low is None or interval.high is None:
        return "-"
    return f"{_value(interval.low, sweep)} to {_value(interval.high, sweep)}"
