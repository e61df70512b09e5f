"""A spec's loss, optimizer and schedule as what Keras compiles a model with."""

from typing import Any

from normlab.errors import KerasModelError, Refused
from normlab.keras_models.schedules import steps_of
from normlab.spec.job import JobSpec
from normlab.spec.schedules import BaseSchedule, Constant, Cosine, Exponential, Step


def compiled_with(spec: JobSpec, keras: Any) -> dict[str, Any]:
    """The arguments of ``compile``.

    Raises ``KerasModelError`` if Keras has no such schedule.
    """
    training = spec.training
    arguments = training.optimizer.model_dump(mode="json", exclude={"name"})
    rate = arguments["learning_rate"]
    steps = steps_of(spec.dataset.trained_on, training.batch_size)
    arguments["learning_rate"] = _schedule(
        training.learning_rate_schedule, rate, steps, training.epochs, keras
    )
    optimizer = getattr(keras.optimizers, training.optimizer.keras_class)(**arguments)
    return {"optimizer": optimizer, "loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]}


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
        case Step():
            boundaries = [epoch * steps - 1 for epoch in schedule.epochs]
            values = [rate * schedule.factor_per_step**number for number in range(len(boundaries) + 1)]
            return schedules.PiecewiseConstantDecay(boundaries, values)
    raise KerasModelError(
        [
            Refused(
                "learning_rate_schedule",
                schedule.name,
                "Keras has no such schedule",
                "/training/learning_rate_schedule",
            )
        ]
    )
