"""Numbers of epochs that nobody measured."""

from typing import Any

from normlab.spec.epochs import EpochMetrics


def made_up_epoch(epoch: int, **fields: Any) -> EpochMetrics:
    """An epoch of one second of training, and what a test says about it."""
    numbers = {
        "learning_rate": 0.1,
        "loss": 1.0,
        "accuracy": 0.5,
        "train_seconds": 1.0,
        "evaluate_seconds": 0.1,
        "compile_seconds": 0.0,
        "elapsed_seconds": 1.1 * epoch,
    }
    return EpochMetrics(epoch=epoch, **{**numbers, **fields})
