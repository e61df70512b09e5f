"""Two arms by what was measured inside their networks: paired by seed, corrected for all that was looked at."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from scipy import stats

from normlab.analysis.mechanism.chains import CHAINS, told_apart
from normlab.analysis.mechanism.quantities import QUANTITIES, Quantity, Scale
from normlab.analysis.mechanism.result import Mechanism, SeriesDifference
from normlab.analysis.mechanism.words import METHOD, highlights, paragraph, quantity_words, told
from normlab.analysis.validation import ROUNDING, Floats, check_confidence
from normlab.spec.measurements import Measured
from normlab.spec.replicates import MIN_PAIRS

_AT_END = 2**31
"""Behind all steps of an epoch: its end, which arms of different batch sizes have at different steps."""

_Point = tuple[int, int]
"""Epoch, and step."""
_Key = tuple[str, str, str]
"""Probe, statistic and layer."""
_Table = dict[_Key, dict[_Point, float]]
"""The measurements of a run."""


@dataclass(frozen=True)
class MeasuredRun:
    """One run of an arm, as far as its inside was measured."""

    pair: int
    """As a rule its seed: two runs of both arms with the same one form a pair."""
    steps: int
    """Of an epoch."""
    measured: Iterable[Measured]


def compare_mechanisms(
    arms: Mapping[str, Iterable[MeasuredRun]], *, confidence: float = 0.95, comparisons: int = 1
) -> Mechanism:
    """Compare two arms by what was measured inside their networks.

    Only numbers without a dimension are compared (``quantities.py``), at layers of the same name and at the points
    that all runs have. What was tested, and what the claims are corrected for: ``Mechanism.method``.

    Args:
        arms: Two arms by name, each with its runs.
        confidence: All claims together are right this often.
        comparisons: So many pairs of arms share the error.

    Raises ``ValueError`` unless there are two arms.
    """
    if len(arms) != 2:
        raise ValueError(f"mechanisms are compared between two arms, not {len(arms)}")
    alpha = (1 - check_confidence(confidence)) / comparisons
    (a, runs_a), (b, runs_b) = arms.items()
    tables_a, tables_b = _by_pair(runs_a), _by_pair(runs_b)
    pairs = sorted(set(tables_a) & set(tables_b))
    paired = [
        one
        for quantity in QUANTITIES
        for one in _paired(quantity, [tables_a[pair] for pair in pairs], [tables_b[pair] for pair in pairs])
    ]
    tests = [_Test.of(one, alpha / (CHAINS * len(paired))) for one in paired]
    apart = told_apart([test.p_value for test in tests], alpha if len(pairs) >= MIN_PAIRS else -1.0)
    series = tuple(
        _result(one, test, differs, a, b) for one, test, differs in zip(paired, tests, apart, strict=True)
    )
    said = tuple(highlights(series))
    return Mechanism(
        a=a,
        b=b,
        pairs=len(pairs),
        confidence=float(confidence),
        series=series,
        highlights=said,
        only_in={a: _lacking(tables_a, tables_b), b: _lacking(tables_b, tables_a)},
        paragraph=paragraph((a, b), len(pairs), series, said, confidence),
        method=METHOD,
    )


def _by_pair(runs: Iterable[MeasuredRun]) -> dict[int, _Table]:
    """The measurements of each pair's run. Of two runs of a seed the first counts."""
    compared = {(quantity.probe, quantity.statistic) for quantity in QUANTITIES}
    tables: dict[int, _Table] = {}
    for run in runs:
        table: _Table = {}
        for item in run.measured:
            if (item.probe, item.statistic) in compared:
                at_end = item.step > 0 and item.step == item.epoch * run.steps
                point = (item.epoch, _AT_END if at_end else item.step)
                table.setdefault((item.probe, item.statistic, item.layer), {})[point] = item.value
        if table:
            tables.setdefault(run.pair, table)
    return tables


