"""What a report says, section by section: verdict, caveats, charts, tables, how it was done."""

from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean

from normlab.analysis.charts.clocks import accuracy_against_cost, target_curves
from normlab.analysis.charts.curves import learning_curves
from normlab.analysis.charts.pairs import difference_curves, paired_differences
from normlab.analysis.comparison import ComparisonStatistics, PairReport
from normlab.analysis.intervals import Interval
from normlab.analysis.metrics import style_of
from normlab.analysis.records import RunRecord
from normlab.analysis.report.blocks import NOTHING, Block, Bullets, Figure, Heading, Paragraph, Table
from normlab.analysis.verdict import Verdict

Arms = Mapping[str, Sequence[RunRecord]]


def content(comparison: ComparisonStatistics, arms: Arms) -> list[Block]:
    """The report's blocks, in order. ``arms`` are the runs that were compared."""
    return [
        Heading("Verdict"),
        *(Paragraph(pair.sentence, strong=True) for pair in comparison.pairs),
        Heading("What to be careful about"),
        Bullets(_caveats(comparison)),
        *_what_differs(comparison),
        Heading("Learning curves"),
        _learning_curves(comparison, arms),
        *_curve_readings(comparison),
        Heading("Pairs"),
        Figure(paired_differences(comparison), "Difference of each pair of runs, with mean and interval."),
        *_pairs(comparison),
        Heading("Arms"),
        _arms(comparison),
        *_times(arms),
        *_clocks(comparison),
        *_cost(comparison),
        *_variance(comparison),
        Heading("All values"),
        _values(comparison),
        Heading("How it was done"),
        *(Paragraph(text) for text in _method(comparison)),
    ]


def _learning_curves(comparison: ComparisonStatistics, arms: Arms) -> Figure:
    what = comparison.metric.along_epochs.words
    description = f"{what[0].upper()}{what[1:]} of every run, by epoch and by training time."
    return Figure(learning_curves(arms, metric=comparison.metric), description)


def _caveats(comparison: ComparisonStatistics) -> list[str]:
    """Each caveat once: of all pairs of arms as it is, of some with their names."""
    told_of: dict[str, list[str]] = {}
    for pair in comparison.pairs:
        for text in pair.comparison.caveats:
            told_of.setdefault(text, []).append(f"{pair.b} against {pair.a}")
    own = [
        text if len(names) == len(comparison.pairs) else f"{'; '.join(names)}: {text}"
        for text, names in told_of.items()
    ]
    return [*comparison.caveats, *own] or ["Nothing beyond what the intervals say."]


def _what_differs(comparison: ComparisonStatistics) -> Iterable[Block]:
    yield Heading("What differs between the arms")
    if not comparison.differences:
        yield Paragraph("Nothing: the arms have the same spec.")
        return
    yield Table(
        ["", *comparison.arms],
        [
            [difference.field, *(NOTHING if (value := difference.values.get(arm)) is None else str(value)
                                 for arm in comparison.arms)]
            for difference in comparison.differences
        ],
    )  # fmt: skip


def _curve_readings(comparison: ComparisonStatistics) -> Iterable[Block]:
    if any(pair.curve and pair.curve.pairs > 1 for pair in comparison.pairs):
        yield Figure(difference_curves(comparison), "Mean difference along the epochs with its band.")
        yield Bullets([
            f"{pair.b} against {pair.a}: {pair.curve.reading}" for pair in comparison.pairs if pair.curve
        ])  # fmt: skip


def _pairs(comparison: ComparisonStatistics) -> Iterable[Block]:
    style = style_of(comparison.metric)
    adjusted = ["Holm's p"] if len(comparison.pairs) > 1 else []  # of one pair of arms it is the exact test's
    head = ["", "verdict", f"difference{f' ({style.unit.strip()})' if style.unit else ''}", "interval", "BCa interval",
            "exact p", *adjusted, "t test's p", "d_z", "P(first better)", "pairs"]  # fmt: skip
    rows = []
    for pair in comparison.pairs:
        result = pair.comparison
        rows.append([
            f"{pair.b} minus {pair.a}",
            _verdict(pair.comparison.verdict, pair.a, pair.b),
            style.difference(result.difference, sign=True),
            _interval(result.interval.times(style.factor), style.digits),
            _interval(result.bootstrap_interval.times(style.factor), style.digits),
            f"{result.p_value:.3g}",
            *([f"{pair.adjusted_p_value:.3g}"] if adjusted else []),
            f"{result.t_p_value:.2g}",
            NOTHING if result.effect_size is None else f"{result.effect_size:.2f}",
            f"{result.probability_b_better:.2f}",
            str(result.pairs),
        ])  # fmt: skip
    yield Table(head, rows)


def _arms(comparison: ComparisonStatistics) -> Table:
    style = style_of(comparison.metric)
    return Table(
        ["arm", f"mean {comparison.metric.words}", "standard deviation", "interval of the mean", "runs"],
        [
            [
                name,
                style.value(arm.mean),
                NOTHING if arm.standard_deviation is None else style.difference(arm.standard_deviation),
                _interval(arm.interval.times(style.factor), style.digits),
                str(len(arm.values)),
            ]
            for name, arm in comparison.arms.items()
        ],
    )


_PHASES = ("waiting", "starting", "compiling", "training", "evaluating", "exporting")


