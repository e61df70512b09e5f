"""A whole comparison: runs of several arms in, everything that can be said about them out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from normlab.analysis.arms import ArmStatistics, describe_arm
from normlab.analysis.bands import DifferenceBand, difference_band
from normlab.analysis.clocks import Clocks, compare_clocks
from normlab.analysis.cost import ArmCost, CostOfAPoint, cost_of_a_point, pareto_front
from normlab.analysis.differences import Difference, differences
from normlab.analysis.documents import to_plain
from normlab.analysis.examples import (
    ExampleBootstrap,
    McNemar,
    VarianceSources,
    example_bootstrap,
    mcnemar,
    variance_sources,
)
from normlab.analysis.fairness import arm_caveats
from normlab.analysis.headline import headline
from normlab.analysis.metrics import style_of
from normlab.analysis.records import RunRecord
from normlab.analysis.setup import Setup, setup_of
from normlab.analysis.several import compare_arms
from normlab.analysis.verdict import PairedComparison
from normlab.analysis.wording import sentence
from normlab.spec.metrics import Metric


@dataclass(frozen=True)
class PairReport:
    """Two arms: the verdict, its sentence, and the evidence."""

    a: str
    b: str
    sentence: str
    comparison: PairedComparison
    adjusted_p_value: float
    values: tuple[tuple[int | None, float, float], ...]
    """Number of the pair (its seed, if its runs share one), value of a, value of b, for each pair."""
    curve: DifferenceBand | None
    """Of the metric over epochs; None when it has none, or before an epoch that all runs have."""
    cost: CostOfAPoint | None
    variance: VarianceSources | None
    """Seeds apart from test set; None unless there are two pairs whose runs' right test examples were given."""
    test_set: ExampleBootstrap | None
    """What another test set would have changed; None unless each run's right test examples were given."""
    mcnemar: tuple[tuple[int | None, McNemar], ...]
    """Number of the pair and McNemar's test of its two networks, for each pair whose right test examples were given."""


@dataclass(frozen=True)
class ComparisonStatistics:
    """What is known about several arms."""

    setup: Setup
    metric: Metric
    confidence: float
    equivalence_margin: float
    seeds: tuple[int | None, ...]
    """Those that all arms have a value for, in order: one pair each."""
    arms: Mapping[str, ArmStatistics]
    pairs: tuple[PairReport, ...]
    clocks: Clocks | None
    costs: Mapping[str, ArmCost]
    pareto_front: tuple[str, ...]
    differences: tuple[Difference, ...]
    caveats: tuple[str, ...]

    def to_document(self) -> dict[str, Any]:
        """Plain JSON, which begins with the comparison in one sentence."""
        return {"headline": headline(self), **to_plain(self)}


