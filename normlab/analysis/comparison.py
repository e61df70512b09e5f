"""A whole comparison: runs of several arms in, everything that can be said about them out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypedDict

import numpy as np
from numpy.typing import ArrayLike

from normlab.analysis.arms import ArmStatistics, describe_arm
from normlab.analysis.bands import DifferenceBand
from normlab.analysis.clocks import Clocks, compare_clocks
from normlab.analysis.cost import ArmCost, CostOfAPoint, cost_of_a_point, pareto_front
from normlab.analysis.differences import Difference, differences, has_penalty
from normlab.analysis.documents import to_plain
from normlab.analysis.earlier_looks import NO_EARLIER_LOOKS, EarlierLook, EarlierLooks
from normlab.analysis.evidence import bootstrap_of, curves_of, mcnemar_of, of_one_test_set, variance_of
from normlab.analysis.examples import ExampleBootstrap, McNemar, VarianceSources
from normlab.analysis.fairness import arm_caveats
from normlab.analysis.headline import headline
from normlab.analysis.held_out import disagreeing_test_set, small_validation_set
from normlab.analysis.imbalance import imbalance_of_pairs
from normlab.analysis.learning import arms_that_guess, learning_caveats
from normlab.analysis.load import Clock, ClockChoice, choose_clock
from normlab.analysis.method import Method, method_of
from normlab.analysis.records import RunRecord
from normlab.analysis.sequential import SequentialComparison, StoppingPlan
from normlab.analysis.setup import Setup, setup_of
from normlab.analysis.several import ArmPair, compare_arms, pairs_by_plan
from normlab.analysis.verdict import PairedComparison
from normlab.analysis.wording import sentence
from normlab.spec.metrics import Metric, Part


@dataclass(frozen=True)
class PairReport:
    """Two arms: the verdict, its sentence, and the evidence."""

    a: str
    b: str
    sentence: str
    comparison: PairedComparison
    adjusted_p_value: float
    earlier_looks: tuple[EarlierLook, ...]
    """Comparisons before this one that have seen runs of both arms, oldest first."""
    error_share: float
    """The part of its error that they leave to this one."""
    same_looks: tuple[str, ...]
    """Ids of comparisons before this one that asked the same of the same runs, which is free."""
    values: tuple[tuple[int | None, float, float], ...]
    """Number of the pair (its seed, if its runs share one), value of a, value of b, for each pair."""
    curve: DifferenceBand | None
    """Of the metric over epochs; None when it has none, or before an epoch that all runs have."""
    cost: CostOfAPoint | None
    """None unless the metric is an accuracy, and there are seconds that can be compared."""
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
    method: Method
    clocks: Clocks | None
    clock: Clock
    """Whose seconds ``costs`` are."""
    costs: Mapping[str, ArmCost]
    """Empty unless the metric is an accuracy, and there are seconds that can be compared."""
    pareto_front: tuple[str, ...] | None
    """None unless it is decided of each two arms which is more accurate, and which needs more time."""
    differences: tuple[Difference, ...]
    arms_that_guess: tuple[str, ...]
    """Those of which no run's accuracy can be told from guessing."""
    caveats: tuple[str, ...]

    def to_document(self) -> dict[str, Any]:
        """Plain JSON, which begins with the comparison in one sentence."""
        return {"headline": headline(self), **to_plain(self)}


@dataclass(frozen=True)
class Planned:
    """A plan that goes on until decided, and what it has seen of each pair of arms (``compare_by_plan``)."""

    plan: StoppingPlan
    seen: Sequence[SequentialComparison]


