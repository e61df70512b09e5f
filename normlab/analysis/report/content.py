"""What a report says, section by section: setup, verdict, caveats, charts, tables, how it was done and is repeated."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from normlab.analysis.charts.curves import learning_curves
from normlab.analysis.comparison import ComparisonStatistics
from normlab.analysis.headline import headline
from normlab.analysis.metrics import style_of
from normlab.analysis.records import RunRecord
from normlab.analysis.report.blocks import Block, Bullets, Code, Figure, Heading, Paragraph, Table
from normlab.analysis.report.clocks import clocks, cost, times
from normlab.analysis.report.effects import along_epochs, arms_table, differences, test_set
from normlab.analysis.report.rerun import command, request_of

Arms = Mapping[str, Sequence[RunRecord]]


def content(
    comparison: ComparisonStatistics,
    arms: Arms,
    *,
    request: Mapping[str, Any] | None = None,
    identifier: str | None = None,
) -> list[Block]:
    """The report's blocks, in order. ``arms`` are the runs that were compared.

    ``request`` is what asked a service for them, ``identifier`` the comparison's there; without a request it is worked
    out from the runs.
    """
    return [
        Paragraph(headline(comparison)),
        *_setup(comparison),
        Heading("Verdict"),
        *(Paragraph(pair.sentence, strong=True) for pair in comparison.pairs),
        Heading("What to be careful about"),
        Bullets(_caveats(comparison)),
        *differences(comparison),
        Heading("Arms"),
        arms_table(comparison),
        Heading("Learning curves"),
        _learning_curves(comparison, arms),
        *along_epochs(comparison),
        *test_set(comparison),
        *clocks(comparison, arms),
        *cost(comparison),
        *times(arms),
        Heading("All values"),
        _values(comparison),
        Heading("How it was done"),
        *(Paragraph(text) for text in comparison.method.sentences),
        *_again(request or request_of(comparison, arms), identifier),
    ]


def _setup(comparison: ComparisonStatistics) -> Iterable[Block]:
    setup = comparison.setup
    yield Heading("Setup")
    yield Table(["", "all arms"], list(setup.common.items()))
    if not setup.by_arm:
        yield Paragraph("The arms differ in nothing: they have the same spec.")
        return
    yield Table(
        ["what differs", *comparison.arms],
        [[field, *(values[arm] for arm in comparison.arms)] for field, values in setup.by_arm.items()],
    )


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


def _values(comparison: ComparisonStatistics) -> Table:
    style = style_of(comparison.metric)
    return Table(
        ["seed", *comparison.arms],
        [
            [str(seed), *(style.value(arm.values[index]) for arm in comparison.arms.values())]
            for index, seed in enumerate(comparison.seeds)
        ],
    )


def _again(request: Mapping[str, Any] | None, identifier: str | None) -> Iterable[Block]:
    yield Heading("How to run it again")
    if request is None:
        yield Paragraph(
            "Submit a job with each arm's spec for each of the seeds above, and compare these jobs."
        )
        return
    shell = command(request)
    if shell is not None:
        yield Paragraph("With a service that runs (normlab up):")
        yield Code(shell)
    yield Paragraph(f"{'The same as' if shell else 'As'} a request, the body of POST /comparisons:")
    # Names are other people's text: escaped in JSON's way they are no markup anywhere.
    yield Code(json.dumps(request, indent=2, ensure_ascii=False).replace("<", "\\u003c"))
    if identifier is not None:
        yield Paragraph(
            "To the last bit, and judged job by job: save the archive where the comparison is, and reproduce it there "
            "or elsewhere. Same bits need the versions and the hardware of the setup."
        )
        yield Code(f"normlab compare {identifier} --bundle bundle.zip\nnormlab reproduce bundle.zip")
