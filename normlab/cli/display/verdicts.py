"""The answer of a comparison as text."""

from collections.abc import Callable, Sequence

from rich.markup import escape

from normlab.cli.display.output import out, percent, seconds, show_caveats, table
from normlab.cli.display.setup import show_setup
from normlab.documents.caveats import said_once
from normlab.documents.comparisons import ComparisonDocument
from normlab.documents.statistics import ClocksDocument, IntervalDocument, PairReportDocument, WinsDocument
from normlab.spec.metrics import Metric
from normlab.spec.shown import to_four_figures


def show_answer(comparison: ComparisonDocument) -> None:
    """Write what was trained, the verdict, what each arm came to, how they differ, at what cost, and caveats."""
    result = comparison.result
    if result is None:
        return
    if result.headline is not None:
        out.print(result.headline, markup=False, soft_wrap=not out.is_terminal)
        out.print()
    show_setup(result.setup)
    metric = comparison.metric
    for pair in result.pairs:
        out.print(pair.sentence, style="bold", markup=False, soft_wrap=not out.is_terminal)
    out.print()
    level = f"{100 * comparison.confidence:g} % interval"
    deviation = "deviation (points)" if metric.is_fraction else "deviation"
    figures = ("mean", level, deviation, "seeds", *(["training"] if result.costs else []))
    arms = table("arm", *figures, numbers=figures, names={"arm": result.arms})
    for name, arm in result.arms.items():
        cost = result.costs.get(name)
        arms.add_row(
            escape(name),
            metric_value(arm.mean, metric),
            _interval(arm.interval, metric),
            _difference(arm.standard_deviation, metric),
            str(len(arm.values)),
            *([seconds(cost.seconds) if cost else "-"] if result.costs else []),
        )
    out.print(arms)
    out.print()
    difference = "difference (points)" if metric.is_fraction else "difference"
    columns = (difference, "interval", "corrected p" if _is_corrected(result.pairs) else "p", "effect (d_z)")
    differences = table("arms", *columns, numbers=columns, names={"arms": result.arms})
    for pair in result.pairs:
        statistics = pair.comparison
        differences.add_row(
            escape(f"{pair.b} minus {pair.a}{_wins(pair.a, pair.b, statistics.wins)}"),
            _difference(statistics.difference, metric, sign=True),
            _interval(statistics.interval, metric, _difference),
            _p_value(pair.adjusted_p_value),
            "-" if statistics.effect_size is None else _minus(f"{statistics.effect_size:.2f}"),
        )
    out.print(differences)
    _show_target(result.clocks)
    of_pairs = {f"{pair.b} against {pair.a}": pair.comparison.caveats for pair in result.pairs}
    show_caveats(said_once(result.caveats, of_pairs))


def _is_corrected(pairs: Sequence[PairReportDocument]) -> bool:
    """Whether a p value is another than that of the test which decided."""
    return any(
        (basis := pair.comparison.basis) is None
        or basis.corrected_for
        or pair.comparison.deciding_test == "t_alone"
        for pair in pairs
    )


def _show_target(clocks: ClocksDocument | None) -> None:
    target = clocks and clocks.target
    if not target:
        return
    out.print()
    for name, epochs in target.epochs.items():
        reached = [epoch for epoch in epochs if epoch is not None]
        median = target.arms[name].median
        when = ""
        if median is not None:
            by_epochs = target.unit == "epochs"
            when = (
                f", half of them by {f'epoch {median:g}' if by_epochs else f'{seconds(median)} of training'}"
            )
        text = f"{name}: {len(reached)} of {len(epochs)} runs reached {percent(target.accuracy)}{when}."
        out.print(text, markup=False, soft_wrap=not out.is_terminal)


def _p_value(value: float | None) -> str:
    """Corrected for the arms and for which test decided, so not always that of the sentence above."""
    if value is None:
        return "-"
    return f"{value:.3g}" if value >= 0.001 else f"{value:.5f}"


def _wins(a: str, b: str, wins: WinsDocument | None) -> str:
    """Which arm is ahead in how many of the pairs; a count, which claims nothing."""
    if wins is None:
        return ""
    name, count = (b, wins.b) if wins.b >= wins.a else (a, wins.a)
    ties = f", {wins.ties} ties" if wins.ties else ""
    return f"\n  {name} is ahead in {count} of {wins.a + wins.b + wins.ties}{ties}"


def metric_value(value: float | None, metric: Metric) -> str:
    """A run's metric: accuracies in percent, errors in the target's unit."""
    if metric.is_fraction or value is None:
        return percent(value)
    return _minus(to_four_figures(value) if metric.is_error else f"{value:.4f}")


def _difference(value: float | None, metric: Metric, *, sign: bool = False) -> str:
    """A difference, of accuracies in percentage points."""
    if value is None:
        return "-"
    if metric.is_error:
        return _minus(to_four_figures(value, sign=sign))
    form = "+" if sign else ""
    return _minus(f"{100 * value:{form}.2f}" if metric.is_fraction else f"{value:{form}.4f}")


def _interval(
    interval: IntervalDocument, metric: Metric, form: Callable[[float | None, Metric], str] = metric_value
) -> str:
    if interval.low is None or interval.high is None:
        return "-"
    return f"{form(interval.low, metric).removesuffix(' %')} to {form(interval.high, metric)}"


def _minus(text: str) -> str:
    return text.replace("-", "\N{MINUS SIGN}")
