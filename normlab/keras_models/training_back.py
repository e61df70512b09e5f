"""A spec's loss, optimizer and schedule as what Keras compiles a model with."""

import warnings
from collections.abc import Iterator
from math import isclose
from typing import Any

from normlab.errors import KerasModelError, Refused
from normlab.keras_models.report import KerasRemark
from normlab.keras_models.schedules import steps_of
from normlab.spec.columns import Task
from normlab.spec.job import JobSpec
from normlab.spec.losses import PLAIN, CrossEntropy, Focal, Loss
from normlab.spec.optimizers import Muon, ScheduleFreeAdamW
from normlab.spec.schedules import (
    BaseSchedule,
    Constant,
    Cosine,
    CosineRestarts,
    Exponential,
    ReduceOnPlateau,
    Step,
)
from normlab.spec.training import TrainingSpec


def compiled_with(spec: JobSpec, keras: Any) -> dict[str, Any]:
    """The arguments of ``compile``.

    Raises ``KerasModelError`` for what these cannot say.
    """
    training = spec.training
    if refused := [*_not_of_compile(training)]:
        raise KerasModelError(refused)
    arguments = training.optimizer.model_dump(mode="json", exclude={"name", "ema_momentum"})
    if (momentum := training.optimizer.ema_momentum) is not None:
        batches = training.optimizer.gradient_accumulation_steps or 1
        arguments |= {"use_ema": True, "ema_momentum": momentum ** (1 / batches)}
    rate = arguments["learning_rate"]
    steps = steps_of(spec.dataset.trained_on, training.batch_size)
    arguments["learning_rate"] = _schedule(
        training.learning_rate_schedule, rate, steps, training.epochs, keras
    )
    optimizer = getattr(keras.optimizers, training.optimizer.keras_class)(**arguments)
    return {"optimizer": optimizer, "loss": _loss(training.loss, keras), "metrics": ["accuracy"]}


def _loss(loss: Loss, keras: Any) -> Any:
    if loss == PLAIN or not isinstance(loss, CrossEntropy | Focal):  # one of numbers was refused
        return "sparse_categorical_crossentropy"
    warnings.warn(
        f"Keras's loss of {loss.name}{' with label_smoothing' if loss.label_smoothing else ''} takes labels as rows of "
        "shares: keras.utils.to_categorical(labels)",
        KerasRemark,
        stacklevel=4,
    )
    arguments = loss.model_dump(exclude={"name"})
    if isinstance(loss, Focal):
        return keras.losses.CategoricalFocalCrossentropy(**arguments)
    return keras.losses.CategoricalCrossentropy(**arguments)


def _not_of_compile(training: TrainingSpec) -> Iterator[Refused]:
    optimizer, schedule = training.optimizer, training.learning_rate_schedule
    reasons = {
        "loss": training.loss.task is Task.REGRESSION
        and "is of targets that Normlab standardizes by the training rows, which no configuration of Keras's holds: "
        "take a job's .keras file",
        "class_weight": training.class_weight is not None and "is an argument of fit in Keras",
        "augmentation": bool(training.augmentation) and "is drawn from streams that Keras has not",
        "optimizer/exclude_from_weight_decay": bool(optimizer.exclude_from_weight_decay)
        and "is in no configuration of Keras's: call exclude_from_weight_decay before the model is built",
        "optimizer": isinstance(optimizer, ScheduleFreeAdamW | Muon)
        and "trains otherwise than Keras's class",
        "learning_rate_schedule/warmup_steps": bool(schedule.warmup_steps)
        and "is written in epochs where Keras has a schedule with a warm-up: cosine, with warmup_epochs",
    }
    for place, reason in reasons.items():
        if reason:
            yield Refused(place.rpartition("/")[2], "", str(reason), f"/training/{place}")


def _schedule(schedule: BaseSchedule, rate: float, steps: int, epochs: int, keras: Any) -> Any:
    schedules = keras.optimizers.schedules
    match schedule:
        case Constant():
            return rate
        case Cosine(warmup_epochs=0.0):
            return schedules.CosineDecay(rate, steps * epochs, alpha=schedule.alpha)
        case Cosine() if (warmup := round(schedule.warmup_epochs * steps)) < steps * epochs:
            return schedules.CosineDecay(
                0.0, steps * epochs - warmup, alpha=schedule.alpha, warmup_target=rate, warmup_steps=warmup
            )
        case Exponential():
            return schedules.ExponentialDecay(
                rate, round(schedule.decay_epochs * steps), schedule.decay_rate, schedule.staircase
            )
        case CosineRestarts() if (first := round(schedule.first_decay_epochs * steps)) > 0 and isclose(
            first, schedule.first_decay_epochs * steps
        ):
            options = schedule.model_dump(include={"t_mul", "m_mul", "alpha"})
            return schedules.CosineDecayRestarts(rate, first, **options)
        case Step():
            boundaries = [epoch * steps - 1 for epoch in schedule.epochs]
            values = [rate * schedule.factor_per_step**number for number in range(len(boundaries) + 1)]
            return schedules.PiecewiseConstantDecay(boundaries, values)
    raise KerasModelError(
        [
            Refused(
                "learning_rate_schedule",
                schedule.name,
                _why_not(schedule),
                "/training/learning_rate_schedule",
            )
        ]
    )


def _why_not(schedule: BaseSchedule) -> str:
    if isinstance(schedule, CosineRestarts):
        return "Keras's cosines last whole steps"
    if isinstance(schedule, ReduceOnPlateau):
        return "is a callback of fit in Keras"
    return "Keras has no such schedule"