def compare_runs(
    arms: Mapping[str, Sequence[RunRecord]],
    *,
    metric: Metric = Metric.VAL_ACCURACY,
    confidence: float = 0.95,
    equivalence_margin: float = 0.0,
    target_accuracy: float | None = None,
    correct: Mapping[str, ArrayLike] | None = None,
    before: Mapping[tuple[str, str], EarlierLooks] | None = None,
    planned: Planned | None = None,
) -> ComparisonStatistics:
    """Compare arms by their finished runs, paired by seed, or by what ``RunRecord.pair`` says instead.

    ``arms`` are by name, and keep their order. A seed counts when every arm has a run of it with a value,
    and an arm's second run of a seed does not; the caveats say what is left out. ``correct`` are, by
    job, booleans of shape (test examples,): whether each was right; arms on different datasets are compared without
    them. ``before`` are the earlier looks at pairs of arms, ``planned`` the plan where the number of pairs depends on
    what they show. The metric is that of the network which a run keeps, never of the epoch that looks best.

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
    options: _Options = {
        "equivalence_margin": equivalence_margin,
        "higher_is_better": metric.higher_is_better,
    }
    compared = (
        compare_arms(values, confidence=confidence, before=before, **options)
        if planned is None
        else pairs_by_plan(values, planned.seen, planned.plan, **options)
    )
    compared = tuple(_without_own_penalties(pair, paired, metric) for pair in compared)
    choice = choose_clock(paired)
    seconds = _seconds(paired, choice) if metric.is_accuracy else None
    costs = _costs(seconds, values)
    curves = curves_of(
        [(paired[pair.a], paired[pair.b], pair.comparison.basis, (pair.a, pair.b)) for pair in compared],
        metric,
    )
    pairs = tuple(
        PairReport(
            a=pair.a,
            b=pair.b,
            sentence=sentence(pair.comparison, pair.a, pair.b, metric),
            comparison=pair.comparison,
            adjusted_p_value=pair.adjusted_p_value,
            earlier_looks=looks.looks,
            error_share=looks.share,
            same_looks=looks.same,
            values=tuple(zip(seeds, values[pair.a], values[pair.b], strict=True)),
            curve=curve,
            cost=cost_of_a_point(
                pair.comparison,
                (values[pair.a], values[pair.b]),
                (seconds[pair.a], seconds[pair.b]),
                (pair.a, pair.b),
                choice.clock,
            )
            if seconds
            else None,
            variance=variance_of(paired[pair.a], paired[pair.b], shared, confidence),
            test_set=bootstrap_of(paired[pair.a], paired[pair.b], shared, confidence),
            mcnemar=mcnemar_of(paired[pair.a], paired[pair.b], shared),
        )
        for pair, curve in zip(compared, curves, strict=True)
        for looks in [(before or {}).get((pair.a, pair.b), NO_EARLIER_LOOKS)]
        for shared in [of_one_test_set((*paired[pair.a], *paired[pair.b]), correct or {})]
    )
    decided = [(pair.a, pair.b, pair.comparison.verdict, pair.cost) for pair in pairs if pair.cost]
    return ComparisonStatistics(
        setup=setup_of(paired),
        metric=metric,
        confidence=confidence,
        equivalence_margin=equivalence_margin,
        seeds=seeds,
        arms={
            name: describe_arm(group, confidence=confidence, bounds=metric.bounds)
            for name, group in values.items()
        },
        pairs=pairs,
        method=method_of(
            metric,
            confidence=confidence,
            equivalence_margin=equivalence_margin,
            pairs_of_arms=len(pairs),
            plan=None if planned is None else planned.plan,
            before=before or {},
            arms=paired,
        ),
        clocks=compare_clocks(
            paired,
            metric=metric,
            target_accuracy=target_accuracy,
            confidence=confidence,
            equivalence_margin=equivalence_margin,
            by_seconds=choice.clock is Clock.WALL,
        )
        if metric.every_epoch
        else None,
        clock=choice.clock,
        costs=costs,
        pareto_front=pareto_front(costs, decided) if costs else None,
        differences=differences({name: runs[0].spec for name, runs in paired.items()}),
        arms_that_guess=arms_that_guess(paired),
        caveats=(
            *_left_out(arms, len(seeds)),
            *_fairness(paired, metric),
            *imbalance_of_pairs(paired, metric, confidence),
            *small_validation_set(paired, metric),
            *disagreeing_test_set(pairs, metric),
            *_planning(pairs),
        ),
    )


class _Options(TypedDict):
    equivalence_margin: float
    higher_is_better: bool


def _seconds(paired: Mapping[str, Sequence[RunRecord]], choice: ClockChoice) -> dict[str, list[float]] | None:
    """The seconds of each run; None where there are none that can be compared."""
    seconds = {name: [choice.seconds(run) for run in runs] for name, runs in paired.items()}
    if any(value is None for group in seconds.values() for value in group):
        return None
    return {name: [value for value in group if value is not None] for name, group in seconds.items()}


def _costs(
    seconds: Mapping[str, Sequence[float]] | None, values: Mapping[str, Sequence[float]]
) -> dict[str, ArmCost]:
    return {
        name: ArmCost(seconds=float(np.mean(group)), accuracy=float(np.mean(values[name])))
        for name, group in (seconds or {}).items()
    }


def _without_own_penalties(
    pair: ArmPair, paired: Mapping[str, Sequence[RunRecord]], metric: Metric
) -> ArmPair:
    """The pair without a verdict where a loss holds an arm's own L2 penalty: it is then another number in each arm."""
    if metric.figure != "loss":
        return pair
    for name in (pair.a, pair.b):
        if any(has_penalty(run.spec) and _unpenalized(run, metric) is None for run in paired[name]):
            comparison = pair.comparison.without_verdict(
                f"the loss of {name} holds its own L2 penalty",
                f"The loss of {name} holds an L2 penalty of its own, and its runs are of a version of Normlab that did "
                "not keep the loss without it. Run them again, or compare accuracies.",
            )
            return replace(pair, comparison=comparison, adjusted_p_value=1.0)
    return pair


def _unpenalized(run: RunRecord, metric: Metric) -> float | None:
    source = run.kept if metric.every_epoch else run
    return None if source is None else metric.without_penalty(source)


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


def _fairness(paired: Mapping[str, Sequence[RunRecord]], metric: Metric) -> tuple[str, ...]:
    caveats = (*arm_caveats(paired), *learning_caveats(paired, metric))
    if metric.part is Part.TEST:
        return (*caveats, "If arms are picked by this comparison, the test set has been used to pick them.")
    return caveats


def _planning(pairs: Sequence[PairReport]) -> Iterable[str]:
    """How to go on where something is not decided."""
    undecided = [pair.comparison for pair in pairs if pair.comparison.further_pairs]
    if undecided:
        yield (
            "Plan further pairs before looking at them: a new comparison that goes on until decided (replicates with a "
            "max; --up-to), with seeds that were not looked at yet. Adding a few pairs to these and looking again is a "
            "further look, which the next comparison of them is charged for. The number of further pairs is a range of "
            "what these few pairs allow (80 % confidence), not a promise."
        )


def _left_out(arms: Mapping[str, Sequence[RunRecord]], pairs: int) -> tuple[str, ...]:
    left = sum(len(runs) - pairs for runs in arms.values())
    if not left:
        return ()
    return (
        f"{left} run{'s are' if left > 1 else ' is'} left out: unfinished, without a finite value, without a "
        "partner of the same seed in every arm, or a second run of a seed.",
    )
