"""Figures of one network over pictures, and of an arm over seeds."""

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from scipy import stats

from normlab.analysis.intervals import NO_INTERVAL, Interval, spread, t_interval
from normlab.analysis.validation import Floats
from normlab.documents.robustness import (
    AccuracyDocument,
    CorruptedAccuracyDocument,
    CorruptionFiguresDocument,
    RobustnessFiguresDocument,
    SeverityDocument,
)
from normlab.documents.statistics import IntervalDocument
from normlab.spec.correct_answers import Answers
from normlab.spec.robustness import RobustnessRequest

_Corrupted = Callable[[Sequence[Floats]], dict[str, object]]


def figures_of_network(
    answers: Answers, request: RobustnessRequest, confidence: float
) -> RobustnessFiguresDocument:
    """Of one network, with intervals over the pictures: what another test set of the same size would give."""
    clean = answers.clean.astype(np.float64)

    def corrupted(values: Floats) -> dict[str, object]:
        accuracy = float(values.mean())
        whole = bool(np.isin(values, (0, 1)).all())
        ends = wilson_interval(accuracy, len(values), confidence) if whole else _interval(values, confidence)
        relative, shares = relative_values(values, clean)
        return {
            "accuracy": accuracy,
            "interval": document(ends.within(0, 1)),
            "drop": float((clean - values).mean()),
            "drop_interval": document(_interval(clean - values, confidence)),
            "relative": relative,
            "relative_interval": None if shares is None else document(_interval(shares, confidence)),
        }

    accuracy = float(clean.mean())
    return _figures(
        AccuracyDocument(
            accuracy=accuracy, interval=document(wilson_interval(accuracy, len(clean), confidence))
        ),
        lambda places: corrupted(answers.mean(places)),
        request,
    )


def figures_of_arm(
    runs: Sequence[Answers], request: RobustnessRequest, confidence: float
) -> RobustnessFiguresDocument:
    """Of an arm, with Student's intervals over its seeds."""
    clean = np.array([run.clean.mean() for run in runs])
    cells = np.array([run.corrupted.mean(axis=2) for run in runs])  # (runs, corruptions, severities)

    def corrupted(places: Sequence[tuple[int, int]]) -> dict[str, object]:
        values = np.mean([cells[:, row, column] for row, column in places], axis=0)
        shares = values / clean if clean.all() else None
        return {
            "accuracy": float(values.mean()),
            "interval": document(_interval(values, confidence).within(0, 1)),
            "drop": float((clean - values).mean()),
            "drop_interval": document(_interval(clean - values, confidence)),
            "relative": None if shares is None else float(shares.mean()),
            "relative_interval": None if shares is None else document(_interval(shares, confidence)),
        }

    return _figures(
        AccuracyDocument(
            accuracy=float(clean.mean()), interval=document(_interval(clean, confidence).within(0, 1))
        ),
        corrupted,
        request,
    )


def _figures(
    clean: AccuracyDocument,
    corrupted: Callable[[Sequence[tuple[int, int]]], dict[str, object]],
    request: RobustnessRequest,
) -> RobustnessFiguresDocument:
    return RobustnessFiguresDocument(
        clean=clean,
        mean=CorruptedAccuracyDocument.model_validate(corrupted(all_places(request))),
        corruptions=tuple(
            CorruptionFiguresDocument(
                corruption=corruption,
                mean=CorruptedAccuracyDocument.model_validate(corrupted(places)),
                severities=tuple(
                    SeverityDocument.model_validate({"severity": severity, **corrupted([place])})
                    for severity, place in zip(request.severities, places, strict=True)
                ),
            )
            for corruption, places in zip(request.corruptions, rows_of(request), strict=True)
        ),
    )


def rows_of(request: RobustnessRequest) -> Iterator[list[tuple[int, int]]]:
    """The places of each corruption's cells."""
    for row in range(len(request.corruptions)):
        yield [(row, column) for column in range(len(request.severities))]


def all_places(request: RobustnessRequest) -> list[tuple[int, int]]:
    """The places of all cells."""
    return [place for row in rows_of(request) for place in row]


def relative_values(values: Floats, clean: Floats) -> tuple[float | None, Floats | None]:
    """The ratio of two means over the same pictures, and for each picture a value whose mean it is and whose spread is
    the ratio's (the delta method): ``r + (value - r * clean) / mean(clean)``. None where no clean picture is right.
    """
    of_clean = float(clean.mean())
    if not of_clean:
        return None, None
    ratio = float(values.mean()) / of_clean
    return ratio, ratio + (values - ratio * clean) / of_clean


def wilson_interval(share: float, count: int, confidence: float) -> Interval:
    """Of a share of independent yeses.

    Source: Wilson (1927), Probable inference, the law of succession, and statistical inference, JASA 22.
    """
    z2 = float(stats.norm.ppf((1 + confidence) / 2)) ** 2
    centre = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = math.sqrt(z2 * (share * (1 - share) + z2 / (4 * count)) / count) / (1 + z2 / count)
    return Interval(max(0.0, centre - half), min(1.0, centre + half))


def _interval(values: Floats, confidence: float) -> Interval:
    return t_interval(float(values.mean()), spread(values), len(values), confidence)


def document(interval: Interval = NO_INTERVAL) -> IntervalDocument:
    """As it is answered."""
    low, high = (end if math.isfinite(end) else None for end in interval)
    return IntervalDocument(low=low, high=high)
