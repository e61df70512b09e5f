from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from normlab.analysis import by_arm, compare_runs
from normlab.analysis.clocks import compare_clocks
from normlab.analysis.curve import reached_at, value_at_epoch, value_at_seconds
from normlab.analysis.verdict import Verdict
from normlab.spec.metrics import Metric


@pytest.fixture
def arms(make_run: Any) -> dict[str, list[Any]]:
    return {
        "plain": [make_run("baseline", seed=seed, best=0.85, seconds=0.7) for seed in range(5)],
        "norm": [
            make_run("baseline_with_batch_norm", seed=seed, best=0.88, seconds=1.2) for seed in range(5)
        ],
    }


def test_a_whole_comparison(arms: Any) -> None:
    found = compare_runs(arms, target_accuracy=0.84)
    (pair,) = found.pairs
    assert pair.sentence.startswith("norm is better than plain: its validation accuracy is 3.")
    assert "t test p = " in pair.sentence
    assert "5 pairs are too few for the exact test to decide" in pair.sentence
    assert pair.curve is not None
    assert pair.curve.reading.startswith("norm ahead")
    assert pair.cost is not None
    assert pair.cost.seconds_per_point == pytest.approx(3.0 / 3.0, rel=0.2)
    assert found.pareto_front == ("plain", "norm")
    assert found.seeds == (0, 1, 2, 3, 4)
    assert found.arms["norm"].mean > found.arms["plain"].mean
    assert [difference.field for difference in found.differences] == ["normalization"]
    assert found.clocks is not None
    assert found.clocks.target is not None
    assert found.clocks.target.arms["norm"].reached == 5
    document = found.to_document()
    assert document["metric"] == "val_accuracy"
    assert document["pairs"][0]["comparison"]["verdict"] == "b_better"


def test_what_has_no_partner_is_left_out_and_told(arms: Any, make_run: Any) -> None:
    arms["plain"].append(make_run("baseline", seed=77))
    arms["norm"][0] = replace(arms["norm"][0], epochs=())
    arms["norm"].append(replace(arms["norm"][1], job="job_again"))
    found = compare_runs(arms)
    assert found.seeds == (1, 2, 3, 4)
    assert found.caveats[0].startswith("4 runs are left out")


def test_the_test_set_warns_of_its_use(arms: Any) -> None:
    found = compare_runs(arms, metric=Metric.TEST_ACCURACY)
    assert "the test set has been used" in found.caveats[-1]
    assert found.clocks is None
    assert found.pairs[0].curve is not None


def test_losses_are_better_when_lower(arms: Any) -> None:
    worse = [
        replace(run, epochs=tuple(point.model_copy(update={"val_loss": 2.0}) for point in run.epochs))
        for run in arms["norm"]
    ]
    found = compare_runs({"plain": arms["plain"], "norm": worse}, metric=Metric.VAL_LOSS)
    assert found.pairs[0].sentence.startswith(
        "plain is better than norm: its validation loss is 1.8333 lower"
    )
    assert found.pairs[0].cost is None
    assert found.pareto_front is None


def test_outcomes_tell_seeds_from_test_set(arms: Any) -> None:
    rng = np.random.default_rng(0)
    correct = {run.job: rng.random(200) < 0.8 for runs in arms.values() for run in runs}
    pair = compare_runs(arms, correct=correct).pairs[0]
    assert pair.variance is not None
    assert pair.test_set is not None
    assert pair.test_set.difference == pytest.approx(pair.variance.difference)
    assert [seed for seed, _ in pair.mcnemar] == [seed for seed, *_ in pair.values]
    correct.popitem()
    fewer = compare_runs(arms, correct=correct).pairs[0]
    assert fewer.variance is None
    assert fewer.test_set is None
    assert fewer.mcnemar == pair.mcnemar[:-1]


def test_outcomes_on_different_test_sets_are_not_compared(arms: Any) -> None:
    def pair(examples: int, dataset: str) -> Any:
        norm = [
            replace(run, spec=run.spec | {"dataset": run.spec["dataset"] | {"name": dataset}})
            for run in arms["norm"]
        ]
        correct = {run.job: np.arange(100) < 80 for run in arms["plain"]}
        correct |= {run.job: np.arange(examples) < 80 for run in norm}
        return compare_runs({"plain": arms["plain"], "norm": norm}, correct=correct).pairs[0]

    own = arms["plain"][0].spec["dataset"]["name"]
    assert pair(100, own).test_set is not None
    for found in (pair(99, own), pair(100, "another")):
        assert (found.variance, found.test_set, found.mcnemar) == (None, None, ())


def test_a_difference_that_another_test_set_could_turn_around_is_told(arms: Any) -> None:
    seeds = range(len(arms["plain"]))
    plain = [
        replace(run, test_accuracy=0.80 + 0.0001 * seed)
        for run, seed in zip(arms["plain"], seeds, strict=True)
    ]
    norm = [replace(run, test_accuracy=0.81) for run in arms["norm"]]
    # Whatever the seed, b has three of a hundred examples right that a has not, and a two that b has not.
    right_a, right_b = np.arange(100) < 80, (np.arange(100) >= 2) & (np.arange(100) < 83)
    correct = {run.job: right_a for run in plain} | {run.job: right_b for run in norm}
    told = " ".join(
        compare_runs({"plain": plain, "norm": norm}, metric=Metric.TEST_ACCURACY, correct=correct).caveats
    )
    assert "norm against plain: another test set of 100 examples could turn the difference around" in told
    assert "percentage points" in told
    of_validation = compare_runs({"plain": plain, "norm": norm}, correct=correct)
    assert "another test set" not in " ".join(of_validation.caveats)


