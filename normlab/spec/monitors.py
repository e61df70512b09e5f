"""What a run can watch from epoch to epoch, and which way is better."""

from typing import Literal

Monitor = Literal["val_loss", "val_accuracy", "loss", "accuracy"]


def better(monitor: str, current: float, best: float, min_delta: float) -> bool:
    """Whether a value is better than the best so far by more than ``min_delta``. Losses get better downwards."""
    if monitor.endswith("accuracy"):
        return current - min_delta > best
    return current + min_delta < best
