"""What is said of the method, of levels and of p values is what was done."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from normlab.analysis import (
    StoppingPlan,
    compare_arms,
    compare_by_plan,
    compare_paired,
    compare_runs,
    sentence,
)
from normlab.analysis.comparison import ComparisonStatistics, Planned
from normlab.analysis.earlier_looks import PlannedLook, earlier_looks
from normlab.analysis.several import pairs_by_plan
from normlab.spec.replicates import Replicates

RNG = np.random.default_rng(3)
BASE = RNG.normal(0.85, 0.003, 8)
ARMS = {
    "a": BASE,
    "b": BASE + 0.02 + RNG.normal(0, 0.001, 8),
    "c": BASE + RNG.normal(0.002, 0.003, 8),
}


@pytest.mark.parametrize("pairs", [4, 5, 7, 8])
def test_a_corrected_p_value_says_what_the_verdict_says(pairs: int) -> None:
    arms = {name: values[:pairs] for name, values in ARMS.items()}
    plan = StoppingPlan(4, 12)
    by_plan = pairs_by_plan(arms, compare_by_plan(arms, plan), plan)
    found = [*compare_arms(arms), *by_plan, *compare_arms(arms, before={("a", "b"): _looked_at})]
    for pair in found:
        assert (pair.adjusted_p_value <= 0.05) == pair.comparison.verdict.better
    assert any(pair.comparison.verdict.better for pair in found)


def _look(pairs: int) -> PlannedLook:
    seeds = frozenset(range(pairs))
    return PlannedLook(f"cmp_{pairs}", seeds, seeds, pairs, Replicates(start=pairs, max=pairs), 0.05)


_looked_at = earlier_looks(
    _look(8),
    [_look(5)],
)


def test_the_t_test_is_named_where_it_decides() -> None:
    text = sentence(compare_paired(BASE[:5], ARMS["b"][:5]))
    assert "t test p = 0.0000" in text
    assert "5 pairs are too few for the exact test to decide" in text
    assert "exact p" not in text
    undecided = sentence(compare_paired(BASE[:5], ARMS["c"][:5] - 0.002))
    assert ", where 0.025 is needed; 5 pairs are too few" in undecided
    assert "exact test p = 0.00781" in sentence(compare_paired(BASE, ARMS["b"]))


def test_the_bootstrap_is_not_shown_below_ten_pairs() -> None:
    rng = np.random.default_rng(0)
    nine = compare_paired(np.zeros(9), rng.normal(size=9))
    ten = compare_paired(np.zeros(10), rng.normal(size=10))
    assert (nine.bootstrap_interval, nine.bootstrap_basis) == (None, None)
    assert ten.bootstrap_interval is not None
    assert ten.bootstrap_basis is not None


def runs_of(make_run: Any, arms: int, pairs: int = 3) -> dict[str, list[Any]]:
    return {
        f"arm {arm}": [
            make_run(seed=seed, best=0.8 + 0.01 * arm, job=f"{arm}_{seed}") for seed in range(pairs)
        ]
        for arm in range(arms)
    }


def planned(runs: dict[str, list[Any]]) -> ComparisonStatistics:
    plan = StoppingPlan(3, 6)
    values = {name: [run.epochs[-1].val_accuracy for run in group] for name, group in runs.items()}
    return compare_runs(runs, planned=Planned(plan, compare_by_plan(values, plan)))


def test_the_method_is_that_of_the_verdicts(make_run: Any) -> None:
    alone = compare_runs(runs_of(make_run, 2)).method
    several = compare_runs(runs_of(make_run, 3)).method
    going_on = planned(runs_of(make_run, 3)).method
    assert (alone.correction, alone.planned_looks, alone.spending) == ("none", 1, None)
    assert (several.correction, several.planned_looks) == ("holm", 1)
    assert (going_on.correction, going_on.planned_looks, going_on.spending) == ("bonferroni", 4, "pocock")
    assert "twice the t test's" in " ".join(several.sentences)
    assert "never below that of a pair tested before" in " ".join(several.sentences)
    assert "twice the t test's" not in " ".join(alone.sentences)
    assert "Holm" not in " ".join((*alone.sentences, *going_on.sentences))
    assert "Bonferroni" in " ".join(going_on.sentences)
    assert "alpha spending" in " ".join(going_on.sentences)


def test_every_interval_says_its_level_its_correction_and_what_it_supposes(make_run: Any) -> None:
    runs = runs_of(make_run, 3)
    rng = np.random.default_rng(0)
    correct = {run.job: rng.random(200) < 0.8 for group in runs.values() for run in group}
    found = compare_runs(runs, correct=correct)
    for pair in found.pairs:
        basis = pair.comparison.basis
        assert basis.level == pair.comparison.confidence
        assert basis.together == 0.95
        assert basis.corrected_for == ("3 pairs of arms in Holm's order",)
        assert pair.curve is not None
        assert pair.curve.basis.corrected_for == basis.corrected_for
    for interval, basis in _intervals(found.to_document()):
        assert interval is None or basis["supposes"]


def _intervals(document: Any) -> list[tuple[Any, Any]]:
    """Every interval of a result with the basis beside it."""
    if isinstance(document, list):
        return [item for part in document for item in _intervals(part)]
    if not isinstance(document, dict):
        return []
    own = [
        (document[name], document[name.removesuffix("interval") + "basis"])
        for name in document
        if name.endswith("interval") and "share_b" not in document
    ]
    return [*own, *(item for part in document.values() for item in _intervals(part))]


def test_a_plan_says_its_looks_beside_its_level(make_run: Any) -> None:
    comparison = planned(runs_of(make_run, 3)).pairs[0].comparison
    assert comparison.basis.corrected_for == ("3 pairs of arms", "4 planned looks")
    assert comparison.basis.level > 1 - 0.05 / 3
    assert " % interval, corrected for 3 pairs of arms and 4 planned looks: " in sentence(comparison)


def test_looks_at_the_same_runs_are_named_as_free(make_run: Any) -> None:
    before = {("arm 0", "arm 1"): earlier_looks(_look(3), [_look(3)])}
    found = compare_runs(runs_of(make_run, 2), before=before)
    (pair,) = found.pairs
    assert (pair.earlier_looks, pair.same_looks) == ((), ("cmp_3",))
    assert (
        "No earlier look is charged. Looks at exactly these runs, which are free: cmp_3."
        in found.method.sentences
    )


def test_the_method_says_what_this_comparison_did(make_run: Any) -> None:
    shared = {name: [make_run(name, seed=seed) for seed in (7, 8, 9)] for name in ("baseline", "batch_norm")}
    sentences = " ".join(compare_runs(shared).method.sentences)
    assert "trained with the same 3 seeds" in sentences
    assert "early stopping" not in sentences
    assert "Equivalent" not in sentences
    own = {
        name: [replace(make_run(name, seed=seed + place), pair=seed) for seed in (7, 8, 9)]
        for place, name in enumerate(("baseline", "batch_norm"), start=10)
    }
    assert "3 seeds of its own" in " ".join(compare_runs(own).method.sentences)
    stopped = {name: [replace(run, kept_epoch=2) for run in runs] for name, runs in shared.items()}
    assert "early stopping restored" in " ".join(compare_runs(stopped).method.sentences)
