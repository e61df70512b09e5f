"""A network cut open: what enters and leaves each layer, and the gradients there, for any values of its weights.

Its functions take the weights as an argument and write no variable: batch normalization is computed here, and dropout
is left out. They are traced once for a program, as plain graphs, and kept with it. The weights are one row, since a
call with a tensor for each of them would take longer than what it computes.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from normlab.spec import PlannedLayer
from normlab.spec.graph import NETWORK_INPUT, flow, layers_below
from normlab.spec.layers import ActivationLayer, BatchNormalization, Noise, WithActivation, WithKernel
from normlab.spec.plan import predicts_numbers
from normlab.spec.probes.places import Place
from normlab.spec.probes.samples import fits_moved
from normlab.training.compiled.tracing import expect_traces
from normlab.training.data import Samples
from normlab.training.layers.network import Array, built_layers, entering, full_precision, raw_dtype
from normlab.training.objective import losses_before_softmax
from normlab.training.probes.moved import Cut, Given, moved_gradients
from normlab.training.probes.weights import Layout, Weights

expect_traces(__name__)

_NOT_PLAIN = {
    *("While", "StatelessWhile", "If", "StatelessIf", "Case", "StatelessCase", "For"),
    *("PartitionedCall", "StatefulPartitionedCall", "MapDefun", "SymbolicGradient"),
}
"""Operations that call functions: the executor of a single thread would wait for itself."""


@dataclass(frozen=True)
class Passage:
    """What passes through a network, by the names of the layers. Arrays are (samples, *shape of the layer)."""

    inputs: Mapping[str, Array]
    """What enters the layer; of a layer that merges the first."""
    preactivations: Mapping[str, Array]
    """What enters the layer's activation: z = Wx + b, or the input of a layer that is one."""
    outputs: Mapping[str, Array]
    means: Mapping[str, Array]
    """Of what enters batch normalization: (channels,)."""
    variances: Mapping[str, Array]
    losses: Array
    """Cross-entropies or standardized squared errors, without any penalty: (samples,)."""
    correct: Array | None
    """(samples,) bool; None where numbers are predicted."""


@dataclass(frozen=True)
class Gradients:
    """Of the mean plain loss of some samples, without any penalty."""

    loss: float
    accuracy: float | None
    """None where numbers are predicted."""
    preactivations: Mapping[str, Array]
    """By what enters the activation of each layer with a kernel: (samples, *shape), for the loss of a sample."""
    weights: Weights
    """By the weights; 0 for those that are not trained."""


