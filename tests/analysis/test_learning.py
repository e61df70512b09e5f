"""What is said of arms that have learned nothing, have not finished learning, or cannot be told apart for it."""

from dataclasses import replace
from typing import Any

import pytest

from normlab.analysis import RunRecord, Verdict, caveats, compare_runs
from normlab.spec.metrics import Metric

LAYERS = {"layers": [{"type": "flatten"}, {"type": "dense", "units": 8}]}


def flat(run: RunRecord, accuracy: float, **changes: Any) -> RunRecord:
    """A run whose accuracies are always the same."""
    epochs = tuple(point.model_copy(update={"val_accuracy": accuracy}) for point in run.epochs)
    return replace(run, epochs=epochs, test_accuracy=accuracy, **changes)


def test_two_arms_that_predict_one_class_say_nothing(make_run: Any) -> None:
    arms = {
        name: [flat(make_run(name, seed=seed), 0.1) for seed in range(3)]
        for name in ("baseline", "batch_norm")
    }
    found = compare_runs(arms)
    (pair,) = found.pairs
    assert pair.sentence == (
        "Not decided: baseline and batch_norm have exactly the same validation accuracy in each of 3 pairs."
    )
    assert (pair.comparison.wins.ties, pair.comparison.wins.share_b) == (3, None)
    told = " ".join(found.caveats)
    for name in arms:
        assert f"{name} has learned nothing that shows: the accuracy of 3 of 3 runs" in told
    assert "both arms have learned nothing, what differs between them had no effect" in " ".join(
        pair.comparison.caveats
    )


@pytest.mark.parametrize(("accuracy", "guessed"), [(0.1, True), (0.105, True), (0.12, False), (0.05, True)])
def test_an_accuracy_is_told_from_guessing_where_that_could_not_reach_it(
    make_run: Any, accuracy: float, guessed: bool
) -> None:
    # Of 10,000 test samples of 10 classes, guessing has 10 % right, give or take 0.3.
    arms = {"a": [flat(make_run(seed=1), accuracy)], "b": [make_run("batch_norm", seed=1)]}
    assert ("a has learned nothing" in " ".join(compare_runs(arms).caveats)) == guessed


def test_an_arm_of_which_some_runs_have_learned_is_not_said_to_have_learned_nothing(make_run: Any) -> None:
    guessing, *others = [make_run(seed=seed) for seed in range(3)]
    arms = {
        "a": [flat(guessing, 0.1), *others],
        "b": [make_run("batch_norm", seed=seed) for seed in range(3)],
    }
    told = " ".join(compare_runs(arms).caveats)
    assert "a: the accuracy of 1 of 3 runs cannot be told from guessing" in told
    assert "learned nothing" not in told


def test_early_stopping_of_one_arm_is_one_difference(make_run: Any) -> None:
    runs = [make_run(seed=seed) for seed in range(3)]
    stopping = {"monitor": "val_loss", "patience": 1, "restore_best_weights": True}
    spec = runs[0].spec | {"training": runs[0].spec["training"] | {"early_stopping": stopping}}
    arms = {"plain": runs, "stopped": [replace(run, job=f"{run.job}s", spec=spec) for run in runs]}
    told = " ".join(compare_runs(arms).caveats)
    assert "several ways at once" not in told
    assert "early_stopping.patience" not in told


def test_the_validation_set_stands_in_for_a_test_set_and_unknown_data_for_nothing(make_run: Any) -> None:
    run = flat(make_run(seed=1), 0.1)
    other = make_run("batch_norm", seed=1)
    unmeasured = replace(run, test_accuracy=None)
    assert "a has learned nothing" in " ".join(compare_runs({"a": [unmeasured], "b": [other]}).caveats)
    recorded = replace(run, majority_p_value=1e-9)
    assert "a has learned nothing" not in " ".join(compare_runs({"a": [recorded], "b": [other]}).caveats)
    mine = replace(run, spec=run.spec | {"dataset": run.spec["dataset"] | {"name": "mine"}})
    assert "learned nothing" not in " ".join(compare_runs({"a": [mine], "b": [other]}).caveats)


