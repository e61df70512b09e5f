"""The parts of a report that are about time: where it went, the three clocks, and what it buys."""

from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean

from normlab.analysis.charts.clocks import accuracy_against_cost, target_curves
from normlab.analysis.clocks import Target
from normlab.analysis.comparison import ComparisonStatistics
from normlab.analysis.load import Clock
from normlab.analysis.metrics import style_of
from normlab.analysis.orientation import minus, sign_of, turned
from normlab.analysis.records import RunRecord
from normlab.analysis.report.blocks import NOTHING, Block, Bullets, Figure, Heading, Paragraph, Table
from normlab.analysis.report.cells import interval_in, level, number, p_value, verdict
from normlab.analysis.several import ArmPair
from normlab.analysis.sizes import size_of
from normlab.documents.caveats import in_one

Arms = Mapping[str, Sequence[RunRecord]]

_PHASES = ("waiting", "starting", "compiling", "training", "probing", "evaluating", "exporting")


def times(comparison: ComparisonStatistics, arms: Arms) -> Iterable[Block]:
    """Where the runs' time went; only the training is on the clocks of the comparison."""
    compared = comparison.clock is not Clock.NONE
    rows = []
    for name, runs in arms.items():
        known = {
            phase: [seconds for run in runs if (seconds := run.timings.get(f"{phase}_seconds")) is not None]
            for phase in _PHASES
        }
        digits = 2 if compared else 1
        rows.append(
            [name, *(number(fmean(seconds), digits) if seconds else NOTHING for seconds in known.values())]
        )
    if any(cell != NOTHING for row in rows for cell in row[1:]):
        yield Heading("Where the time went" if compared else "Where the time went (not for comparing arms)")
        yield Paragraph(
            "Mean seconds of a run. Clocks and costs count the training alone: probing is apart, and a program that an "
            "earlier run has compiled is used again, so compiling says nothing of an arm."
            if compared
            else "Mean seconds of a run, to see what a run waits for. They are not for comparing arms: times of these "
            "runs could not be measured fairly, and whoever runs first compiles for the others."
        )
        yield Table(["arm", *_PHASES], rows)


def clocks(comparison: ComparisonStatistics, arms: Arms) -> Iterable[Block]:
    """The arms at equal epochs, at equal training time, and by the time to the target; nothing where none of them adds
    to what is said anyway."""
    found = comparison.clocks
    if found is None or found.epoch is None:
        return
    equally_long = len({len(run.epochs) for runs in arms.values() for run in runs}) == 1
    blocks: list[Block] = []
    if not equally_long:
        blocks += _at(f"at epoch {found.epoch}", found.at_epoch, comparison)
    if found.seconds is not None:
        blocks += _at(f"after {found.seconds:.1f} s of training", found.at_seconds, comparison) or [
            Paragraph("Some run had not finished an epoch in the training time that all runs have.")
        ]
    if found.target is not None:
        blocks += _target(found.target)
    if blocks:
        if found.seconds is None:
            blocks.insert(
                0, Paragraph(f"At equal training time: not compared, since {_no_seconds(comparison)}.")
            )
        if found.target is None:
            blocks.append(Paragraph("By the time to a target: none was set."))
        yield Heading("Three clocks")
        if equally_long:
            yield Paragraph(
                f"At equal epochs: all runs have {found.epoch}, so this clock says what is said above."
            )
        yield from blocks


def _no_seconds(comparison: ComparisonStatistics) -> str:
    """Why there is no training time at which the arms are compared."""
    if comparison.clock is Clock.WALL:
        return "the runs have no training time in common"
    return "seconds of these runs on the wall clock say nothing of the arms"


def _at(where: str, pairs: Sequence[ArmPair] | None, comparison: ComparisonStatistics) -> list[Block]:
    """The arms at one point of their training."""
    if not pairs:
        return []
    style = style_of(comparison.metric)
    unit = f" ({style.unit.strip()})" if style.unit else ""
    rows = [
        [
            minus(pair),
            style.difference(sign_of(pair) * pair.comparison.difference, sign=True),
            interval_in(turned(pair.comparison.interval, sign_of(pair)), style),
            level(pair.comparison.confidence),
            verdict(pair.comparison.verdict),
        ]
        for pair in pairs
    ]
    return [Table([where, f"difference{unit}", "interval", "its level", "verdict"], rows)]


def target_words(target: Target) -> str:
    """``90 % validation accuracy``."""
    return f"{100 * target.accuracy:.4g} % validation accuracy"


def _target(target: Target) -> Iterable[Block]:
    goal = target_words(target)
    if not any(arm.reached for arm in target.arms.values()):
        yield Paragraph(f"By the time to the target: no run reached {goal}.")
        return
    yield Figure(
        lambda space: target_curves(target, space=space),
        f"Share of runs that have reached the target, by {target.unit}. Reached by "
        + ", ".join(f"{arm.reached} of {arm.runs} of {name}" for name, arm in target.arms.items())
        + ".",
    )
    yield Table(
        ["arm", f"reached {goal}", f"median time to it ({target.unit})"],
        [
            [
                name,
                f"{arm.reached} of {arm.runs}",
                "not reached by half" if arm.median is None else number(arm.median, 1),
            ]
            for name, arm in target.arms.items()
        ],
    )
    yield Table(
        ["", "log-rank test: p"],
        [[f"{a} and {b}", p_value(test.p_value)] for a, b, test in target.pairs],
    )
    caveats = [text for *_, test in target.pairs for text in test.caveats]
    if caveats:
        yield Bullets(in_one(caveats))


def cost(comparison: ComparisonStatistics, arms: Arms) -> Iterable[Block]:
    """What the arms cost beside what they give: sizes always, time where it can be compared."""
    if not comparison.metric.is_accuracy:
        return
    yield Heading("What it costs")
    yield from _sizes(arms)
    if not comparison.costs:
        yield Paragraph("Time: not given, since it could not be measured fairly.")
        return
    told = [
        f"{name} {100 * arm.accuracy:.2f} % in {arm.seconds:.3g} s" for name, arm in comparison.costs.items()
    ]
    yield Figure(
        lambda space: accuracy_against_cost(comparison, space=space),
        f"Mean {comparison.metric.kind} of each arm against its {comparison.clock.words}: {'; '.join(told)}.",
    )
    yield Bullets([pair.cost.reading for pair in comparison.pairs if pair.cost])
    if comparison.pareto_front is not None:
        front = ", ".join(comparison.pareto_front)
        yield Paragraph(f"Worth their cost (no other arm is both cheaper and better): {front}.")


def _sizes(arms: Arms) -> Iterable[Block]:
    """How many parameters the arms have and how much they multiply, against the first."""
    sizes = {name: size for name, runs in arms.items() if (size := size_of(runs[0].spec))}
    if len(sizes) == len(arms):
        yield _against_first("Parameters", {name: size.parameters for name, size in sizes.items()})
        yield _against_first(
            "Multiplications for one sample, in matrices and convolutions",
            {name: size.multiplications_per_sample for name, size in sizes.items()},
        )


def _against_first(what: str, counts: Mapping[str, int]) -> Block:
    (first, least), *others = counts.items()
    more = [
        f"{name} {count - least:+,} ({number(100 * (count - least) / least, 1, sign=True)} %)"
        for name, count in others
        if count != least
    ]
    beside = f"; {', '.join(more)}".replace("-", "\N{MINUS SIGN}") if more else ", the others as many"
    return Paragraph(f"{what}: {first} {least:,}{beside}.")
