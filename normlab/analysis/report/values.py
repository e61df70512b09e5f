"""The values that a comparison rests on: of each arm in short, and of every run."""

from collections.abc import Iterable

from normlab.analysis.comparison import ComparisonStatistics, common_seeds, paired_values
from normlab.analysis.metrics import style_of
from normlab.analysis.report.blocks import NOTHING, Block, Heading, Paragraph, Table
from normlab.analysis.report.cells import interval_in, level
from normlab.analysis.report.clocks import Arms


def arms_table(comparison: ComparisonStatistics) -> Iterable[Block]:
    """Each arm's values in short."""
    style = style_of(comparison.metric)
    yield Heading("Arms")
    yield Table(
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
                interval_in(arm.interval, style),
                str(len(arm.values)),
            ]
            for name, arm in comparison.arms.items()
        ],
    )
    cut_off = any(
        arm.standard_deviation and set(arm.interval) & set(comparison.metric.bounds)
        for arm in comparison.arms.values()
    )
    yield Paragraph(
        "These intervals are of each arm alone, corrected for nothing. Where they overlap, the pairs can tell the arms "
        "apart all the same."
        + " One that ends where such means end was longer and is cut off there."
        * cut_off
    )


def all_values(comparison: ComparisonStatistics, arms: Arms) -> Iterable[Block]:
    """Every run's value of the metric, and of the same on the test set, where each has one."""
    yield Heading("All values")
    metric = comparison.metric
    for shown in dict.fromkeys((metric, metric.on_test)):
        seeds = common_seeds(arms, shown)
        if not set(comparison.seeds) <= set(seeds):
            continue
        style, values = style_of(shown), paired_values(arms, shown)
        told = " (compared)" if shown is metric else " of the same networks"
        yield Paragraph(f"{shown.words[0].upper()}{shown.words[1:]}{told}, by seed and arm:")
        yield Table(
            ["seed", *arms],
            [
                [str(seed), *(style.value(values[name][at]) for name in arms)]
                for at, seed in enumerate(seeds)
                if seed in comparison.seeds
            ],
        )
