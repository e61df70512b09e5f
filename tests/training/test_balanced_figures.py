"""Balanced accuracy and macro F1 of a run are those of what its network says, and change nothing of it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sklearn.metrics import balanced_accuracy_score, brier_score_loss, f1_score, log_loss

from normlab.spec import JobSpec
from normlab.training import TrainResult
from normlab.training.data import training_data
from normlab.training.export.evaluation import brier_score, cross_entropy


@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true")
def test_figures_of_a_run_are_scikit_learns_of_its_network(
    small_spec: Callable[..., JobSpec], run: Callable[..., TrainResult], data_dir: Path
) -> None:
    spec = small_spec("baseline", {"epochs": 2, "optimizer": "adam"})
    result = run(spec)
    data = training_data(spec, data_dir)
    last = result.history[-1]
    figures = {
        "validation": (last.val_balanced_accuracy, last.val_macro_f1, last.val_cross_entropy),
        "test": (result.test_balanced_accuracy, result.test_macro_f1, result.test_cross_entropy),
    }
    for part, samples in (("validation", data.validation), ("test", data.test)):
        labels, probabilities = samples.y.numpy(), result.probabilities[part]
        said = probabilities.argmax(axis=1)
        assert figures[part] == pytest.approx(
            (
                balanced_accuracy_score(labels, said),
                f1_score(labels, said, average="macro", zero_division=0),
                log_loss(labels, probabilities, labels=range(10)),
            ),
            rel=1e-5,
        )
        assert result.majority[part].imbalance < 0.1
        brier = brier_score_loss(labels, probabilities, labels=range(10), scale_by_half=False)
        assert brier_score(probabilities, labels) == pytest.approx(brier, rel=1e-6)
        assert cross_entropy(probabilities, labels) == pytest.approx(figures[part][2], rel=1e-5)
    assert result.test_balanced_accuracy != result.test_accuracy


def test_early_stopping_watches_them_upwards(
    small_spec: Callable[..., JobSpec], run: Callable[..., TrainResult]
) -> None:
    watched = {"monitor": "val_macro_f1", "patience": 2, "restore_best_weights": True}
    result = run(small_spec("baseline", {"epochs": 4, "early_stopping": watched}))
    values = [epoch.val_macro_f1 for epoch in result.history]
    assert values[result.kept_epoch - 1] == max(values)


def test_without_validation_there_are_none(
    small_spec: Callable[..., JobSpec], run: Callable[..., TrainResult]
) -> None:
    spec = small_spec("baseline", {"epochs": 1}, dataset={"name": "digits", "validation_samples": 0})
    result = run(spec)
    assert (result.history[0].val_balanced_accuracy, result.history[0].val_macro_f1) == (None, None)
    assert 0 < result.test_macro_f1 < 1