def compare_runs(
    arms: Mapping[str, Sequence[RunRecord]],
    *,
    metric: Metric = Metric.VAL_ACCURACY,
    confidence: float = 0.95,
    equivalence_margin: float = 0.0,
    target_accuracy: float | None = None,
    correct: Mapping[str, ArrayLike] | None = None,
) -> ComparisonStatistics:
    """Compare arms by their finished runs, paired by seed, or by what ``RunRecord.pair`` says instead.

    ``arms`` are by name, and keep their order. A seed counts when every arm has a run of it with a value,
    and an arm's second run of a seed does not; the caveats say what is left out. ``correct`` are, by
    job, booleans of shape (test examples,): whether each was right; arms on different datasets are compared without
    them. The metric is the last epoch's or the
    test set's, never the best epoch's.

    Raises ``ValueError`` for fewer than two arms, and when no seed is common.
    """
    if len(arms) < 2:
        raise ValueError(f"a comparison needs at least two arms, but there are {len(arms)}")
    seeds = common_seeds(arms, metric)
    if not seeds:
        raise ValueError("the arms have no finished run with a common seed: run each arm with the same seeds")
    by_seed = {name: _by_seed(runs, metric) for name, runs in arms.items()}
    paired = {name: [group[seed] for seed in seeds] for name, group in by_seed.items()}
    values = {name: [_value(run, metric) for run in runs] for name, runs in paired.items()}
    costs = {
        name: ArmCost(
            seconds=float(np.mean([run.training_seconds[-1] if run.epochs else 0.0 for run in runs])),
            accuracy=float(np.mean(values[name])),
        )
        for name, runs in paired.items()
    }
    compared = compare_arms(
        values,
        confidence=confidence,
        equivalence_margin=equivalence_margin,
        higher_is_better=metric.higher_is_better,
    )
    pairs = tuple(
        PairReport(
            a=pair.a,
            b=pair.b,
            sentence=sentence(pair.comparison, pair.a, pair.b, metric),
            comparison=pair.comparison,
            adjusted_p_value=pair.adjusted_p_value,
            values=tuple(zip(seeds, values[pair.a], values[pair.b], strict=True)),
            curve=_curve(
                paired[pair.a], paired[pair.b], metric, pair.comparison.confidence, (pair.a, pair.b)
            ),
            cost=cost_of_a_point(costs[pair.a], costs[pair.b], (pair.a, pair.b))
            if metric.higher_is_better
            else None,
            variance=_variance(paired[pair.a], paired[pair.b], shared, confidence),
            test_set=_test_set(paired[pair.a], paired[pair.b], shared, confidence),
            mcnemar=_mcnemar(paired[pair.a], paired[pair.b], shared),
        )
        for pair in compared
        for shared in [_of_one_test_set((*paired[pair.a], *paired[pair.b]), correct or {})]
    )
    return ComparisonStatistics(
        setup=setup_of(paired),
        metric=metric,
        confidence=confidence,
        equivalence_margin=equivalence_margin,
        seeds=seeds,
        arms={name: describe_arm(group, confidence=confidence) for name, group in values.items()},
        pairs=pairs,
        clocks=compare_clocks(
            paired,
            metric=metric,
            target_accuracy=target_accuracy,
            confidence=confidence,
            equivalence_margin=equivalence_margin,
        )
        if metric.every_epoch
        else None,
        costs=costs if metric.higher_is_better else {},
        pareto_front=pareto_front(costs) if metric.higher_is_better else (),
        differences=differences({name: runs[0].spec for name, runs in paired.items()}),
        caveats=(*_left_out(arms, len(seeds)), *_fairness(paired, metric), *_of_the_test_set(pairs, metric)),
    )


def common_seeds(arms: Mapping[str, Sequence[RunRecord]], metric: Metric) -> tuple[int | None, ...]:
    """The seeds of which every arm has a run with a value of the metric, in the first arm's order."""
    first, *others = [_by_seed(runs, metric) for runs in arms.values()]
    return tuple(seed for seed in first if all(seed in other for other in others))


def paired_values(arms: Mapping[str, Sequence[RunRecord]], metric: Metric) -> dict[str, list[float]]:
    """The metric of each arm's runs of the common seeds, in the order of ``common_seeds``; by arm."""
    seeds = common_seeds(arms, metric)
    by_seed = {name: _by_seed(runs, metric) for name, runs in arms.items()}
    return {name: [_value(group[seed], metric) for seed in seeds] for name, group in by_seed.items()}


def _by_seed(runs: Sequence[RunRecord], metric: Metric) -> dict[int | None, RunRecord]:
    """The first run of each seed, if it has a value."""
    first_runs: dict[int | None, RunRecord] = {}
    for run in runs:
        if metric.of(run) is not None:
            first_runs.setdefault(run.pair_number, run)
    return first_runs


def _value(run: RunRecord, metric: Metric) -> float:
    value = metric.of(run)
    if value is None:
        raise ValueError(f"{run.job} has no {metric.words}")
    return value


