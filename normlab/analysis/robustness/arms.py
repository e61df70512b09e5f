"""The document of a comparison: which arm stays more accurate, paired by seed and by picture."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal, NamedTuple

import numpy as np

from normlab.analysis.examples import crossed_effects
from normlab.analysis.intervals import NO_INTERVAL, Interval
from normlab.analysis.robustness.figures import (
    all_places,
    document,
    figures_of_arm,
    relative_values,
    rows_of,
)
from normlab.analysis.robustness.network import pictures_document, re_estimation_document
from normlab.analysis.robustness.wording import (
    BOTH_DRAWN,
    CONFIDENCE,
    difference_sentence,
    multiplicity,
    remarks,
)
from normlab.analysis.validation import Floats
from normlab.documents.robustness import (
    ArmRobustnessDocument,
    BothEstimatesDocument,
    ComparisonRobustnessDocument,
    CorruptionDifferenceDocument,
    EstimateDocument,
    RobustnessDifferenceDocument,
    RobustnessFiguresDocument,
    SeverityDifferenceDocument,
    StatisticsOrigin,
)
from normlab.spec import DatasetSpec
from normlab.spec.correct_answers import Answers, CorrectAnswers
from normlab.spec.robustness import RobustnessRequest

MIN_RUNS = 2
"""With one pair of runs nothing is known of how much seeds do."""


@dataclass(frozen=True)
class Run:
    """A network of an arm, and what it got right."""

    job: str
    pair: int
    """Which runs of other arms it is paired with: its seed, or the number of its replicate."""
    answers: CorrectAnswers


Place = Literal["clean", "mean"] | int | tuple[int, int]
"""Of what a difference is: of the clean pictures, of all corrupted ones, of a corruption, of one at a severity."""
_FAMILIES: tuple[Callable[[Place], bool], ...] = (
    lambda place: place == "clean",
    lambda place: place == "mean",
    lambda place: isinstance(place, int),
)
"""What is corrected together; single severities are not tested."""


class _Estimate(NamedTuple):
    difference: float | None
    interval: Interval
    p_value: float | None


@dataclass(frozen=True)
class _Compared:
    """Two arms with one kind of statistics."""

    a: str
    b: str
    statistics: StatisticsOrigin
    pairs: int
    estimates: Mapping[tuple[Place, bool], _Estimate]
    """By what they are of, and whether they are relative."""


def robustness_of_arms(
    comparison: str,
    arms: Mapping[str, Sequence[Run]],
    request: RobustnessRequest,
    dataset: DatasetSpec,
    left_out: Mapping[str, str],
) -> ComparisonRobustnessDocument:
    """How accurate the arms stay, and the differences of each pair of them. Each arm has at least one run."""
    compared = [
        _compare(a, b, statistics, _paired(arms[a], arms[b], statistics), request)
        for a, b in combinations(arms, 2)
        for statistics in StatisticsOrigin
        if _has(arms[a], statistics) and _has(arms[b], statistics)
    ]
    adjusted = _adjust(compared)
    every = [run.answers for runs in arms.values() for run in runs]
    return ComparisonRobustnessDocument(
        comparison=comparison,
        pictures=pictures_document(request, dataset),
        confidence=CONFIDENCE,
        arms=tuple(_arm(name, runs, request) for name, runs in arms.items()),
        differences=tuple(
            _document(each, p_values, request) for each, p_values in zip(compared, adjusted, strict=True)
        ),
        multiplicity=multiplicity(len(compared), len(request.corruptions)),
        left_out=dict(left_out),
        remarks=(BOTH_DRAWN, *remarks(request, dataset, every)),
    )


def _of(run: Run, statistics: StatisticsOrigin) -> Answers | None:
    return run.answers.trained if statistics is StatisticsOrigin.TRAINED else run.answers.re_estimated


def _has(runs: Sequence[Run], statistics: StatisticsOrigin) -> bool:
    return bool(runs) and all(_of(run, statistics) is not None for run in runs)


def _chosen(runs: Sequence[Run], statistics: StatisticsOrigin) -> list[Answers]:
    return [answers for run in runs if (answers := _of(run, statistics)) is not None]


def _arm(name: str, runs: Sequence[Run], request: RobustnessRequest) -> ArmRobustnessDocument:
    def figures(statistics: StatisticsOrigin) -> RobustnessFiguresDocument | None:
        if not _has(runs, statistics):
            return None
        return figures_of_arm(_chosen(runs, statistics), request, CONFIDENCE)

    return ArmRobustnessDocument(
        arm=name,
        seeds=len(runs),
        jobs=tuple(run.job for run in runs),
        trained=figures_of_arm(_chosen(runs, StatisticsOrigin.TRAINED), request, CONFIDENCE),
        re_estimated=figures(StatisticsOrigin.RE_ESTIMATED),
        re_estimation=re_estimation_document(
            next((run.answers for run in runs if run.answers.re_estimated is None), runs[0].answers)
        ),
    )


def _paired(
    a: Sequence[Run], b: Sequence[Run], statistics: StatisticsOrigin
) -> list[tuple[Answers, Answers]]:
    of_a, of_b = ({run.pair: run for run in runs} for runs in (a, b))
    return [
        (first, second)
        for pair in of_a.keys() & of_b.keys()
        if (first := _of(of_a[pair], statistics)) is not None
        and (second := _of(of_b[pair], statistics)) is not None
    ]


def _compare(
    a: str,
    b: str,
    statistics: StatisticsOrigin,
    pairs: Sequence[tuple[Answers, Answers]],
    request: RobustnessRequest,
) -> _Compared:
    clean = [tuple(answers.clean.astype(np.float64) for answers in pair) for pair in pairs]
    found: dict[tuple[Place, bool], _Estimate] = {("clean", False): _estimate([y - x for x, y in clean])}
    for place, cells in _places(request):
        values = [tuple(answers.mean(cells) for answers in pair) for pair in pairs]
        found[place, False] = _estimate([y - x for x, y in values])
        shares = [
            [relative_values(value, own)[1] for value, own in zip(both, both_clean, strict=True)]
            for both, both_clean in zip(values, clean, strict=True)
        ]
        known = [(x, y) for x, y in shares if x is not None and y is not None]
        found[place, True] = _estimate([y - x for x, y in known] if len(known) == len(pairs) else [])
    return _Compared(a, b, statistics, len(pairs), found)


def _places(request: RobustnessRequest) -> Iterator[tuple[Place, list[tuple[int, int]]]]:
    yield "mean", all_places(request)
    for row, places in enumerate(rows_of(request)):
        yield row, places
        yield from ((place, [place]) for place in places)


def _estimate(differences: Sequence[Floats]) -> _Estimate:
    """Of differences (pictures,) of each pair of runs."""
    if not differences:
        return _Estimate(None, NO_INTERVAL, None)
    table = np.array(differences)
    if len(table) < MIN_RUNS:
        return _Estimate(float(table.mean()), NO_INTERVAL, None)
    effects = crossed_effects(table)
    return _Estimate(effects.mean, effects.interval(CONFIDENCE), effects.p_value)


def _adjust(compared: Sequence[_Compared]) -> list[dict[tuple[Place, bool], float]]:
    """Holm's p values of each, by the same keys as the estimates."""
    adjusted: list[dict[tuple[Place, bool], float]] = [{} for _ in compared]
    for belongs in _FAMILIES:
        for relative in (False, True):
            members = [
                (number, key, estimate.p_value)
                for number, each in enumerate(compared)
                for key, estimate in each.estimates.items()
                if belongs(key[0]) and key[1] == relative and estimate.p_value is not None
            ]
            for (number, key, _), p in zip(members, holm([p for _, _, p in members]), strict=True):
                adjusted[number][key] = p
    return adjusted


