"""All that the points of a sweep say, as the documents that are answered."""

import itertools
import math
from collections.abc import Mapping, Sequence

import numpy as np

from normlab.analysis.basis import alone
from normlab.analysis.intervals import Interval
from normlab.analysis.sweeps import wording
from normlab.analysis.sweeps.best import best_of, censored, like_the_best
from normlab.analysis.sweeps.expected import (
    SOURCE,
    ExpectedBest,
    difference_band,
    diverged_as,
    expected_best,
    values_of,
)
from normlab.analysis.sweeps.importance import EVALUATOR, importance
from normlab.analysis.sweeps.points import Outcome, SweptArm, SweptPoint, SweptSpace, last_rung
from normlab.analysis.sweeps.tolerance import tolerance
from normlab.analysis.validation import Floats
from normlab.documents.statistics import BasisDocument, IntervalDocument
from normlab.documents.sweeps import (
    AheadDocument,
    ArmSweepResult,
    BestDocument,
    BestSoFarDocument,
    DivergedDocument,
    ExpectedBestDocument,
    ImportanceDocument,
    SweepResult,
    ToleranceDocument,
)
from normlab.spec.sweeps import Strategy

_SEEDS = "runs that do not depend on each other, and values that are roughly normal"
_JACKKNIFE = "a width that follows the means of the points smoothly; it is rough with few seeds"
_RNG_SEED = 0
"""Of the bootstraps: the same points, the same answer."""


def analyse(arms: Sequence[SweptArm], asked: SweptSpace) -> SweepResult:
    """What is known of every arm; ``final`` is set by who knows."""
    diverged = diverged_as(arms, asked)
    values = {arm.name: _values(arm, asked, diverged) for arm in arms}
    expected = {
        name: None if given is None else expected_best(given, asked, np.random.default_rng(_RNG_SEED))
        for name, given in values.items()
    }
    results = {arm.name: _arm(arm, asked, expected[arm.name]) for arm in arms}
    counted = [arm for arm in arms if values[arm.name] is not None]
    ahead = _ahead(_values_of_common_points(counted, asked, diverged), asked)
    return SweepResult(
        final=False,
        arms=results,
        ahead=ahead,
        sentences=(*_sentences(results), *wording.ahead_sentences(ahead)),
        caveats=tuple(wording.caveats(asked, arms, expected)),
    )


def interval_document(interval: Interval) -> IntervalDocument:
    """An interval, an infinite end as null."""
    low, high = (end if math.isfinite(end) else None for end in interval)
    return IntervalDocument(low=low, high=high)


def _values(arm: SweptArm, asked: SweptSpace, diverged: float | None) -> Floats | None:
    """What stands for each point in expectations over points, where these were drawn independently."""
    if asked.strategy not in (Strategy.GRID, Strategy.RANDOM):
        return None
    return values_of(arm, asked, diverged=diverged)


def _values_of_common_points(
    arms: Sequence[SweptArm], asked: SweptSpace, diverged: float | None
) -> dict[str, Floats]:
    """What the points came to that have ended in all of these arms, in one order: others are other draws."""
    ended = [
        {point.number for point in arm.points if point.outcome in (Outcome.COMPLETE, Outcome.DIVERGED)}
        for arm in arms
    ]
    common = set.intersection(*ended) if ended else set()
    reduced = [SweptArm(arm.name, [point for point in arm.points if point.number in common]) for arm in arms]
    return {arm.name: given for arm in reduced if (given := _values(arm, asked, diverged)) is not None}


def _arm(arm: SweptArm, asked: SweptSpace, expected: ExpectedBest | None) -> ArmSweepResult:
    compared = last_rung(arm) if asked.strategy is Strategy.SUCCESSIVE_HALVING else arm
    best = best_of(compared.complete, asked)
    widths = _tolerances(best, compared, asked)
    return ArmSweepResult(
        best=None if best is None else _best(best, compared, censored(best, arm, asked), asked),
        tolerance=widths,
        diverged=tuple(
            DivergedDocument(
                point=point.number,
                values=dict(point.values),
                seed=run.seed,
                job=run.job,
                epoch=run.diverged_at,
            )
            for point in arm.points
            for run in point.runs
            if run.diverged_at is not None
        ),
        expected_best=None if expected is None else _expected(expected, arm, asked),
        best_so_far=_best_so_far(compared, asked),
        importance=_importance(compared, asked),
    )


