"""A spec's optimizer as Keras's, and the learning rate of every step."""

import keras
import numpy as np
import numpy.typing as npt

from normlab.spec import TrainingSpec


def build_optimizer(training: TrainingSpec, variables: list[keras.Variable]) -> keras.optimizers.Optimizer:
    """The optimizer, built for ``variables``. Its learning rate is a variable that each step sets.

    In ``mixed_float16`` the loss is scaled dynamically, as ``model.fit`` does.
    """
    parameters = training.optimizer.model_dump(exclude={"name"})
    optimizer = getattr(keras.optimizers, training.optimizer.keras_class)(**parameters)
    if training.precision == "mixed_float16":
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    optimizer.build(variables)
    return optimizer


def learning_rates(training: TrainingSpec, epoch: int, steps: int) -> npt.NDArray[np.float64]:
    """The learning rate (steps,) of each step of an epoch (from 1)."""
    base, schedule, epochs = (
        training.optimizer.learning_rate,
        training.learning_rate_schedule,
        training.epochs,
    )
    return np.array([base * schedule.factor(epoch - 1 + step / steps, epochs) for step in range(steps)])
