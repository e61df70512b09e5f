"""What a run can watch from epoch to epoch, and which way is better."""

from typing import Literal

Monitor = Literal["val_loss", "val_accuracy", "val_balanced_accuracy", "val_macro_f1", "loss", "accuracy"]


def better(monitor: str, current: float, best: float, min_delta: float) -> bool:
    """Whether a value is better than the best so far by more than ``min_delta``. Losses get better downwards."""
    if monitor.endswith("loss"):
        return current + min_delta < best
    return current - min_delta > best