def test_curves_that_still_rise_are_told(make_run: Any) -> None:
    # By 0.1 / epoch: between the first and the second of two epochs by 5 points, at the end of 30 by little.
    def told(epochs: int, metric: Metric = Metric.VAL_ACCURACY) -> str:
        arms = {
            name: [make_run(name, seed=seed, epochs=epochs, noise=0.0) for seed in range(3)]
            for name in ("baseline", "batch_norm")
        }
        return " ".join(compare_runs(arms, metric=metric).caveats)

    assert "The curves still rise when training ends (baseline by 5.00 percentage points in the last" in told(
        2
    )
    assert "still fall when training ends" in told(2, Metric.VAL_LOSS)
    running = {
        name: [replace(make_run(name, epochs=2, noise=0.0), state="running")]
        for name in ("baseline", "batch_norm")
    }
    assert "when training ends" not in " ".join(compare_runs(running).caveats)
    assert "when training ends" not in told(40)
    assert "when training ends" not in told(1)


def test_a_run_that_was_stopped_has_finished_learning(make_run: Any) -> None:
    arms = {
        name: [replace(make_run(name, seed=seed, epochs=4, noise=0.0), kept_epoch=2) for seed in range(3)]
        for name in ("baseline", "batch_norm")
    }
    assert "when training ends" not in " ".join(compare_runs(arms).caveats)


def test_one_learning_rate_for_different_networks_is_told(make_run: Any) -> None:
    def told(*runs: Any) -> bool:
        return "trained with one learning rate (0.001)" in " ".join(caveats(runs))

    other = {"name": "sgd", "learning_rate": 0.01}
    assert told(make_run("baseline"), make_run("batch_norm"))
    assert not told(make_run("baseline"), make_run("batch_norm", optimizer=other))
    assert not told(make_run("baseline"), make_run("baseline", batch_size=64))
    assert not told(make_run("baseline", seed=1), make_run("baseline", seed=2))


def test_a_job_that_still_runs_is_no_other_environment(make_run: Any) -> None:
    done = replace(make_run("baseline"), environment={"normlab": "1", "python": "3"}, state="succeeded")
    running = replace(make_run("batch_norm", epochs=2, name="bn"), state="running")
    told = " ".join(caveats([done, running]))
    assert "environments differ" not in told
    assert "bn has not ended (it is running): its figures are those of the 2 epochs so far" in told
    assert "has not ended" not in " ".join(caveats([done, replace(running, state="failed")]))


def test_a_loss_with_a_penalty_of_its_own_is_compared_without_it(make_run: Any) -> None:
    l2 = {"layers": [LAYERS["layers"][0], LAYERS["layers"][1] | {"kernel_regularizer": {"l2": 0.01}}]}

    def with_penalty(run: RunRecord, penalty: float, cross_entropy: float | None) -> RunRecord:
        epochs = tuple(
            point.model_copy(
                update={
                    "val_loss": 0.4 + penalty + 0.001 * run.seed,
                    "val_cross_entropy": cross_entropy and cross_entropy + 0.001 * run.seed,
                }
            )
            for point in run.epochs
        )
        return replace(run, epochs=epochs)

    plain = [with_penalty(make_run(LAYERS, seed=seed, job=f"a{seed}"), 0.0, None) for seed in range(6)]

    def pair(cross_entropy: float | None) -> Any:
        runs = [make_run(l2, seed=seed, job=f"b{seed}") for seed in range(6)]
        arm = [with_penalty(run, 0.37, cross_entropy) for run in runs]
        (found,) = compare_runs({"plain": plain, "l2": arm}, metric=Metric.VAL_LOSS).pairs
        return found

    known = pair(0.45)
    assert known.comparison.difference == pytest.approx(0.05)
    assert known.comparison.verdict is Verdict.A_BETTER
    unknown = pair(None)
    assert unknown.comparison.verdict is Verdict.INCONCLUSIVE
    assert unknown.sentence.startswith("No verdict, since the loss of l2 holds its own L2 penalty")
    assert unknown.adjusted_p_value == 1.0