def _lacking(own: Mapping[int, _Table], others: Mapping[int, _Table]) -> tuple[str, ...]:
    """The quantities that one arm has and the other has not."""
    have, have_not = ({key[:2] for table in tables.values() for key in table} for tables in (own, others))
    return tuple(quantity_words([*(have - have_not)]))


@dataclass(frozen=True)
class _PairedSeries:
    """The values of both arms: (pairs, points) each."""

    quantity: Quantity
    layer: str
    points: Sequence[_Point]
    a: Floats
    b: Floats

    @property
    def scale(self) -> Scale:
        """Logarithms need positive values."""
        positive = bool((self.a > 0).all() and (self.b > 0).all())
        return self.quantity.scale if positive else Scale.DIFFERENCE


def _paired(quantity: Quantity, a: Sequence[_Table], b: Sequence[_Table]) -> Iterable[_PairedSeries]:
    """The series of a quantity: of each layer of which all runs have it, at the points that all of them have."""
    tables = (*a, *b)
    for key in a[0] if a else ():
        if key[:2] != (quantity.probe, quantity.statistic) or any(key not in table for table in tables):
            continue
        points = sorted(set.intersection(*(set(table[key]) for table in tables)))
        if points:
            first, second = (np.array([[table[key][at] for at in points] for table in arm]) for arm in (a, b))
            yield _PairedSeries(quantity, key[2], points, first, second)


@dataclass(frozen=True)
class _Test:
    """Paired differences with Student's interval and t test, at each point: (points,)."""

    difference: Floats
    low: Floats
    high: Floats
    p_value: Floats

    @classmethod
    def of(cls, series: _PairedSeries, error: float) -> Self:
        """The test of a series, with intervals that miss the truth in a share ``error``."""
        logarithms = series.scale is Scale.RATIO
        a, b = (np.log(series.a), np.log(series.b)) if logarithms else (series.a, series.b)
        differences = b - a
        # What is left of equal values by rounding is no difference.
        differences[np.abs(differences) <= ROUNDING * np.maximum(1.0, np.abs(a))] = 0.0
        count, mean = len(differences), differences.mean(0)
        half, p_value = np.full_like(mean, np.inf), np.ones_like(mean)
        if count > 1:
            deviation = differences.std(0, ddof=1) / np.sqrt(count)
            with np.errstate(divide="ignore", invalid="ignore"):
                ratio = np.where(mean == 0, 0.0, np.abs(mean) / deviation)
            p_value = 2 * stats.t.sf(ratio, count - 1)
            half = stats.t.isf(error / 2, count - 1) * deviation
        if not logarithms:
            return cls(mean, mean - half, mean + half, p_value)
        with np.errstate(over="ignore"):  # an end of which the data say nothing is infinite
            return cls(np.exp(mean), np.exp(mean - half), np.exp(mean + half), p_value)


def _result(series: _PairedSeries, test: _Test, apart: Iterable[bool], a: str, b: str) -> SeriesDifference:
    means = (series.a, series.b)
    if series.scale is Scale.RATIO:  # geometric ones, whose ratio is the difference
        mean_a, mean_b = (np.exp(np.log(values).mean(0)) for values in means)
    else:
        mean_a, mean_b = (values.mean(0) for values in means)
    result = SeriesDifference(
        probe=series.quantity.probe,
        statistic=series.quantity.statistic,
        layer=series.layer,
        scale=series.scale,
        epochs=tuple(epoch for epoch, _ in series.points),
        steps=tuple(None if step == _AT_END else step for _, step in series.points),
        mean_a=tuple(map(float, mean_a)),
        mean_b=tuple(map(float, mean_b)),
        difference=tuple(map(float, test.difference)),
        low=tuple(map(float, test.low)),
        high=tuple(map(float, test.high)),
        p_value=tuple(map(float, test.p_value)),
        told_apart=tuple(map(bool, apart)),
    )
    return replace(result, sentence=told(result, series.quantity, a, b))
