"""The parts of a report that say how the arms differ: pairs of runs, along the epochs, and on other test sets."""

from collections.abc import Iterable
from statistics import fmean

from normlab.analysis.charts.pairs import difference_curves, paired_differences
from normlab.analysis.comparison import ComparisonStatistics, PairReport
from normlab.analysis.metrics import style_of
from normlab.analysis.report.blocks import NOTHING, Block, Bullets, Figure, Heading, Paragraph, Table
from normlab.analysis.report.cells import better_in, interval, level, minus, number, p_value, verdict


def differences(comparison: ComparisonStatistics) -> Iterable[Block]:
    """Each pair of arms: the difference of each pair of runs, their mean, and how sure that is."""
    style = style_of(comparison.metric)
    unit = f" ({style.unit.strip()})" if style.unit else ""
    several = len(comparison.pairs) > 1
    bootstrapped = any(pair.comparison.bootstrap_interval for pair in comparison.pairs)
    head = ["", "verdict", f"difference{unit}", "interval", "its level", "exact test: p"]
    head += [*(["corrected p"] if several else []), "t test: p", "effect size d_z", "better in pairs"]
    head += ["bootstrap (BCa)"] if bootstrapped else []
    rows = []
    for pair in comparison.pairs:
        result = pair.comparison
        rows.append([
            minus(pair),
            verdict(result.verdict, pair.a, pair.b),
            style.difference(result.difference, sign=True),
            interval(result.interval, style.factor, style.digits),
            level(result.confidence),
            p_value(result.p_value),
            *([p_value(pair.adjusted_p_value)] if several else []),
            p_value(result.t_p_value),
            number(result.effect_size),
            better_in(pair),
            *([interval(result.bootstrap_interval, style.factor, style.digits)] if bootstrapped else []),
        ])  # fmt: skip
    yield Heading("Differences")
    yield Figure(paired_differences(comparison), "Difference of each pair of runs, with mean and interval.")
    yield Table(head, rows)


def along_epochs(comparison: ComparisonStatistics) -> Iterable[Block]:
    """Where along the epochs a difference is shown; nothing of a single epoch, which says nothing new."""
    drawn = [
        pair
        for pair in comparison.pairs
        if pair.curve and pair.curve.pairs > 1 and len(pair.curve.difference) > 1
    ]
    if not drawn:
        return
    shown = [pair for pair in drawn if shows_a_difference(pair)]
    if shown:
        yield Figure(difference_curves(comparison), "Mean difference along the epochs with its band.")
        yield Bullets([f"{minus(pair)}: {pair.curve.reading}" for pair in shown if pair.curve])
    silent = [f"{pair.a} and {pair.b}" for pair in drawn if pair not in shown]
    if silent:
        yield Paragraph(f"No difference is shown at any epoch between {'; between '.join(silent)}.")


def shows_a_difference(pair: PairReport) -> bool:
    """Whether the band of a pair's difference leaves zero at some epoch."""
    return pair.curve is not None and any(ends.excludes_zero() for ends in pair.curve.band)


def test_set(comparison: ComparisonStatistics) -> Iterable[Block]:
    """What other seeds and what other test examples would have changed."""
    rows = [
        [
            minus(pair),
            number(100 * variance.difference, sign=True),
            *(number(100 * error) for error in (variance.seeds, variance.test_set, variance.both)),
            interval(variance.interval, 100),
            interval(pair.test_set.interval, 100),
        ]
        for pair in comparison.pairs
        if (variance := pair.variance) and pair.test_set
    ]
    tested = [_networks(pair) for pair in comparison.pairs if pair.mcnemar]
    if rows or tested:
        yield Heading("Luck of the seeds, luck of the test set")
    if rows:
        head = [
            "",
            "difference in test accuracy",
            "standard error: seeds",
            "standard error: test set",
            "both",
            f"{level(comparison.confidence)} interval: seeds and test set",
            f"{level(comparison.confidence)} interval: test set alone",
        ]
        yield Table(head, rows)
        yield Paragraph(
            "In percentage points. More seeds reduce only the first of the two standard errors. The last interval is "
            "a bootstrap over test examples: it is that of other test sets for these same networks. These intervals "
            "are of each pair of arms alone, corrected for nothing."
        )
    if tested:
        yield Bullets(tested)


def _networks(pair: PairReport) -> str:
    """McNemar's tests of an arm's networks against another's."""
    tests = [test for _, test in pair.mcnemar]
    apart = sum(test.p_value <= 0.05 for test in tests)
    only_b, only_a = (
        fmean(counts) for counts in zip(*((t.only_b_right, t.only_a_right) for t in tests), strict=True)
    )
    return (
        f"{pair.b} against {pair.a}, network by network: McNemar's exact test tells {apart} of {len(tests)} pairs "
        f"apart at 5 %. On average, {only_b:.0f} test examples are right only in {pair.b}, and {only_a:.0f} only in "
        f"{pair.a}."
    )


def arms_table(comparison: ComparisonStatistics) -> Table:
    """Each arm's values in short."""
    style = style_of(comparison.metric)
    return Table(
        [
            "arm",
            f"mean {comparison.metric.words}",
            "standard deviation",
            f"{level(comparison.confidence)} interval of the mean",
            "runs",
        ],
        [
            [
                name,
                style.value(arm.mean),
                NOTHING if arm.standard_deviation is None else style.difference(arm.standard_deviation),
                interval(arm.interval, style.factor, style.digits),
                str(len(arm.values)),
            ]
            for name, arm in comparison.arms.items()
        ],
    )