class Instrument:
    """The measuring functions of a network."""

    def __init__(
        self,
        network: keras.Model,
        planned: Sequence[PlannedLayer],
        scaled: Callable[[tf.Tensor], tf.Tensor],
    ) -> None:
        """``scaled`` makes of raw pixels what the network takes."""
        self._network = network
        self._planned = planned
        self._scaled = scaled
        self._normalizations = [p.name for p in planned if isinstance(p.layer, BatchNormalization)]
        self._kernels = [p.name for p in planned if isinstance(p.layer, WithKernel)]
        self._layout = Layout.of(network)
        self._layers = built_layers(network)
        self._on_cpu = "CPU" in network.weights[0].value.device
        self._in_one_thread: dict[int, bool] = {}
        below = layers_below(planned)
        self._below = {name: below[name] for name in Place.KERNELS_BUT_FIRST.layers(planned)}
        self.traces = 0
        dtype = network.weights[0].dtype
        self._numbers = predicts_numbers(planned)
        target_dtype = keras.config.floatx() if self._numbers else tf.int32
        row = tf.TensorSpec((sum(self._layout.sizes),), dtype)
        pixels = tf.TensorSpec((None, *planned[0].input_shape), raw_dtype(planned))
        samples = pixels, tf.TensorSpec((None,), target_dtype)
        group, moving = tf.TensorSpec((), tf.int32), tf.TensorSpec((), tf.bool)
        self._read = tf.function(self._trace_read, input_signature=(), autograph=False)
        self._pass = tf.function(
            self._trace_pass, input_signature=(row, *samples, group, moving), autograph=False
        )
        self._gradients = tf.function(
            self._trace_gradients, input_signature=(row, *samples, group), autograph=False
        )
        self._curvature = tf.function(
            self._trace_curvature, input_signature=(row, *samples, group), autograph=False
        )
        self._moved = tf.function(self._trace_moved, input_signature=(row, row, *samples), autograph=False)

    def trace(self, function: str, samples: Samples) -> None:
        """Have one of the functions below compiled, by a call that measures nothing."""
        weights = self.weights()
        if function == "moved_gradients":
            self.moved_gradients(weights, weights, samples)
        else:
            getattr(self, function)(weights, samples)

    def weights(self) -> Weights:
        """The network's present ones."""
        values = self._called(self._read).numpy()
        values.setflags(write=False)
        return Weights(self._layout, values)

    def passage(
        self,
        weights: Weights,
        samples: Samples,
        *,
        group: int | None = None,
        moving: bool = False,
    ) -> Passage:
        """One forward pass.

        Batch normalization takes the statistics of each ``group`` samples (a divisor of n; None: of all), or the
        ``moving`` ones.
        """
        groups = tf.constant(group or samples.count), tf.constant(moving)
        x, z, h, means, variances, losses, correct = self._called(
            self._pass, weights.values, samples.x, samples.y, *groups
        )
        names = [item.name for item in self._planned]
        outputs = dict(zip(names, map(np.asarray, h), strict=True))
        left = {NETWORK_INPUT: np.asarray(x), **outputs}
        return Passage(
            inputs={item.name: left[item.inputs[0]] for item in self._planned},
            preactivations=dict(zip(names, map(np.asarray, z), strict=True)),
            outputs=outputs,
            means=dict(zip(self._normalizations, map(np.asarray, means), strict=True)),
            variances=dict(zip(self._normalizations, map(np.asarray, variances), strict=True)),
            losses=np.asarray(losses),
            correct=None if self._numbers else np.asarray(correct),
        )

    def gradients(self, weights: Weights, samples: Samples, *, group: int | None = None) -> Gradients:
        """One forward and backward pass; ``group`` as in ``passage``."""
        loss, correct, by_z, by_weight = self._called(
            self._gradients, weights.values, samples.x, samples.y, tf.constant(group or samples.count)
        )
        return Gradients(
            loss=float(loss),
            accuracy=None if self._numbers else float(np.mean(correct)),
            preactivations=dict(zip(self._kernels, map(np.asarray, by_z), strict=True)),
            weights=weights.with_values(np.asarray(by_weight)),
        )

    def moved_gradients(self, before: Weights, after: Weights, samples: Samples) -> Mapping[str, Array]:
        """By each layer with a kernel that has another below it: its kernel's gradient on a batch, with its statistics,
        when the layers below have their values ``after`` a step, and it and all others theirs ``before`` it."""
        if not self._below:
            return {}
        if not fits_moved(self._planned, samples.count):
            return {
                name: self.gradients(before.with_layers(after, below), samples).weights.kernel(name)
                for name, below in self._below.items()
            }
        gradients = self._called(self._moved, before.values, after.values, samples.x, samples.y)
        return dict(zip(self._below, map(np.asarray, gradients), strict=True))

    def curvature(self, weights: Weights, samples: Samples) -> float:
        """g'Hg / |g|² of the mean plain loss of a batch, with its statistics; NaN where g is 0."""
        group = tf.constant(samples.count)
        return float(self._called(self._curvature, weights.values, samples.x, samples.y, group))

    def _called(self, function: Any, *arguments: Any) -> Any:
        """The result of one of the functions. On a CPU the thread that calls runs it, where it is a plain sequence of
        operations: TensorFlow's own executor hands it to another thread, which on a busy machine waits for a core, and
        takes longer for each of some thousand small operations."""
        key = id(function)
        if key not in self._in_one_thread:
            kinds = {operation.type for operation in function.get_concrete_function().graph.get_operations()}
            self._in_one_thread[key] = self._on_cpu and not kinds & _NOT_PLAIN
        if not self._in_one_thread[key]:
            return function(*arguments)
        with tf.experimental.function_executor_type("SINGLE_THREADED_EXECUTOR"):
            return function(*arguments)

    def _trace_read(self) -> tf.Tensor:
        self.traces += 1
        return tf.concat([tf.reshape(weight.value, (-1,)) for weight in self._network.weights], 0)

    def _trace_pass(
        self,
        row: tf.Tensor,
        pixels: tf.Tensor,
        labels: tf.Tensor,
        group: tf.Tensor,
        moving: tf.Tensor,
    ) -> tuple[list[tf.Tensor] | tf.Tensor, ...]:
        self.traces += 1
        cuts = self._cut(row, pixels, group, moving)
        logits = cuts[-1].z
        losses, correct = _losses(labels, logits)
        normalized = [cut for cut in cuts if cut.mean is not None]
        return (
            cuts[0].x,
            [cut.z for cut in cuts],
            [cut.h for cut in cuts],
            [cut.mean for cut in normalized],
            [cut.variance for cut in normalized],
            losses,
            correct,
        )

    def _trace_gradients(
        self, row: tf.Tensor, pixels: tf.Tensor, labels: tf.Tensor, group: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, list[tf.Tensor], list[tf.Tensor]]:
        self.traces += 1
        with tf.GradientTape() as tape:
            tape.watch(row)
            cuts = self._cut(row, pixels, group)
            losses, correct = _losses(labels, cuts[-1].z)
            loss = tf.reduce_mean(losses)
        by_name = dict(zip((item.name for item in self._planned), cuts, strict=True))
        z = [by_name[name].z for name in self._kernels]
        by_z, by_weight = tape.gradient(loss, (z, row), unconnected_gradients="zero")
        samples = tf.cast(tf.size(labels), loss.dtype)
        return loss, correct, [gradient * samples for gradient in by_z], by_weight

    def _trace_curvature(
        self, row: tf.Tensor, pixels: tf.Tensor, labels: tf.Tensor, group: tf.Tensor
    ) -> tf.Tensor:
        self.traces += 1
        with tf.GradientTape() as outer:
            outer.watch(row)
            with tf.GradientTape() as inner:
                inner.watch(row)
                losses, _ = _losses(labels, self._cut(row, pixels, group)[-1].z)
                loss = tf.reduce_mean(losses)
            g = inner.gradient(loss, row)
            along = tf.reduce_sum(g * tf.stop_gradient(g))
        return tf.reduce_sum(outer.gradient(along, row) * g) / tf.reduce_sum(g * g)

    def _trace_moved(
        self, before: tf.Tensor, after: tf.Tensor, pixels: tf.Tensor, labels: tf.Tensor
    ) -> list[tf.Tensor]:
        self.traces += 1
        group = tf.size(labels)

        def through(item: PlannedLayer, values: Sequence[tf.Tensor], given: Given) -> Cut:
            return self._through(item, values, given, group)

        with full_precision(self._network):
            return moved_gradients(
                self._planned,
                self._below,
                through,
                before=self._given(before),
                after=self._given(after),
                pixels=self._scaled(pixels),
                labels=labels,
            )

    def _given(self, row: tf.Tensor) -> Given:
        """The weights in their shapes, by layer."""
        given: dict[str, list[tuple[keras.Variable, tf.Tensor]]] = {item.name: [] for item in self._planned}
        layout, parts = self._layout, tf.split(row, self._layout.sizes)
        for variable, (layer, _), part, shape in zip(
            self._network.weights, layout.names, parts, layout.shapes, strict=True
        ):
            given[layer].append((variable, tf.reshape(part, shape)))
        return given

    def _cut(
        self, row: tf.Tensor, pixels: tf.Tensor, group: tf.Tensor, moving: tf.Tensor | None = None
    ) -> list[Cut]:
        """One pass, layer by layer, in full precision."""
        given: Given = self._given(row)
        cuts: list[Cut] = []

        def through(item: PlannedLayer, values: Sequence[tf.Tensor]) -> tf.Tensor:
            cuts.append(self._through(item, values, given, group, moving))
            return cuts[-1].h

        with full_precision(self._network):
            flow(self._planned, self._scaled(pixels), through)
        return cuts

    def _through(
        self,
        item: PlannedLayer,
        values: Sequence[tf.Tensor],
        given: Given,
        group: tf.Tensor,
        moving: tf.Tensor | None = None,
    ) -> Cut:
        """One layer of a pass, with the weights that are given."""
        layer, own, x = self._layers[item.name], given[item.name], values[0]
        if isinstance(item.layer, BatchNormalization):
            return _normalized(item, {variable.name: value for variable, value in own}, x, group, moving)
        if isinstance(item.layer, Noise):
            return Cut(x, x, x)
        with keras.StatelessScope(state_mapping=own):
            if isinstance(item.layer, ActivationLayer):
                return Cut(x, x, layer(x))
            if isinstance(item.layer, WithActivation):
                with _linear(layer) as activation:
                    z = layer(x)
                return Cut(x, z, activation(z))
            h = layer(entering(item, values))
            return Cut(x, h, h)


