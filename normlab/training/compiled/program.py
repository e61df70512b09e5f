"""A network, its optimizer, and the compiled functions that train and evaluate it.

Everything that differs between two jobs of the same kind is an input of the compiled functions or a variable
that ``reset`` sets: seed, learning rates, epochs, data. So a process that has trained an architecture trains
the next job of its kind without compiling again.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from normlab.spec import PlannedLayer, TrainingSpec
from normlab.spec.columns import Task
from normlab.spec.memory import EVALUATION_BATCH
from normlab.spec.plan import PREPARATION_LAYER, predicts_numbers
from normlab.training.augmentation.pipeline import Pipeline
from normlab.training.batches import Block
from normlab.training.compiled.executors import Executor, set_xla_flags
from normlab.training.compiled.tracing import expect_traces
from normlab.training.data import Samples
from normlab.training.evaluations import ClassEvaluation, NumberEvaluation
from normlab.training.layers.builders import training_classes
from normlab.training.layers.network import (
    Array,
    build_network,
    built_layers,
    full_precision,
    initial_weights,
    raw_dtype,
)
from normlab.training.objective import Objective
from normlab.training.optimizers import averages, build_optimizer, start_from_weights
from normlab.training.preparation import Statistics
from normlab.training.probes.instrument import Instrument
from normlab.training.seeds import Role, derive

expect_traces(__name__)


@dataclass(frozen=True)
class Sums:
    """What an epoch has added up. Scalars on the device."""

    loss: tf.Tensor  # () float64: losses times samples
    plain: tf.Tensor  # () float64: cross-entropies or standardized squared errors, without penalty
    score: tf.Tensor  # () int32: samples that were right; float64: standardized absolute errors

    @classmethod
    def of(cls, task: Task, loss: float = 0.0, plain: float = 0.0, score: float = 0.0) -> "Sums":
        """Sums to start from."""
        sums = tf.constant(loss, tf.float64), tf.constant(plain, tf.float64)
        if task is Task.REGRESSION:
            return cls(*sums, tf.constant(score, tf.float64))
        return cls(*sums, tf.constant(int(score), tf.int32))


class Program:
    """One architecture with one optimizer, one batch shape and one executor, ready to be run for any seed."""

    def __init__(
        self,
        planned: Sequence[PlannedLayer],
        training: TrainingSpec,
        *,
        pixel_max: int,
        executor: Executor,
        dtype_policy: str,
    ) -> None:
        self.planned = planned
        self.executor = executor
        self.traces = 0
        """How often a function was traced for compilation."""
        self._dtype_policy = dtype_policy
        self.network = self.new_network()
        self._scale = 1 / pixel_max
        units = planned[-1].output_shape[-1]
        self._dtype = keras.dtype_policies.get(dtype_policy).variable_dtype
        self._optimizer = build_optimizer(training, self.network.trainable_variables, planned)
        self._fresh_optimizer = [_without_repeats(np.asarray(value)) for value in self._optimizer.variables]
        self._objective = Objective(training.loss, units)
        self._class_weights = (
            None if training.class_weight is None else tf.Variable(tf.ones(units, self._dtype))
        )
        self._augmentation = Pipeline(training.augmentation, units, self._dtype)
        built = built_layers(self.network)
        in_order = [built[item.name] for item in planned]
        self._dropouts = [layer for layer in in_order if hasattr(layer, "seed_generator")]
        self._numbers = predicts_numbers(planned)
        pixels = tf.TensorSpec((None, *planned[0].input_shape), raw_dtype(planned))
        labels = tf.TensorSpec((None,), keras.config.floatx() if self._numbers else tf.int32)
        set_xla_flags()
        # autograph rewrites Python's "if" and "while" over tensors. There are none here, and its files would stay in
        # the temporary folder of a process that is killed.
        self._graph_steps = tf.function(self._steps, autograph=False)
        self._xla_steps = tf.function(self._steps, autograph=False, jit_compile=True)
        self._evaluate = tf.function(self._evaluate_batch, input_signature=(pixels, labels), autograph=False)

    @cached_property
    def instrument(self) -> Instrument:
        """What probes measure with; made when the first of them asks for it."""
        return Instrument(self.network, self.planned, self.scaled)

    def reset(self, seed: int) -> None:
        """Set every variable to what a run with this seed starts from."""
        self.network.set_weights(initial_weights(self.network, self.planned, seed))
        for variable, value in zip(self._optimizer.variables, self._fresh_optimizer, strict=True):
            variable.assign(value)
        start_from_weights(self._optimizer, self.network.trainable_variables)
        for number, layer in enumerate(self._dropouts):
            layer.seed_generator.state.assign([derive(seed, Role.DROPOUT, number), 0])
        self._augmentation.reset(seed)

    def prepare_table(self, statistics: Statistics) -> None:
        """Set the means and deviations that numbers of a table are standardized with."""
        layer = self.network.get_layer(PREPARATION_LAYER)
        layer.mean.assign(statistics.mean)
        layer.deviation.assign(statistics.deviation)

    def weigh_classes(self, weights: npt.NDArray[np.float64]) -> None:
        """Say how much each class counts in training: (classes,)."""
        if self._class_weights is not None:
            self._class_weights.assign(weights)

    def put_averages_in(self) -> None:
        """Give the network the averages of its weights, where the optimizer keeps them."""
        for variable, average in averages(self._optimizer, self.network.trainable_variables):
            variable.assign(average)

    def state(self) -> list[Array]:
        """A copy of every variable: weights, optimizer state, dropout streams."""
        return [np.asarray(variable).copy() for variable in self._variables()]

    def restore(self, state: Sequence[Array]) -> None:
        """Set every variable to what ``state`` gave."""
        for variable, value in zip(self._variables(), state, strict=True):
            variable.assign(value)

    def new_network(self) -> keras.Model:
        """Another network of this kind, with variables of its own."""
        return build_network(self.planned, self._dtype_policy, training_classes(self.executor))

    @property
    def variable_bytes(self) -> int:
        """The size of all variables."""
        return sum(
            variable.value.shape.num_elements() * variable.value.dtype.size for variable in self._variables()
        )

    def _variables(self) -> list[Any]:
        streams = [layer.seed_generator.state for layer in self._dropouts]
        return [*self.network.weights, *self._optimizer.variables, *streams]

    def train(self, samples: Samples, block: Block, steps: range, sums: Sums) -> Sums:
        """Train some consecutive steps of an epoch's block (counted from the block's first) and add to ``sums``.

        The block's tables are those of the whole block whatever part of it is run, so that all parts share one
        compiled program. Its compilation happens at the first call, also with an empty range.
        """
        # The last, smaller batch is one step an epoch: not worth a second XLA program.
        compiled = self.executor is Executor.XLA and block.order.shape[0] > 1
        run = self._xla_steps if compiled else self._graph_steps
        self._augmentation.begin(block.epoch, block.taken)
        bounds = tf.constant(steps.start), tf.constant(steps.stop)
        carried = sums.loss, sums.plain, sums.score
        return Sums(*run(samples.x, samples.y, block.order, block.rates, *bounds, *carried))

    @property
    def rate_dtype(self) -> str:
        """The type of the optimizer's learning rate."""
        return str(self._optimizer.learning_rate.dtype)

    def scaled(self, pixels: tf.Tensor) -> tf.Tensor:
        """Raw pixels as the network takes them: 0 to 1."""
        return tf.cast(pixels, self._dtype) * self._scale

    def evaluate(self, samples: Samples) -> ClassEvaluation | NumberEvaluation:
        """What the network with the current weights says about samples, and its loss.

        It is computed in full precision also where training is not: these are the figures of the network that is kept.
        """
        losses, plain, outputs = 0.0, 0.0, []
        for start in range(0, samples.count, EVALUATION_BATCH):
            batch = samples.between(start, start + EVALUATION_BATCH)
            loss, of_batch, given = self._evaluate(batch.x, batch.y)
            losses += float(loss)
            plain += float(of_batch)
            outputs.append(given.numpy())
        penalty = float(sum(self.network.losses, start=0.0))
        loss, said = losses / samples.count + penalty, np.concatenate(outputs)
        if samples.scale is not None:
            return NumberEvaluation.of(loss, samples.targets, samples.scale.raw(said[:, 0]))
        return ClassEvaluation.of(loss, plain / samples.count, samples.labels, said)

    def _steps(  # noqa: PLR0917  (TensorFlow traces a function of tensors, which have no better home)
        self,
        x: tf.Tensor,  # (n, *shape) uint8, of a table float32
        y: tf.Tensor,  # (n,) int32, of numbers float
        order: tf.Tensor,  # (steps, batch) int32
        rates: tf.Tensor,  # (steps,)
        start: tf.Tensor,  # () int32
        stop: tf.Tensor,  # () int32
        loss_sum: tf.Tensor,  # () float64
        plain_sum: tf.Tensor,  # () float64
        score: tf.Tensor,  # () int32, of numbers float64
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """The loop: TensorFlow carries the variables of network and optimizer through it."""
        self.traces += 1
        batch_size = order.shape[1]
        rows = tf.reshape(x, (-1, math.prod(x.shape[1:])))  # of which XLA makes a simpler, faster gather

        def step(
            i: tf.Tensor, loss_sum: tf.Tensor, plain_sum: tf.Tensor, score: tf.Tensor
        ) -> tuple[tf.Tensor, ...]:
            pixels = tf.reshape(tf.gather(rows, order[i]), (batch_size, *x.shape[1:]))
            labels = tf.gather(y, order[i])  # (batch,)
            pixels, targets = self._augmentation(self.scaled(pixels), labels, i)
            self._optimizer.learning_rate.assign(rates[i])
            with tf.GradientTape() as tape:
                outputs = self.network(pixels, training=True)  # (batch, units)
                plain_losses = losses = self._objective.plain_losses(targets, outputs)  # (batch,)
                if not self._objective.is_plain:
                    losses = self._objective.losses(targets, outputs)
                if self._class_weights is not None:
                    losses *= self._objective.weights(self._class_weights, targets)
                loss = tf.reduce_mean(losses)
                loss += sum(tf.cast(penalty, loss.dtype) for penalty in self.network.losses)
                scaled_loss = self._optimizer.scale_loss(loss)
            variables = self.network.trainable_variables
            self._optimizer.apply(tape.gradient(scaled_loss, variables), variables)
            scored = tf.reduce_sum(self._score(labels, outputs))
            total = tf.cast(loss, tf.float64) * batch_size
            # Not by way of the loss, whose last digit depends on what XLA computes together with it.
            is_loss = losses is plain_losses and not self.network.losses
            plain = total if is_loss else tf.reduce_sum(tf.cast(plain_losses, tf.float64))
            return i + 1, loss_sum + total, plain_sum + plain, score + scored

        carried = (start, loss_sum, plain_sum, score)
        _, *sums = tf.while_loop(lambda i, *_: i < stop, step, carried, parallel_iterations=1)
        return tuple(sums)

    def _evaluate_batch(self, x: tf.Tensor, y: tf.Tensor) -> tuple[tf.Tensor, ...]:
        self.traces += 1
        with full_precision(self.network):
            outputs = self.network(self.scaled(x), training=False)  # (batch, units)
        plain = loss = tf.reduce_sum(tf.cast(self._objective.plain_losses(y, outputs), tf.float64))
        if not self._objective.is_plain:
            loss = tf.reduce_sum(tf.cast(self._objective.losses(y, outputs), tf.float64))
        return loss, plain, outputs if self._numbers else tf.cast(outputs, tf.float32)

    def _score(self, targets: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
        """Of each sample whether it is right, or its absolute error: (batch,), to be added up."""
        if self._numbers:
            return tf.cast(tf.abs(targets - outputs[:, 0]), tf.float64)
        return tf.cast(_is_right(targets, outputs), tf.int32)


def _without_repeats(values: Array) -> Array:
    """The same values, in next to no memory if all are equal, as in nearly all of an optimizer's fresh state."""
    first = values.flat[0]
    return np.broadcast_to(first, values.shape) if (values == first).all() else values.copy()


def _is_right(labels: tf.Tensor, probabilities: tf.Tensor) -> tf.Tensor:
    return tf.equal(tf.argmax(probabilities, axis=-1, output_type=tf.int32), labels)  # (batch,)
