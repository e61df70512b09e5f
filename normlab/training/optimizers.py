"""A spec's optimizer as Keras's, and the learning rate of every step."""

import re
from collections.abc import Iterator, Sequence

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from normlab.spec import PlannedLayer, TrainingSpec
from normlab.spec.epochs import EpochMetrics
from normlab.spec.muon import is_muons
from normlab.spec.optimizers import DecayExclusion, Muon
from normlab.spec.schedules import ReduceOnPlateau
from normlab.training.schedule_free import ScheduleFreeAdamW

_NOT_KERAS = {"name", "exclude_from_weight_decay", "exclude_layers", "ema_momentum"}
"""Options that are not simply arguments of Keras's class."""
_CORRECTED = {"ScheduleFreeAdamW": ScheduleFreeAdamW}
"""Classes that take the place of Keras's, where these do something else than they say."""


def build_optimizer(
    training: TrainingSpec, variables: list[keras.Variable], planned: Sequence[PlannedLayer] = ()
) -> keras.optimizers.Optimizer:
    """The optimizer, built for the ``variables`` of ``planned`` layers. Its learning rate is a variable that each step
    sets.

    In ``mixed_float16`` the loss is scaled dynamically, as ``model.fit`` does.
    """
    asked = training.optimizer
    parameters = asked.model_dump(exclude=_NOT_KERAS)
    if isinstance(asked, Muon):
        parameters["exclude_layers"] = [
            f"^{re.escape(variable.path)}$" for variable in variables if not _is_muons(asked, variable)
        ]
    if asked.ema_momentum is not None:
        # Keras moves the averages at each batch, also at those that only add to the gradient.
        batches = asked.gradient_accumulation_steps or 1
        parameters |= {"use_ema": True, "ema_momentum": asked.ema_momentum ** (1 / batches)}
    kind = _CORRECTED.get(asked.keras_class) or getattr(keras.optimizers, asked.keras_class)
    optimizer = kind(**parameters)
    if asked.exclude_from_weight_decay:
        # Before it is built: afterwards Keras takes exclusions without a word and decays all the same.
        left_alone = _undecayed(asked.exclude_from_weight_decay, variables, planned)
        optimizer.exclude_from_weight_decay(var_list=left_alone)
    if training.precision == "mixed_float16":
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    optimizer.build(variables)
    return optimizer


def start_from_weights(optimizer: keras.optimizers.Optimizer, variables: Sequence[keras.Variable]) -> None:
    """Set the state that begins as a copy of the weights, once these have their initial values."""
    inner = innermost(optimizer)
    if isinstance(inner, ScheduleFreeAdamW):
        for newest, variable in zip(inner._momentums, variables, strict=True):  # there is no public way
            newest.assign(variable)


def averages(
    optimizer: keras.optimizers.Optimizer, variables: Sequence[keras.Variable]
) -> Iterator[tuple[keras.Variable, tf.Tensor]]:
    """Each variable with its average, where the optimizer keeps averages."""
    inner = innermost(optimizer)
    if inner.use_ema:
        yield from zip(
            variables, inner._model_variables_moving_average, strict=True
        )  # there is no public way
    elif isinstance(inner, ScheduleFreeAdamW):
        share = inner.beta_1
        for newest, between in zip(inner._momentums, variables, strict=True):
            yield between, (between - (1 - share) * newest) / share


def innermost(optimizer: keras.optimizers.Optimizer) -> keras.optimizers.Optimizer:
    """The optimizer itself, without the scaling of the loss around it."""
    return getattr(optimizer, "inner_optimizer", optimizer)


def _is_muons(asked: Muon, variable: keras.Variable) -> bool:
    layer, name = _owner(variable)
    return is_muons(asked, layer, name, tuple(variable.shape))


def _undecayed(
    excluded: Sequence[DecayExclusion], variables: Sequence[keras.Variable], planned: Sequence[PlannedLayer]
) -> list[keras.Variable]:
    normalizing = {item.name for item in planned if item.layer.facet == "normalization"}
    left_alone = []
    for variable in variables:
        layer, name = _owner(variable)
        kind = DecayExclusion.BIAS if name == "bias" else None
        if (DecayExclusion.NORMALIZATION if layer in normalizing else kind) in excluded:
            left_alone.append(variable)
    return left_alone


def _owner(variable: keras.Variable) -> tuple[str, str]:
    """A variable's layer and its name in it."""
    layer, _, name = variable.path.rpartition("/")
    return layer.partition("/")[0], name


def learning_rates(
    training: TrainingSpec, epoch: int, steps: int, history: Sequence[EpochMetrics] = ()
) -> npt.NDArray[np.float64]:
    """The learning rate (steps,) of each step of an epoch (from 1), before which the run had this ``history``."""
    base, schedule = training.optimizer.learning_rate, training.learning_rate_schedule
    if isinstance(schedule, ReduceOnPlateau):
        base = schedule.reduced(base, history)
    return np.array([base * schedule.at(epoch, step, steps, training.epochs) for step in range(steps)])
