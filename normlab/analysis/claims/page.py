"""A trial as one page: claim by claim, chart by chart. Every sentence is made from the numbers."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from normlab.analysis.charts.claims import claim_chart
from normlab.analysis.charts.curves import learning_curves
from normlab.analysis.charts.theme import Chart, Space
from normlab.analysis.claims.claim import Claim
from normlab.analysis.claims.registry import all_claims
from normlab.analysis.claims.words import number
from normlab.analysis.records import RunRecord
from normlab.analysis.report.blocks import NOTHING, Block, Bullets, Code, Figure, Heading, Paragraph, Table
from normlab.analysis.report.html import page_of
from normlab.analysis.setup import setup_of
from normlab.documents.claims import Answer, OutcomeDocument, PartDocument
from normlab.spec.metrics import Metric

_SAID = {
    Answer.HOLDS: "holds",
    Answer.DOES_NOT_HOLD: "does not hold",
    Answer.DEPENDS_ON_DEFINITION: "depends on the definition",
    Answer.NOT_APPLICABLE: "does not apply",
    Answer.INCONCLUSIVE: "not decided",
}

_METHOD = (
    "Every definition of every claim is tested pair by pair: that there is no effect as claimed, and that there is one "
    "that matters. Holm's procedure keeps the error of all of these together: with the stated confidence no outcome on "
    "this page is wrong. Definitions of claims that turned out not to apply are counted as well. What is not decided "
    "is not refuted: the smallest effect that these pairs would have shown with a probability of 80 % stands beside it."
)


def trial_page(
    outcomes: Sequence[OutcomeDocument],
    arms: Mapping[str, Sequence[RunRecord]],
    *,
    confidence: float,
    caveats: Sequence[str] = (),
    left_out: Sequence[str] = (),
    subtitle: str = "",
    request: str = "",
) -> str:
    """A page that loads nothing. The same data give the same page.

    Args:
        outcomes: Of each claim, in order.
        arms: The runs of both arms as they are: without the change, and with it.
        confidence: Of all outcomes together.
        caveats: What to be careful about.
        left_out: A sentence for each job without a result.
        subtitle: What only the caller knows, such as when and where it was done.
        request: The body of a request that asks for the same trial.
    """
    a, b = arms
    return page_of(
        [*_blocks(outcomes, arms, confidence, [*caveats, *left_out], request)],
        title=f"{b} on trial, against {a}",
        subtitle=subtitle,
    )


def _blocks(
    outcomes: Sequence[OutcomeDocument],
    arms: Mapping[str, Sequence[RunRecord]],
    confidence: float,
    caveats: Sequence[str],
    request: str,
) -> Iterator[Block]:
    a, b = arms
    claims = all_claims()
    yield Paragraph(_headline(outcomes, confidence))
    yield Table(
        ["claim", "outcome"],
        [
            [
                f"{b} {claims[outcome.claim].sentence}" if outcome.claim in claims else outcome.claim,
                _said(outcome),
            ]
            for outcome in outcomes
        ],
    )
    yield Heading("What to be careful about")
    yield Bullets([*caveats] or ["Nothing beyond what the intervals say."])
    yield Heading("Setup")
    setup = setup_of(arms)
    yield Table(["", "both arms"], [*setup.common.items()])
    if setup.by_arm:
        yield Table(
            ["what differs", *arms],
            [[field, *(values[arm] for arm in arms)] for field, values in setup.by_arm.items()],
        )
    else:
        yield Paragraph("The arms differ in nothing: they have the same spec.")
    if max(len(run.epochs) for runs in arms.values() for run in runs) > 1:
        yield Heading("Learning curves")
        yield Figure(
            lambda space: learning_curves(arms, metric=Metric.VAL_ACCURACY, space=space),
            f"Validation accuracy of {a} and {b} along the epochs, every run.",
        )
    for outcome in outcomes:
        if outcome.claim in claims:
            yield from _claim(outcome, claims[outcome.claim], b)
    yield Heading("How it was done")
    yield Paragraph(_METHOD)
    if request:
        yield Heading("How to run it again")
        yield Paragraph("As a request, the body of POST /claims:")
        yield Code(request)


def _headline(outcomes: Sequence[OutcomeDocument], confidence: float) -> str:
    counts = Counter(_said(outcome) for outcome in outcomes)
    listed = ", ".join(f"{count} {said}" for said, count in counts.items())
    return f"{len(outcomes)} claims were asked together at {100 * confidence:g} % confidence: {listed}."


def _said(outcome: OutcomeDocument) -> str:
    return _SAID.get(Answer(outcome.answer), outcome.answer)


def _claim(outcome: OutcomeDocument, claim: Claim, b: str) -> Iterable[Block]:
    yield Heading(f"{b} {claim.sentence}: {_said(outcome)}")
    decided = outcome.answer in (Answer.HOLDS, Answer.DOES_NOT_HOLD, Answer.DEPENDS_ON_DEFINITION)
    yield Paragraph(outcome.sentence, "decided" if decided else "undecided")
    chart = claim_chart(outcome)
    if chart is not None:
        yield Figure(lambda space: _drawn(outcome, space), _described(outcome))
    if outcome.parts:
        yield Table(
            ["definition", "without", "with", "effect", "interval", "corrected p", "would have shown"],
            [_row(part) for part in outcome.parts],
        )
    notes = [note for part in outcome.parts for note in part.notes]
    if notes:
        yield Bullets([*dict.fromkeys(notes)])
    yield Paragraph(f"{claim.definition} Source: {claim.source}.")


def _drawn(outcome: OutcomeDocument, space: Space) -> Chart:
    chart = claim_chart(outcome, space=space)
    if chart is None:
        raise ValueError("nothing was measured")
    return chart


def _described(outcome: OutcomeDocument) -> str:
    measured = [part for part in outcome.parts if part.estimate is not None]
    return "The effect by definition, with its interval: " + "; ".join(
        f"{part.definition} {number(part.estimate)} ({_interval(part)})" for part in measured
    )


def _row(part: PartDocument) -> list[str]:
    if part.estimate is None:
        return [part.definition, *[NOTHING] * 6]
    return [
        f"{part.definition} ({part.scale})",
        number(part.a),
        number(part.b),
        number(part.estimate),
        _interval(part),
        number(part.adjusted_p_value),
        NOTHING if part.smallest_shown is None else number(part.smallest_shown),
    ]


def _interval(part: PartDocument) -> str:
    if part.interval is None:
        return NOTHING
    return f"{number(part.interval.low)} to {number(part.interval.high)}"