def _times(arms: Arms) -> Iterable[Block]:
    """Where the runs' time went; only the training is on the clocks of the comparison."""
    rows = []
    for name, runs in arms.items():
        known = {
            phase: [seconds for run in runs if (seconds := run.timings.get(f"{phase}_seconds")) is not None]
            for phase in _PHASES
        }
        rows.append([name, *(f"{fmean(seconds):.2f}" if seconds else NOTHING for seconds in known.values())])
    if any(cell != NOTHING for row in rows for cell in row[1:]):
        yield Paragraph(
            "Where the time of a run went, mean seconds. The clocks and costs below count the training alone: a "
            "program that an earlier run has compiled is used again, so compiling says nothing of an arm."
        )
        yield Table(["arm", *_PHASES], rows)


def _clocks(comparison: ComparisonStatistics) -> Iterable[Block]:
    clocks = comparison.clocks
    if clocks is None or clocks.epoch is None or clocks.seconds is None:
        return
    style = style_of(comparison.metric)
    yield Heading("Three clocks")
    rows = [
        [
            f"{pair.b} minus {pair.a}",
            where,
            f"{style.difference(pair.comparison.difference, sign=True)}{style.unit}",
            _interval(pair.comparison.interval.times(style.factor), style.digits),
            _verdict(pair.comparison.verdict, pair.a, pair.b),
        ]
        for where, pairs in (
            (f"at epoch {clocks.epoch}", clocks.at_epoch),
            (f"after {clocks.seconds:.1f} s of training", clocks.at_seconds),
        )
        for pair in pairs or ()
    ]
    yield Table(["", "clock", "difference", "interval", "verdict"], rows)
    if clocks.at_seconds is None:
        yield Paragraph("Some run had not finished an epoch in the training time that all runs have.")
    target = clocks.target
    if target is None:
        return
    yield Figure(target_curves(target), "Share of runs that have reached the target, by training time.")
    yield Table(
        ["arm", "reached", "median training time to the target (s)"],
        [
            [
                name,
                f"{arm.reached} of {arm.runs}",
                "not reached by half" if arm.median is None else f"{arm.median:.1f}",
            ]
            for name, arm in target.arms.items()
        ],
    )
    yield Bullets([
        f"{b} against {a}: log-rank p = {test.p_value:.2g}. {' '.join(test.caveats)}".strip()
        for a, b, test in target.pairs
    ])  # fmt: skip


def _cost(comparison: ComparisonStatistics) -> Iterable[Block]:
    if not comparison.costs:
        return
    yield Heading("What it costs")
    yield Figure(accuracy_against_cost(comparison), "Mean accuracy of each arm against its training time.")
    yield Bullets([
        *(pair.cost.reading for pair in comparison.pairs if pair.cost),
        f"Worth their cost (no other arm is both cheaper and better): {', '.join(comparison.pareto_front)}.",
    ])  # fmt: skip


def _variance(comparison: ComparisonStatistics) -> Iterable[Block]:
    rows = [
        [
            f"{pair.b} minus {pair.a}",
            *(
                f"{100 * value:.2f}"
                for value in (variance.difference, variance.seeds, variance.test_set, variance.both)
            ),
            _interval(variance.interval.times(100), 2),
            _interval(pair.test_set.interval.times(100), 2),
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
            "test set",
            "both",
            "interval for both",
            "bootstrap over test examples",
        ]
        yield Table(head, rows)
        yield Paragraph(
            "In percentage points. More seeds reduce only the first of the two standard errors. The bootstrap's "
            "interval is that of other test sets for these same networks."
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


def _values(comparison: ComparisonStatistics) -> Table:
    style = style_of(comparison.metric)
    return Table(
        ["seed", *comparison.arms],
        [
            [str(seed), *(style.value(arm.values[index]) for arm in comparison.arms.values())]
            for index, seed in enumerate(comparison.seeds)
        ],
    )


def _method(comparison: ComparisonStatistics) -> list[str]:
    level = f"{100 * comparison.confidence:.4g} %"
    verdict = (
        f"An arm is called better when Student's {level} interval of the paired differences excludes zero and the "
        "exact sign-flip test agrees; with pairs too few for that test, when the t test reaches half the error."
    )
    if comparison.equivalence_margin:
        style = style_of(comparison.metric)
        margin = f"{style.difference(comparison.equivalence_margin)}{style.unit}"
        verdict += f" Equivalent means that the interval lies within {margin} of zero."
    texts = [
        "Each arm was trained with the same number of seeds. Runs with the same seed form a pair; where arms have "
        "seeds of their own, runs with the first seed of each do, and so on. The comparison uses the "
        f"{comparison.metric.words} at the end of each run, never that of its best epoch.",
        f"{verdict} Everything else is not decided, which is not the same as equal.",
    ]
    if len(comparison.pairs) > 1:
        texts.append("Holm's method keeps the error of all pairs of arms together at that of a single one.")
    return texts


def _verdict(verdict: Verdict, a: str, b: str) -> str:
    match verdict:
        case Verdict.A_BETTER:
            return f"{a} better"
        case Verdict.B_BETTER:
            return f"{b} better"
        case Verdict.EQUIVALENT:
            return "equivalent"
        case Verdict.INCONCLUSIVE:
            return "not decided"


def _interval(interval: Interval, digits: int) -> str:
    if abs(interval.low) == float("inf"):
        return NOTHING
    return f"{interval.low:.{digits}f} to {interval.high:.{digits}f}".replace("-", "\N{MINUS SIGN}")
