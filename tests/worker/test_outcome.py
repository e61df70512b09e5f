"""What the database keeps of a training: every figure is of the network that is kept."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from normlab.spec import JobSpec
from normlab.store import Job
from normlab.training import TrainResult, train
from worker.outcome import outcome_of


@pytest.fixture(scope="module")
def restored(make_spec: Callable[..., JobSpec], tmp_path_factory: pytest.TempPathFactory) -> TrainResult:
    """A run that early stopping took back to an epoch whose accuracy is not the highest."""
    spec = make_spec(
        architecture={"layers": [{"type": "flatten"}, {"type": "dense", "units": 16, "activation": "relu"}]},
        dataset={"name": "digits", "training_samples": 150},
        training={
            "epochs": 30,
            "target_accuracy": 0.01,
            "optimizer": {"name": "sgd", "learning_rate": 0.5, "momentum": 0.9},
            "early_stopping": {"monitor": "val_loss", "patience": 3, "restore_best_weights": True},
        },
    )
    return train(spec, data_dir=tmp_path_factory.mktemp("data"))


def test_no_figure_is_of_an_epoch_after_the_kept_one(restored: TrainResult) -> None:
    kept, epochs = restored.kept_epoch, len(restored.history)
    assert kept < epochs
    assert max(point.val_accuracy for point in restored.history[kept:]) > 0  # there is something to leave out
    job = Job(started_at=None)
    result = outcome_of(job, restored, [], [], exporting_seconds=0.0, load=None).result
    assert (result["epochs"], result["kept_epoch"]) == (epochs, kept)
    assert result["kept_val_accuracy"] == restored.history[kept - 1].val_accuracy
    assert result["best_val_accuracy"] == max(point.val_accuracy for point in restored.history[:kept])
    assert result["best_epoch"] <= kept
    assert result["reached_target_at_epoch"] == 1


def test_a_target_that_only_a_network_reached_that_was_thrown_away_is_not_reached(
    restored: TrainResult,
) -> None:
    later = restored.history[restored.kept_epoch].model_copy(update={"val_accuracy": 1.0})
    history = (*restored.history[: restored.kept_epoch], later)
    document = restored.spec.to_document()
    document["training"]["target_accuracy"] = 1.0
    spec = JobSpec.model_validate(document)
    result = outcome_of(
        Job(started_at=None),
        replace(restored, spec=spec, history=history),
        [],
        [],
        exporting_seconds=0.0,
        load=None,
    ).result
    assert result["reached_target_at_epoch"] is None
    assert result["best_val_accuracy"] < 1.0