def test_equal_arms_with_seeds_of_their_own_are_pairs_by_number(make_run: Any) -> None:
    def runs(name: str, first: int) -> list[Any]:
        return [replace(make_run(seed=first + n), name=name, pair=n, job=f"{name}{n}") for n in range(4)]

    found = compare_runs({"one": runs("one", 10), "other": runs("other", 20)})
    assert found.seeds == (0, 1, 2, 3)
    assert found.pairs[0].comparison.pairs == 4
    told = " ".join(found.caveats)
    assert "one and other are the same but for their seeds: any difference between them is chance" in told
    assert "The runs of a pair do not share their seed" in told
    assert "nothing to compare" not in told


def test_arms_without_a_common_seed_are_refused(make_run: Any) -> None:
    with pytest.raises(ValueError, match="no finished run with a common seed"):
        compare_runs({"a": [make_run(seed=1)], "b": [make_run(seed=2)]})
    with pytest.raises(ValueError, match="at least two arms"):
        compare_runs({"a": [make_run()]})


def test_runs_grouped_by_arm_can_be_compared(make_run: Any) -> None:
    runs = [make_run(arm, seed=seed) for seed in (1, 2) for arm in ("baseline", "batch_norm")]
    found = compare_runs(by_arm(runs))
    assert list(found.arms) == ["baseline", "batch_norm"]
    assert found.seeds == (1, 2)


def test_one_run_of_each_has_no_verdict(make_run: Any) -> None:
    (pair,) = compare_runs({"a": [make_run("baseline")], "b": [make_run("batch_norm")]}).pairs
    assert pair.comparison.verdict == "inconclusive"
    assert pair.sentence.startswith("Not decided: the one pair has a difference of")


def test_reading_a_curve(make_run: Any) -> None:
    run = make_run(noise=0.0, best=0.9, seconds=2.0)  # 0.8, 0.85, 0.8667, 0.875, …
    metric = Metric.VAL_ACCURACY
    assert value_at_epoch(run, metric, 2) == pytest.approx(0.85)
    assert value_at_epoch(run, metric, 99) is None
    assert value_at_seconds(run, metric, 5.9) == pytest.approx(0.85)
    assert value_at_seconds(run, metric, 1.0) is None
    assert reached_at(run, 0.85) == (2, 4.0)
    assert reached_at(run, 0.95) is None


def test_the_clocks_disagree_when_the_better_arm_is_slow(make_run: Any) -> None:
    quick = [make_run("baseline", seed=seed, best=0.85, seconds=1.0) for seed in range(4)]
    slow = [make_run("batch_norm", seed=seed, best=0.86, seconds=4.0) for seed in range(4)]
    found = compare_clocks({"quick": quick, "slow": slow}, target_accuracy=0.82)
    assert found.epoch == 6
    assert found.seconds == pytest.approx(6.0)
    assert found.at_epoch is not None
    assert found.at_seconds is not None
    assert found.at_epoch[0].comparison.verdict == "b_better"
    # After six seconds the slow arm has finished one epoch of six.
    assert found.at_seconds[0].comparison.verdict == "a_better"
    assert found.target is not None
    assert found.target.epochs["quick"] == (4, 4, 4, 4)


def test_a_clock_that_has_nothing_in_common_is_empty(make_run: Any) -> None:
    quick, slow = make_run(seconds=1.0, epochs=2), make_run("batch_norm", seconds=9.0)
    assert compare_clocks({"quick": [quick], "slow": [slow]}).at_seconds is None
    nothing = compare_clocks({"quick": [replace(quick, epochs=())], "slow": [slow]}, target_accuracy=0.5)
    assert (nothing.epoch, nothing.at_epoch, nothing.target) == (None, None, None)
    with pytest.raises(ValueError, match="known only at the end"):
        compare_clocks({"quick": [quick], "slow": [slow]}, metric=Metric.TEST_ACCURACY)


def test_a_test_set_that_decides_beside_a_verdict_that_does_not_is_explained(make_run: Any) -> None:
    runs = {name: [make_run(seed=seed, job=f"{name}{seed}") for seed in range(4)] for name in ("x", "y")}
    correct = {
        run.job: np.arange(400) < (300 if name == "x" else 360) + position
        for name, group in runs.items()
        for position, run in enumerate(group)
    }
    found = compare_runs(runs, correct=correct)
    assert found.pairs[0].comparison.verdict is Verdict.INCONCLUSIVE
    told = " ".join(found.caveats)
    assert "y against x: by the test accuracy the interval, corrected for nothing, excludes zero" in told
    assert "this one validation set" not in told


def test_a_small_validation_set_is_named(make_run: Any) -> None:
    runs = {name: [make_run(seed=seed, job=f"{name}{seed}") for seed in range(3)] for name in ("x", "y")}
    small = {
        name: [
            replace(
                run, spec=dict(run.spec) | {"dataset": {"name": "fashion_mnist", "validation_samples": 137}}
            )
            for run in group
        ]
        for name, group in runs.items()
    }
    told = " ".join(compare_runs(small).caveats)
    assert "this one validation set of 137 examples, of which a single one is 0.73 points" in told