def _best(best: SweptPoint, arm: SweptArm, edges: dict[str, str], asked: SweptSpace) -> BestDocument:
    like_it = like_the_best(best, arm.complete, asked)
    return BestDocument(
        number=best.number,
        values=dict(best.values),
        mean=best.mean,
        standard_deviation=best.standard_deviation,
        interval=interval_document(best.interval(asked.confidence, asked.metric)),
        basis=_basis(asked, _SEEDS),
        like_it=like_it,
        censored=edges,
        sentence=wording.best_sentence(
            arm.name, best, asked, like_it=like_it, edges=edges, compared=len(arm.complete)
        ),
    )


def _tolerances(best: SweptPoint | None, arm: SweptArm, asked: SweptSpace) -> dict[str, ToleranceDocument]:
    if best is None or asked.strategy is Strategy.SUCCESSIVE_HALVING:
        return {}
    found = {pointer: tolerance(pointer, best, arm, asked) for pointer in asked.space}
    return {
        pointer: ToleranceDocument(
            delta=asked.delta,
            low=width.low,
            high=width.high,
            width=width.width,
            unit="decades" if width.in_decades else "",
            interval=None if width.interval is None else interval_document(width.interval),
            basis=None if width.interval is None else _basis(asked, _JACKKNIFE),
            censored=width.censored,
            largest_stable=width.largest_stable,
            smallest_diverged=width.smallest_diverged,
            sentence=wording.tolerance_sentence(arm.name, pointer, width, asked),
        )
        for pointer, width in found.items()
        if width is not None
    }


def _expected(expected: ExpectedBest, arm: SweptArm, asked: SweptSpace) -> ExpectedBestDocument:
    budgets = range(1, len(expected.expected) + 1)
    ended = [point.seconds for point in arm.points if point.outcome in ("complete", "diverged")]
    each = sum(ended) / max(len(ended), 1)
    return ExpectedBestDocument(
        points=tuple(budgets),
        expected=tuple(expected.expected.tolist()),
        low=tuple(expected.low.tolist()),
        high=tuple(expected.high.tolist()),
        seconds=tuple(each * count for count in budgets),
        confidence=asked.confidence,
        source=SOURCE,
    )


def _best_so_far(arm: SweptArm, asked: SweptSpace) -> BestSoFarDocument:
    means = [asked.sign * (point.mean or 0.0) for point in arm.complete]
    return BestSoFarDocument(
        points=tuple(point.number for point in arm.complete),
        best=tuple(asked.sign * value for value in itertools.accumulate(means, max)),
    )


def _importance(arm: SweptArm, asked: SweptSpace) -> ImportanceDocument | None:
    values = values_of(arm, asked)
    found = None if values is None else importance(arm, values, asked)
    if found is None or values is None:
        return None
    names = wording.short_names(list(asked.space))
    ranked = sorted(found, key=lambda pointer: -found[pointer])
    shares = ", ".join(f"{names[pointer]} {100 * found[pointer]:.0f} %" for pointer in ranked)
    return ImportanceDocument(
        evaluator=EVALUATOR,
        values=dict(found),
        points=len(values),
        sentence=f"{arm.name}: by themselves the parameters account for this much of the differences between points: "
        f"{shares}.",
    )


def _ahead(values: Mapping[str, Floats], asked: SweptSpace) -> tuple[AheadDocument, ...]:
    known = {
        name: (given, expected_best(given, asked, np.random.default_rng(_RNG_SEED)))
        for name, given in values.items()
    }
    if len(known) < 2:
        return ()
    bands: dict[tuple[str, str], Floats] = {}
    found = []
    for index in range(min(len(given) for given, _ in known.values())):
        first, second, *_ = sorted(
            known, key=lambda name: -asked.sign * float(known[name][1].expected[index])
        )
        if (first, second) not in bands:
            rng = np.random.default_rng(_RNG_SEED)
            bands[first, second] = difference_band(known[first][0], known[second][0], asked, rng)[0]
        apart = float(bands[first, second][index]) > 0
        found.append(AheadDocument(points=index + 1, arm=first if apart else None, leading=first))
    return tuple(found)


def _sentences(results: Mapping[str, ArmSweepResult]) -> list[str]:
    found = []
    for name, result in results.items():
        found.append(result.best.sentence if result.best else f"{name}: no point has a value of every seed.")
        found += [width.sentence for width in result.tolerance.values()]
        if result.importance is not None:
            found.append(result.importance.sentence)
    return found


def _basis(asked: SweptSpace, supposes: str) -> BasisDocument:
    basis = alone(asked.confidence, supposes)
    return BasisDocument(
        level=basis.level, together=basis.together, corrected_for=basis.corrected_for, supposes=basis.supposes
    )
