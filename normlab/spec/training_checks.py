"""What is wrong with a training that is well-formed by itself, on its data."""

from collections.abc import Iterator
from math import ceil

from normlab.errors import Problem
from normlab.spec.augmentation import Crop, Mixup
from normlab.spec.columns import Task
from normlab.spec.job import JobSpec
from normlab.spec.losses import losses_of
from normlab.spec.monitors import task_of
from normlab.spec.schedules import ReduceOnPlateau
from normlab.spec.shown import listed
from normlab.spec.training import EarlyStopping

_PICTURES = (2, 3)
"""Numbers of dimensions that a picture has: grey, or with channels."""


def training_problems(spec: JobSpec) -> Iterator[Problem]:
    """All of it, each with a pointer."""
    yield from _of_the_task(spec)
    if spec.dataset.held_out == 0:
        yield from _without_validation(spec)
    yield from _warm_up(spec)
    yield from _class_weights(spec)
    yield from _augmentation(spec)


def _of_the_task(spec: JobSpec) -> Iterator[Problem]:
    """What is of classes where numbers are predicted, and the other way round."""
    training, task = spec.training, spec.dataset.info.predicts
    what = _PREDICTED[task].format(spec.dataset.label)
    if training.loss.task is not task:
        others = listed(losses_of(task), "or")
        yield Problem("/training/loss", f"{training.loss.name} does not suit {what}: take {others}")
    for key, watched in _watching(spec):
        if task_of(watched.monitor) not in (None, task):
            yield Problem(
                f"/training/{key}/monitor", f"{watched.monitor} is not of {what}: monitor {_MONITORED[task]}"
            )
    if task is Task.CLASSIFICATION:
        return
    if training.class_weight is not None:
        yield Problem("/training/class_weight", f"weighs classes, and {what} has none: leave it out")
    if training.target_accuracy is not None:
        yield Problem(
            "/training/target_accuracy",
            f"is a part of right answers, and {what} has no right or wrong: leave it out",
        )


_PREDICTED = {
    Task.CLASSIFICATION: "{}, whose targets are classes",
    Task.REGRESSION: "{}, whose targets are numbers",
}
_MONITORED = {
    Task.CLASSIFICATION: "val_loss or val_accuracy",
    Task.REGRESSION: "val_loss, val_r2, val_rmse, val_mse or val_mae",
}


def _watching(spec: JobSpec) -> Iterator[tuple[str, EarlyStopping | ReduceOnPlateau]]:
    """What looks at a figure from epoch to epoch, by its key."""
    if spec.training.early_stopping is not None:
        yield "early_stopping", spec.training.early_stopping
    if isinstance(schedule := spec.training.learning_rate_schedule, ReduceOnPlateau):
        yield "learning_rate_schedule", schedule


def _without_validation(spec: JobSpec) -> Iterator[Problem]:
    training = spec.training
    of_training = "accuracy" if spec.dataset.info.predicts is Task.CLASSIFICATION else "r2"
    for key, watched in _watching(spec):
        if watched.monitor.startswith("val_"):
            yield Problem(
                f"/training/{key}/monitor", f"needs validation samples: monitor loss or {of_training} instead"
            )
    if training.target_accuracy is not None:
        yield Problem("/training/target_accuracy", "is a validation accuracy and needs validation samples")


def _warm_up(spec: JobSpec) -> Iterator[Problem]:
    training = spec.training
    if spec.dataset.trained_on <= 0:  # which is said by itself
        return
    steps = ceil(spec.dataset.trained_on / training.batch_size) * training.epochs
    if training.learning_rate_schedule.warmup_steps >= steps:
        yield Problem(
            "/training/learning_rate_schedule/warmup_steps",
            f"should be fewer than the {steps:,} steps of the run ({training.epochs} epochs of batches of "
            f"{training.batch_size}), so that it reaches its learning rate",
        )


def _class_weights(spec: JobSpec) -> Iterator[Problem]:
    weights, classes = spec.training.class_weight, spec.dataset.info.classes
    if not isinstance(weights, dict) or not classes:
        return
    for number in weights:
        if int(number) >= len(classes):
            yield Problem(
                f"/training/class_weight/{number}",
                f"{spec.dataset.label} has {len(classes)} classes, of which the last is {len(classes) - 1}",
            )
    if len(weights) == len(classes) and not any(weights.values()):
        yield Problem("/training/class_weight", "lets no class count: give one of them a weight above 0")


def _augmentation(spec: JobSpec) -> Iterator[Problem]:
    shape, mixed = spec.dataset.info.shape, False
    for index, asked in enumerate(spec.training.augmentation):
        pointer = f"/training/augmentation/{index}"
        if len(shape) not in _PICTURES:
            yield Problem(pointer, f"changes pictures, and the samples of {spec.dataset.label} are none")
            return
        smallest = min(shape[:2])
        if isinstance(asked, Crop) and asked.padding >= smallest:
            yield Problem(
                f"{pointer}/padding",
                f"should be less than the {smallest} pixels of a side of {spec.dataset.label}",
            )
        if isinstance(asked, Mixup) and mixed:
            yield Problem(pointer, "mixes what has been mixed: leave it out, or take a larger alpha")
        mixed = mixed or isinstance(asked, Mixup)
