"""What stands beside a verdict on two arms: their curves, and what the test examples say."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from normlab.analysis.bands import CurvesOfTwo, DifferenceBand, difference_bands
from normlab.analysis.basis import Basis
from normlab.analysis.curve import kept_along
from normlab.analysis.datasets import identity_of
from normlab.analysis.examples import (
    ExampleBootstrap,
    McNemar,
    VarianceSources,
    example_bootstrap,
    mcnemar_of_runs,
    variance_sources,
)
from normlab.analysis.records import RunRecord
from normlab.spec.metrics import Metric


def curves_of(
    pairs: Sequence[tuple[Sequence[RunRecord], Sequence[RunRecord], Basis, tuple[str, str]]], metric: Metric
) -> list[DifferenceBand | None]:
    """The band of each pair of arms, given by their runs, the basis of their comparison, and their names; None where
    the runs have no epoch in common that has a value."""
    metric = metric.along_epochs
    tables: dict[int, CurvesOfTwo] = {}
    for index, (a, b, basis, names) in enumerate(pairs):
        shared = min(len(run.epochs) for run in (*a, *b))
        first, second = (_along_epochs(runs, metric, shared) for runs in (a, b))
        if shared and first is not None and second is not None:
            tables[index] = CurvesOfTwo(first, second, basis, names)
    bands = difference_bands(list(tables.values()), higher_is_better=metric.higher_is_better)
    found = dict(zip(tables, bands, strict=True))
    return [found.get(index) for index in range(len(pairs))]


def _along_epochs(runs: Sequence[RunRecord], metric: Metric, epochs: int) -> list[list[float]] | None:
    """The metric of each run at each of the first epochs, shape (runs, epochs); None if one has no value."""
    curves = [
        [value for point in kept_along(run)[:epochs] if (value := metric.at(point)) is not None]
        for run in runs
    ]
    return curves if all(len(curve) == epochs for curve in curves) else None


def of_one_test_set(runs: Sequence[RunRecord], correct: Mapping[str, ArrayLike]) -> Mapping[str, ArrayLike]:
    """The same, if they are of the same examples in all runs: those of two datasets have no pairs."""
    datasets = {identity_of(run.spec) for run in runs}
    sizes = {np.shape(correct[run.job]) for run in runs if run.job in correct}
    return correct if len(datasets) == 1 and len(sizes) <= 1 else {}


def variance_of(
    a: Sequence[RunRecord], b: Sequence[RunRecord], correct: Mapping[str, ArrayLike], confidence: float
) -> VarianceSources | None:
    """Seeds apart from test set; None unless there are two pairs, and each run's right test examples are known."""
    if len(a) < 2 or any(run.job not in correct for run in (*a, *b)):
        return None
    return variance_sources(_table(a, correct), _table(b, correct), confidence=confidence)


def bootstrap_of(
    a: Sequence[RunRecord], b: Sequence[RunRecord], correct: Mapping[str, ArrayLike], confidence: float
) -> ExampleBootstrap | None:
    """What another test set would have changed; None unless each run's right test examples are known."""
    if any(run.job not in correct for run in (*a, *b)):
        return None
    return example_bootstrap(_table(a, correct), _table(b, correct), confidence=confidence)


def mcnemar_of(
    a: Sequence[RunRecord], b: Sequence[RunRecord], correct: Mapping[str, ArrayLike]
) -> tuple[tuple[int | None, McNemar], ...]:
    """The number of the pair and the test of its two networks, of each pair whose right test examples are known."""
    known = [
        (run, partner)
        for run, partner in zip(a, b, strict=True)
        if run.job in correct and partner.job in correct
    ]
    if not known:
        return ()
    tests = mcnemar_of_runs(
        _table([run for run, _ in known], correct), _table([partner for _, partner in known], correct)
    )
    return tuple((run.pair_number, test) for (run, _), test in zip(known, tests, strict=True))


def _table(runs: Sequence[RunRecord], correct: Mapping[str, ArrayLike]) -> NDArray[Any]:
    """Which test examples the runs got right, shape (runs, examples)."""
    return np.stack([np.asarray(correct[run.job]) for run in runs])