def holm(p_values: Sequence[float]) -> list[float]:
    """P values so corrected that what is at most alpha keeps the error of all together at alpha.

    Source: Holm (1979), A simple sequentially rejective multiple test procedure, Scand. J. Statist. 6.
    """
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    corrected, highest = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[place]))
        corrected[place] = highest
    return corrected


def _document(
    compared: _Compared, adjusted: Mapping[tuple[Place, bool], float], request: RobustnessRequest
) -> RobustnessDifferenceDocument:
    def estimate(place: Place, *, relative: bool) -> EstimateDocument:
        found = compared.estimates[place, relative]
        return EstimateDocument(
            difference=found.difference,
            interval=document(found.interval),
            p_value=found.p_value,
            adjusted_p_value=adjusted.get((place, relative)),
        )

    def both(place: Place) -> dict[str, EstimateDocument]:
        return {"absolute": estimate(place, relative=False), "relative": estimate(place, relative=True)}

    mean = BothEstimatesDocument(**both("mean"))
    return RobustnessDifferenceDocument(
        a=compared.a,
        b=compared.b,
        statistics=compared.statistics,
        pairs=compared.pairs,
        clean=estimate("clean", relative=False),
        mean=mean,
        corruptions=tuple(
            CorruptionDifferenceDocument(
                corruption=corruption,
                mean=BothEstimatesDocument(**both(row)),
                severities=tuple(
                    SeverityDifferenceDocument(severity=severity, **both(place))
                    for severity, place in zip(request.severities, places, strict=True)
                ),
            )
            for row, (corruption, places) in enumerate(
                zip(request.corruptions, rows_of(request), strict=True)
            )
        ),
        sentence=difference_sentence(
            compared.a, compared.b, compared.statistics, compared.pairs, mean.relative
        ),
    )
