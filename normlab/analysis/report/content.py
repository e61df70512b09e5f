"""What a report says, section by section: verdict, setup, caveats, charts, tables, how it was done and is repeated."""

import json
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean
from typing import Any

from normlab.analysis.charts.curves import learning_curves
from normlab.analysis.charts.values import final_values
from normlab.analysis.comparison import ComparisonStatistics
from normlab.analysis.headline import headline
from normlab.analysis.load import Clock
from normlab.analysis.mechanism.result import Mechanism
from normlab.analysis.metrics import style_of
from normlab.analysis.records import RunRecord
from normlab.analysis.report.blocks import Block, Bullets, Code, Figure, Heading, Paragraph, Table
from normlab.analysis.report.cells import by_name, level
from normlab.analysis.report.clocks import clocks, cost, target_words, times
from normlab.analysis.report.effects import along_epochs, differences, test_set
from normlab.analysis.report.inside import inside
from normlab.analysis.report.rerun import command, request_of
from normlab.analysis.report.values import all_values, arms_table
from normlab.analysis.report.verdicts import verdicts
from normlab.documents.caveats import said_once

Arms = Mapping[str, Sequence[RunRecord]]

_COMPLETE = (
    "; the archive below has every job's whole spec (manifest.json), with seed, learning rate and batch size"
)


def content(
    comparison: ComparisonStatistics,
    arms: Arms,
    *,
    request: Mapping[str, Any] | None = None,
    identifier: str | None = None,
    mechanisms: Sequence[Mechanism] = (),
) -> list[Block]:
    """The report's blocks, in order. ``arms`` are the runs that were compared.

    ``request`` is what asked a service for them, ``identifier`` the comparison's there; without a request it is worked
    out from the runs. ``mechanisms`` are what differs inside the networks of each pair of arms, where it was measured.
    """
    return [
        Paragraph(headline(comparison)),
        *verdicts(comparison),
        Heading("What to be careful about"),
        Bullets(_caveats(comparison)),
        *_setup(comparison),
        *_looked_before(comparison, remembered=identifier is not None),
        *_final_values(comparison, arms),
        *differences(comparison),
        *arms_table(comparison),
        *_learning_curves(comparison, arms),
        *along_epochs(comparison),
        *inside(mechanisms),
        *test_set(comparison),
        *clocks(comparison, arms),
        *cost(comparison, arms),
        *times(comparison, arms),
        *all_values(comparison, arms),
        Heading("How it was done"),
        *(Paragraph(text) for text in comparison.method.sentences),
        *_again(request or request_of(comparison, arms), identifier),
    ]


def _setup(comparison: ComparisonStatistics) -> Iterable[Block]:
    setup = comparison.setup
    yield Heading("Setup")
    yield Table(["", "all arms"], [*setup.common.items(), *_question(comparison)])
    if not setup.by_arm:
        yield Paragraph("The arms differ in nothing: they have the same spec.")
        return
    yield Table(
        ["what differs", *comparison.arms],
        [[field, *(values[arm] for arm in comparison.arms)] for field, values in setup.by_arm.items()],
    )


def _question(comparison: ComparisonStatistics) -> Iterable[tuple[str, str]]:
    """By what the arms are compared."""
    style = style_of(comparison.metric)
    yield "compared by", f"{comparison.metric.words}, at {level(comparison.confidence)} confidence"
    if comparison.equivalence_margin:
        yield "margin of equivalence", f"{style.difference(comparison.equivalence_margin)}{style.unit}"
    if comparison.clocks and comparison.clocks.target:
        yield "target", target_words(comparison.clocks.target)


def _looked_before(comparison: ComparisonStatistics, *, remembered: bool) -> Iterable[Block]:
    """Which comparisons had seen these runs; only a service ``remembered`` them."""
    yield Heading("What was looked at before")
    rows = [
        [
            f"{pair.a} and {pair.b}",
            look.comparison,
            f"{'up to ' if look.until_decided else ''}{look.pairs}",
            "it still runs" if look.verdict is None else by_name(look.verdict, pair.a, pair.b),
            level(pair.error_share * (1 - comparison.confidence) / len(comparison.pairs)),
        ]
        for pair in comparison.pairs
        for look in pair.earlier_looks
    ]
    if rows:
        yield Paragraph(
            "Runs of these arms had been compared before. Each look uses a part of the "
            f"{level(1 - comparison.confidence)} error that is allowed; what was left for this one is less."
        )
        yield Table(["", "comparison", "pairs", "what it said", "error allowed for this look"], rows)
    elif remembered:
        yield Paragraph(
            "No: the service knows of no earlier comparison by this metric that looked at fewer, more or other runs of "
            "these arms."
        )
    else:
        yield Paragraph("Not known: only comparisons of a service are remembered.")


def _learning_curves(comparison: ComparisonStatistics, arms: Arms) -> Iterable[Block]:
    if max(len(run.epochs) for runs in arms.values() for run in runs) < 2:
        return  # the final values show all that there is
    by_time = comparison.clock is Clock.WALL
    last = min(len(run.epochs) for runs in arms.values() for run in runs)
    style = style_of(comparison.metric)
    metric = comparison.metric.along_epochs
    ends = []
    for name, runs in arms.items():
        values = [value for run in runs if last and (value := metric.at(run.epochs[last - 1])) is not None]
        ends += [f"{name} {style.value(fmean(values))}"] if values else []
    description = (
        f"{metric.words.capitalize()} along the epochs{' and the training time' if by_time else ''}, by arm. "
        f"Means at epoch {last}: {', '.join(ends)}."
    )
    yield Heading("Learning curves")
    yield Figure(
        lambda space: learning_curves(arms, metric=comparison.metric, by_time=by_time, space=space),
        description,
    )


def _final_values(comparison: ComparisonStatistics, arms: Arms) -> Iterable[Block]:
    style = style_of(comparison.metric)
    means = [f"{name} {style.value(arm.mean)}" for name, arm in comparison.arms.items()]
    yield Heading("Final values")
    yield Figure(
        lambda space: final_values(arms, metric=comparison.metric, space=space),
        "The value of every run at its end, by arm, joined by seed, on the validation and on the test set. Mean "
        f"{comparison.metric.words}: {', '.join(means)}.",
    )


def _caveats(comparison: ComparisonStatistics) -> list[str]:
    of_pairs = {f"{pair.b} against {pair.a}": pair.comparison.caveats for pair in comparison.pairs}
    return said_once(comparison.caveats, of_pairs) or ["Nothing beyond what the intervals say."]


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
    yield Code(_json(request))
    yield Paragraph(
        f"What is not said here has the default of the version under Setup{_COMPLETE if identifier else ''}."
    )
    if identifier is not None:
        yield Paragraph(
            "To the last bit, and judged job by job: save the archive where the comparison is, and reproduce it there "
            "or elsewhere. Same bits need the versions and the hardware of the setup."
        )
        yield Code(f"normlab compare {identifier} --bundle bundle.zip\nnormlab reproduce bundle.zip")


def _json(request: Mapping[str, Any]) -> str:
    """The request with a line for each arm."""
    arms = ",\n".join(f"    {json.dumps(arm, ensure_ascii=False)}" for arm in request["arms"])
    rest = "".join(
        f",\n  {json.dumps(field)}: {json.dumps(value)}"
        for field, value in request.items()
        if field != "arms"
    )
    # Names are other people's text: escaped in JSON's way they are no markup anywhere.
    return f'{{\n  "arms": [\n{arms}\n  ]{rest}\n}}'.replace("<", "\\u003c")