@contextmanager
def _linear(layer: keras.layers.Layer) -> Iterator[Callable[[tf.Tensor], tf.Tensor]]:
    """Let a layer end before its activation, which is given."""
    activation = layer.activation
    try:
        layer.activation = keras.activations.linear
        yield activation
    finally:
        layer.activation = activation


def _normalized(
    item: PlannedLayer,
    own: Mapping[str, tf.Tensor],
    x: tf.Tensor,
    group: tf.Tensor,
    moving: tf.Tensor | None,
) -> Cut:
    """Batch normalization with the statistics of each ``group`` samples, or with the moving ones if ``moving``."""
    assert isinstance(item.layer, BatchNormalization)  # noqa: S101 - for mypy
    channels = item.output_shape[-1]
    gamma, beta = own.get("gamma", tf.ones(channels, x.dtype)), own.get("beta", tf.zeros(channels, x.dtype))
    if item.layer.virtual_batch_size is not None:
        group = _divisor(group, item.layer.virtual_batch_size)
    grouped = tf.reshape(x, (-1, group * prod(item.output_shape[:-1]), channels))
    mean = variance = None
    if moving is None:
        y = _normalized_by_group(grouped, gamma, beta, item.layer.epsilon)
    else:
        mean, variance = tf.nn.moments(grouped, axes=[1], keepdims=True)  # (groups, 1, channels)
        used_mean = tf.where(moving, own["moving_mean"], mean)
        used_variance = tf.where(moving, own["moving_variance"], variance)
        y = (grouped - used_mean) * tf.math.rsqrt(used_variance + item.layer.epsilon) * gamma + beta
        mean, variance = tf.reduce_mean(mean, (0, 1)), tf.reduce_mean(variance, (0, 1))
    y = tf.reshape(y, tf.shape(x))
    y.set_shape(x.shape)
    return Cut(x, x, y, mean, variance)


