"""The parts of a report that say how the arms differ: pairs of runs, along the epochs, and on other test sets."""

from collections.abc import Iterable
from dataclasses import replace
from statistics import fmean

from normlab.analysis.charts.pairs import difference_curves, paired_differences, pairs_with_bands
from normlab.analysis.comparison import ComparisonStatistics
from normlab.analysis.headline import listed
from normlab.analysis.metrics import style_of
from normlab.analysis.orientation import minus, sign_of, turned
from normlab.analysis.report.blocks import Block, Bullets, Figure, Heading, Paragraph, Table
from normlab.analysis.report.cells import agreeing, interval, interval_in, level, number, p_value, verdict


def differences(comparison: ComparisonStatistics) -> Iterable[Block]:
    """Each pair of arms: the difference of each pair of runs, their mean, and how sure that is."""
    style = style_of(comparison.metric)
    unit = f" ({style.unit.strip()})" if style.unit else ""
    told = [
        f"{minus(pair)} {style.difference(sign_of(pair) * pair.comparison.difference, sign=True)} ("
        f"{interval_in(turned(pair.comparison.interval, sign_of(pair)), style)}), "
        f"{verdict(pair.comparison.verdict)}"
        for pair in comparison.pairs
    ]
    yield Heading("Differences")
    yield Figure(
        lambda space: paired_differences(comparison, space=space),
        f"Difference in {comparison.metric.words}{unit} of each pair of runs, with mean and interval. "
        f"{'; '.join(told)}.",
    )
    yield Table(
        ["", f"difference{unit}", "interval", "its level", "verdict", "seeds with this sign (interval)"],
        [
            [
                minus(pair),
                style.difference(sign_of(pair) * pair.comparison.difference, sign=True),
                interval_in(turned(pair.comparison.interval, sign_of(pair)), style),
                level(pair.comparison.confidence),
                verdict(pair.comparison.verdict),
                agreeing(pair),
            ]
            for pair in comparison.pairs
        ],
    )
    yield from _bases(comparison)
    yield _tests(comparison)


def _tests(comparison: ComparisonStatistics) -> Table:
    """The p values and what else stands beside the verdicts."""
    style = style_of(comparison.metric)
    corrected = any(pair.comparison.basis.corrected_for for pair in comparison.pairs)
    bootstrapped = any(pair.comparison.bootstrap_interval for pair in comparison.pairs)
    head = [
        "",
        "exact test: p",
        "t test: p",
        *(["corrected p"] if corrected else []),
        "effect size (d_z)",
    ]
    head += ["bootstrap interval (BCa)"] if bootstrapped else []
    rows = [
        [
            minus(pair),
            p_value(pair.comparison.p_value),
            p_value(pair.comparison.t_p_value),
            *([p_value(pair.adjusted_p_value)] if corrected else []),
            number(None if (effect := pair.comparison.effect_size) is None else sign_of(pair) * effect),
            *(
                [
                    interval_in(
                        (ends := pair.comparison.bootstrap_interval) and turned(ends, sign_of(pair)),
                        style,
                    )
                ]
                if bootstrapped
                else []
            ),
        ]
        for pair in comparison.pairs
    ]
    return Table(head, rows)


def _bases(comparison: ComparisonStatistics) -> Iterable[Block]:
    """What the intervals of the table above are corrected for, and what they suppose."""
    for common in dict.fromkeys(replace(pair.comparison.basis, level=0.0) for pair in comparison.pairs):
        corrected = (
            f"corrected for {listed(common.corrected_for)}, so that at most {level(1 - common.together)} of such "
            "comparisons call an arm better that is not"
            if common.corrected_for
            else "corrected for nothing"
        )
        yield Paragraph(
            f"The intervals are Student's, {corrected}. They suppose {common.supposes}. In brackets: the exact "
            "interval of the share of seeds for which the difference has this sign. d_z: the mean difference over the "
            "standard deviation of the differences."
        )
    if any(pair.comparison.bootstrap_basis for pair in comparison.pairs):
        supposed = {basis.supposes for pair in comparison.pairs if (basis := pair.comparison.bootstrap_basis)}
        yield Paragraph(f"The bootstrap's intervals suppose {listed(sorted(supposed))}.")


def along_epochs(comparison: ComparisonStatistics) -> Iterable[Block]:
    """Where along the epochs a difference is shown; nothing of a single epoch, which says nothing new."""
    drawn = [pair for pair in pairs_with_bands(comparison) if pair.curve and len(pair.curve.difference) > 1]
    if not drawn:
        return
    shown = [pair for pair in drawn if pair.curve and pair.curve.leaves_zero]
    if shown:
        readings = [f"{pair.a} and {pair.b}: {pair.curve.reading}" for pair in shown if pair.curve]
        yield Figure(
            lambda space: difference_curves(comparison, space=space),
            f"Mean difference along the epochs with its band. {' '.join(readings)}",
        )
        yield Bullets(readings)
        yield Paragraph(
            "The band has to hold for all epochs at once, so it is wider than the interval of the last epoch alone; "
            "the verdict uses the latter."
        )
    silent = [f"{pair.a} and {pair.b}" for pair in drawn if pair not in shown]
    if silent:
        yield Paragraph(f"No difference is shown at any epoch between {'; between '.join(silent)}.")
    if len(drawn) < len(comparison.pairs):
        yield Paragraph(
            f"Of so many pairs of arms, only those with {drawn[0].a} are looked at along the epochs."
        )


def test_set(comparison: ComparisonStatistics) -> Iterable[Block]:
    """What other seeds and what other test examples would have changed."""
    rows = [
        [
            minus(pair),
            number(100 * sign_of(pair) * variance.difference, sign=True),
            *(number(100 * error) for error in (variance.seeds, variance.test_set, variance.both)),
            interval(turned(variance.interval, sign_of(pair)), 100),
            interval(turned(pair.test_set.interval, sign_of(pair)), 100),
        ]
        for pair in comparison.pairs
        if (variance := pair.variance) and pair.test_set
    ]
    if rows or any(pair.mcnemar for pair in comparison.pairs):
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
            "In percentage points. The standard errors: of other seeds on this test set, of other test sets for these "
            "seeds, and of both drawn anew, which is never less than either. The first interval is Student's for both, "
            "its degrees of freedom by Satterthwaite's approximation; the second a bootstrap over test examples for "
            "these same networks. Both are of each pair of arms alone, corrected for nothing."
        )
    yield from _networks(comparison)


def _networks(comparison: ComparisonStatistics) -> Iterable[Block]:
    """McNemar's tests of the networks of each pair of arms."""
    rows = []
    for pair in comparison.pairs:
        if not pair.mcnemar:
            continue
        tests = [test for _, test in pair.mcnemar]
        apart = sum(test.p_value <= 0.05 for test in tests)
        only_a, only_b = (
            fmean(test.only_a_right for test in tests),
            fmean(test.only_b_right for test in tests),
        )
        rows.append([
            f"{pair.a} and {pair.b}",
            f"{apart} of {len(tests)}",
            f"{number(only_a, 0)} by {pair.a}, {number(only_b, 0)} by {pair.b}",
        ])  # fmt: skip
    if rows:
        yield Paragraph(
            "Network by network, by McNemar's exact test on the same test examples, each at 5 %, not corrected:"
        )
        yield Table(["", "pairs of networks told apart", "examples that only one gets right (mean)"], rows)
