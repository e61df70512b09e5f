"""What is wrong with a training that is well-formed by itself, on its data."""

from collections.abc import Iterator
from math import ceil

from normlab.errors import Problem
from normlab.spec.augmentation import Crop, Mixup
from normlab.spec.job import JobSpec
from normlab.spec.schedules import ReduceOnPlateau
from normlab.spec.training import EarlyStopping

_PICTURES = (2, 3)
"""Numbers of dimensions that a picture has: grey, or with channels."""


def training_problems(spec: JobSpec) -> Iterator[Problem]:
    """All of it, each with a pointer."""
    if spec.dataset.held_out == 0:
        yield from _without_validation(spec)
    yield from _warm_up(spec)
    yield from _class_weights(spec)
    yield from _augmentation(spec)


def _without_validation(spec: JobSpec) -> Iterator[Problem]:
    training, schedule = spec.training, spec.training.learning_rate_schedule
    watching: dict[str, EarlyStopping | ReduceOnPlateau | None] = {"early_stopping": training.early_stopping}
    if isinstance(schedule, ReduceOnPlateau):
        watching["learning_rate_schedule"] = schedule
    for key, watched in watching.items():
        if watched is not None and watched.monitor.startswith("val_"):
            yield Problem(
                f"/training/{key}/monitor", "needs validation samples: monitor loss or accuracy instead"
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
    if not isinstance(weights, dict):
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