def _normalized_by_group(x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor, epsilon: float) -> tf.Tensor:
    """gamma * (x - mean) / sqrt(variance + epsilon) + beta: x (groups, samples, channels), each group's statistics.

    Its gradient is written out (Ioffe and Szegedy 2015, section 3): made from the parts it has several times as many
    operations, so that a deep network takes longer to trace and to run.
    """

    def normalized(x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor) -> tuple[tf.Tensor, Callable[..., Any]]:
        mean, variance = tf.nn.moments(x, axes=[1], keepdims=True)
        scale = tf.math.rsqrt(variance + epsilon)
        normal = (x - mean) * scale

        def gradient(by_y: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
            by_normal = by_y * gamma
            along = tf.reduce_mean(by_normal * normal, 1, keepdims=True)
            by_x = scale * (by_normal - tf.reduce_mean(by_normal, 1, keepdims=True) - normal * along)
            return by_x, tf.reduce_sum(by_y * normal, (0, 1)), tf.reduce_sum(by_y, (0, 1))

        return normal * gamma + beta, gradient

    return tf.custom_gradient(normalized)(x, gamma, beta)


def _divisor(group: tf.Tensor, size: int) -> tf.Tensor:
    """The largest divisor of ``group`` up to ``size``: of the parts of a batch in ghost batch normalization."""
    sizes = tf.range(1, size + 1)
    return tf.reduce_max(tf.where(group % sizes == 0, sizes, 1))


def _losses(targets: tf.Tensor, logits: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Plain losses and which samples are right, which numbers never are: (n,) each."""
    losses = losses_before_softmax(targets, logits)
    if targets.dtype.is_floating:
        return losses, tf.zeros_like(losses, tf.bool)
    return losses, tf.equal(tf.argmax(logits, axis=-1, output_type=tf.int32), targets)
