"""What a run can watch from epoch to epoch, and which way is better."""

from typing import Literal

from normlab.spec.columns import Task
from normlab.spec.epochs import FIGURES

Monitor = Literal[
    "val_loss",
    "val_accuracy",
    "val_balanced_accuracy",
    "val_macro_f1",
    "loss",
    "accuracy",
    "val_mse",
    "val_rmse",
    "val_mae",
    "val_r2",
    "mse",
    "rmse",
    "mae",
    "r2",
]

_DOWNWARDS = ("loss", "mse", "rmse", "mae")


def task_of(monitor: str) -> Task | None:
    """The task whose runs have it; None: all have."""
    if monitor.endswith("loss"):
        return None
    numbers = monitor.removeprefix("val_") in FIGURES
    return Task.REGRESSION if numbers else Task.CLASSIFICATION


def better(monitor: str, current: float, best: float, min_delta: float) -> bool:
    """Whether a value is better than the best so far by more than ``min_delta``. Losses and errors get better
    downwards."""
    if monitor.removeprefix("val_") in _DOWNWARDS:
        return current + min_delta < best
    return current - min_delta > best


def watched(monitor: str, epoch: object) -> float:
    """Its value at an epoch's end. R² of targets that are all equal is none: the squared error, by which epochs are in
    the same order, stands for it."""
    value = getattr(epoch, monitor)
    return -float(getattr(epoch, monitor.replace("r2", "mse"))) if value is None else float(value)
