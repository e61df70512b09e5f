"""Reading one run's learning curve: at an epoch, at a time, at a target.

A run that restores an earlier network has, from that epoch on, the network that it keeps: what later epochs measured
is of networks that nobody can have.
"""

from normlab.analysis.records import RunRecord
from normlab.spec.epochs import EpochMetrics
from normlab.spec.metrics import Metric


def value_at_epoch(run: RunRecord, metric: Metric, epoch: int) -> float | None:
    """The metric at the end of an epoch; None when the run has no such epoch, or no finite value."""
    for point, kept in zip(run.epochs, kept_along(run), strict=True):
        if point.epoch == epoch:
            return metric.at(kept)
    return None


def value_at_seconds(run: RunRecord, metric: Metric, seconds: float) -> float | None:
    """The metric at the last epoch's end within so many training seconds; None when no epoch had ended by
    then, or when it has no finite value."""
    value: float | None = None
    for kept, clock in zip(kept_along(run), run.training_seconds, strict=True):
        if clock <= seconds:
            value = metric.at(kept)
    return value


def reached_at(run: RunRecord, target: float) -> tuple[int, float] | None:
    """The first epoch whose validation accuracy is the target or above, and the training seconds until its
    end. Of the epochs up to the kept one: a network that was thrown away reached nothing."""
    for point, seconds in zip(run.kept_epochs, run.training_seconds, strict=False):
        if point.val_accuracy is not None and point.val_accuracy >= target:
            return point.epoch, seconds
    return None


def kept_along(run: RunRecord) -> tuple[EpochMetrics, ...]:
    """For each of the run's epochs that epoch, or the one that is kept where it lies before it."""
    behind = len(run.epochs) - len(run.kept_epochs)
    return (*run.kept_epochs, *run.kept_epochs[-1:] * behind)