def _curve(
    a: Sequence[RunRecord], b: Sequence[RunRecord], metric: Metric, confidence: float, names: tuple[str, str]
) -> DifferenceBand | None:
    metric = metric.along_epochs
    shared = min(len(run.epochs) for run in (*a, *b))
    first, second = (_along_epochs(runs, metric, shared) for runs in (a, b))
    if not shared or first is None or second is None:
        return None
    return difference_band(
        first, second, confidence=confidence, higher_is_better=metric.higher_is_better, names=names
    )


def _along_epochs(runs: Sequence[RunRecord], metric: Metric, epochs: int) -> list[list[float]] | None:
    """The metric of each run at each of the first epochs, shape (runs, epochs); None if one has no value."""
    curves = [
        [value for point in run.epochs[:epochs] if (value := metric.at(point)) is not None] for run in runs
    ]
    return curves if all(len(curve) == epochs for curve in curves) else None


def _of_one_test_set(runs: Sequence[RunRecord], correct: Mapping[str, ArrayLike]) -> Mapping[str, ArrayLike]:
    """The same, if they are of the same examples in all runs: those of two datasets have no pairs."""
    datasets = {str(run.spec.get("dataset", {}).get("name")) for run in runs}
    sizes = {np.shape(correct[run.job]) for run in runs if run.job in correct}
    return correct if len(datasets) == 1 and len(sizes) <= 1 else {}


def _variance(
    a: Sequence[RunRecord], b: Sequence[RunRecord], correct: Mapping[str, ArrayLike], confidence: float
) -> VarianceSources | None:
    if len(a) < 2 or any(run.job not in correct for run in (*a, *b)):
        return None
    return variance_sources(_table(a, correct), _table(b, correct), confidence=confidence)


def _test_set(
    a: Sequence[RunRecord], b: Sequence[RunRecord], correct: Mapping[str, ArrayLike], confidence: float
) -> ExampleBootstrap | None:
    if any(run.job not in correct for run in (*a, *b)):
        return None
    return example_bootstrap(_table(a, correct), _table(b, correct), confidence=confidence)


def _mcnemar(
    a: Sequence[RunRecord], b: Sequence[RunRecord], correct: Mapping[str, ArrayLike]
) -> tuple[tuple[int | None, McNemar], ...]:
    return tuple(
        (run.pair_number, mcnemar(correct[run.job], correct[partner.job]))
        for run, partner in zip(a, b, strict=True)
        if run.job in correct and partner.job in correct
    )


def _table(runs: Sequence[RunRecord], correct: Mapping[str, ArrayLike]) -> NDArray[Any]:
    """Which test examples the runs got right, shape (runs, examples)."""
    return np.stack([np.asarray(correct[run.job]) for run in runs])


def _fairness(paired: Mapping[str, Sequence[RunRecord]], metric: Metric) -> tuple[str, ...]:
    caveats = arm_caveats(paired)
    if metric in (Metric.TEST_ACCURACY, Metric.TEST_LOSS):
        return (*caveats, "If arms are picked by this comparison, the test set has been used to pick them.")
    return caveats


def _of_the_test_set(pairs: Sequence[PairReport], metric: Metric) -> Iterable[str]:
    """Where the seeds agree on a difference and the test examples do not."""
    for pair in pairs:
        test_set = pair.test_set
        if metric is not Metric.TEST_ACCURACY or test_set is None or test_set.interval.excludes_zero():
            continue
        if pair.comparison.interval.excludes_zero():
            style = style_of(metric)
            low, high = (style.difference(end, sign=True) for end in test_set.interval)
            yield (
                f"{pair.b} against {pair.a}: another test set of {test_set.examples:,} examples could turn the "
                f"difference around; drawn anew, its interval is {low} to {high}{style.unit}."
            )


def _left_out(arms: Mapping[str, Sequence[RunRecord]], pairs: int) -> tuple[str, ...]:
    left = sum(len(runs) - pairs for runs in arms.values())
    if not left:
        return ()
    return (
        f"{left} run{'s are' if left > 1 else ' is'} left out: unfinished, without a finite value, without a "
        "partner of the same seed in every arm, or a second run of a seed.",
    )
