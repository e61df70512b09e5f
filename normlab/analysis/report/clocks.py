"""The parts of a report that are about time: where it went, the three clocks, and what it buys."""

from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean

from normlab.analysis.charts.clocks import accuracy_against_cost, target_curves
from normlab.analysis.clocks import Target
from normlab.analysis.comparison import ComparisonStatistics
from normlab.analysis.metrics import style_of
from normlab.analysis.records import RunRecord
from normlab.analysis.report.blocks import NOTHING, Block, Bullets, Figure, Heading, Paragraph, Table
from normlab.analysis.report.cells import in_one, interval, level, minus, number, p_value, verdict
from normlab.analysis.several import ArmPair

Arms = Mapping[str, Sequence[RunRecord]]

_PHASES = ("waiting", "starting", "compiling", "training", "evaluating", "exporting")


def times(arms: Arms) -> Iterable[Block]:
    """Where the runs' time went; only the training is on the clocks of the comparison."""
    rows = []
    for name, runs in arms.items():
        known = {
            phase: [seconds for run in runs if (seconds := run.timings.get(f"{phase}_seconds")) is not None]
            for phase in _PHASES
        }
        rows.append([name, *(number(fmean(seconds)) if seconds else NOTHING for seconds in known.values())])
    if any(cell != NOTHING for row in rows for cell in row[1:]):
        yield Heading("Where the time went")
        yield Paragraph(
            "Mean seconds of a run. Clocks and costs count the training alone: a program that an earlier run has "
            "compiled is used again, so compiling says nothing of an arm."
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
        yield Heading("Three clocks")
        if equally_long:
            yield Paragraph(
                f"At equal epochs: all runs have {found.epoch}, so this clock says what is said above."
            )
        yield from blocks


def _at(where: str, pairs: Sequence[ArmPair] | None, comparison: ComparisonStatistics) -> list[Block]:
    """The arms at one point of their training."""
    if not pairs:
        return []
    style = style_of(comparison.metric)
    unit = f" ({style.unit.strip()})" if style.unit else ""
    rows = [
        [
            minus(pair),
            style.difference(pair.comparison.difference, sign=True),
            interval(pair.comparison.interval, style.factor, style.digits),
            level(pair.comparison.confidence),
            verdict(pair.comparison.verdict),
        ]
        for pair in pairs
    ]
    return [Table([where, f"difference{unit}", "interval", "its level", "verdict"], rows)]


def _target(target: Target) -> Iterable[Block]:
    goal = f"{100 * target.accuracy:.4g} % validation accuracy"
    if not any(arm.reached for arm in target.arms.values()):
        yield Paragraph(f"By the time to the target: no run reached {goal}.")
        return
    yield Figure(
        lambda space: target_curves(target, space=space),
        f"Share of runs that have reached the target, by {target.unit}.",
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


def cost(comparison: ComparisonStatistics) -> Iterable[Block]:
    """What the arms cost beside what they give."""
    if not comparison.costs:
        return
    yield Heading("What it costs")
    yield Figure(
        lambda space: accuracy_against_cost(comparison, space=space),
        "Mean accuracy of each arm against its training time.",
    )
    yield Bullets([pair.cost.reading for pair in comparison.pairs if pair.cost])
    if comparison.pareto_front is not None:
        front = ", ".join(comparison.pareto_front)
        yield Paragraph(f"Worth their cost (no other arm is both cheaper and better): {front}.")
