"""Gradients, and what a step makes of them."""

from collections.abc import Iterable

import numpy as np
import tensorflow as tf

from normlab.spec.graph import kernel_depths
from normlab.spec.layers import WithKernel
from normlab.spec.measurements import WHOLE_NETWORK
from normlab.spec.plan import PlannedLayer
from normlab.spec.probes.places import Place
from normlab.training.layers.kernels import build_regularizer
from normlab.training.layers.network import Array
from normlab.training.probes.base import Probe, Reading, Snapshot, cosine, norm, ratio, rms


class GradientProbe(Probe):
    """How large gradients are, by depth."""

    name = "gradient"
    uses = ("gradients",)

    def measure(self, snapshot: Snapshot) -> Iterable[Reading]:
        """See the base class."""
        gradients, weights = snapshot.gradients, snapshot.weights
        sizes, depths = {}, kernel_depths(snapshot.planned)
        for item in snapshot.planned:
            if not isinstance(item.layer, WithKernel):
                continue
            kernel, gradient = weights.kernel(item.name), gradients.weights.kernel(item.name)
            sizes[item.name] = rms(gradients.preactivations[item.name])
            yield item.name, "preactivation_rms", sizes[item.name]
            yield item.name, "kernel_rms", rms(gradient)
            yield item.name, "kernel_relative", ratio(rms(gradient), rms(kernel))
            penalty = _penalty(item, kernel)
            yield item.name, "penalty_share", ratio(penalty, penalty + norm(gradient)) if penalty else 0.0
        hidden = list(sizes)[:-1]
        factor = factor_per_layer([sizes[name] for name in hidden], [depths[name] for name in hidden])
        yield WHOLE_NETWORK, "factor_per_layer", factor
        yield WHOLE_NETWORK, "loss", gradients.loss
        if gradients.accuracy is not None:
            yield WHOLE_NETWORK, "accuracy", gradients.accuracy


def factor_per_layer(sizes: list[float], depths: list[int]) -> float:
    """By what gradients change from a layer to the one before it: exp of minus the least-squares slope of their logs.

    ``depths`` are through how many layers with kernels the layers' inputs have come. NaN for fewer than two depths, or
    where a size is 0.

    >>> factor_per_layer([1.0, 4.0, 16.0], [0, 1, 2])
    0.25
    """
    if len(set(depths)) < 2 or min(sizes) <= 0:
        return np.nan
    slope = np.polyfit(np.array(depths), np.log(sizes), 1)[0]
    return float(np.round(np.exp(-slope), 12))


def _penalty(item: PlannedLayer, kernel: Array) -> float:
    """The norm of the gradient of a kernel's penalty."""
    if not item.layer.penalties:
        return 0.0
    (penalty,) = item.layer.penalties
    if penalty.orthogonal is None and not penalty.l1:
        return norm(kernel) * 2 * penalty.l2
    values, regularizer = tf.constant(kernel), build_regularizer(penalty)
    assert regularizer is not None  # noqa: S101 - for mypy
    with tf.GradientTape() as tape:
        tape.watch(values)
        size = regularizer(values)
    return norm(np.asarray(tape.gradient(size, values)))


class UpdateProbe(Probe):
    """How far a real step moves the kernels."""

    name = "update"
    uses = ()

    def measure(self, snapshot: Snapshot) -> Iterable[Reading]:
        """See the base class."""
        step = snapshot.real_step
        if step is None:
            return
        for layer in Place.KERNELS.layers(snapshot.planned):
            before, after = step.before.kernel(layer), step.after.kernel(layer)
            yield layer, "ratio", ratio(norm(after - before), norm(before))
        yield WHOLE_NETWORK, "learning_rate", step.learning_rate


class NormProbe(Probe):
    """How large the kernels are, and what follows from it under normalization."""

    name = "norm"
    uses = ("gradients",)

    def measure(self, snapshot: Snapshot) -> Iterable[Reading]:
        """See the base class."""
        weights = snapshot.weights
        free = Place.SCALE_FREE.layers(snapshot.planned)
        for layer in Place.KERNELS.layers(snapshot.planned):
            kernel: Array = weights.kernel(layer)
            length = norm(kernel)
            start = float(snapshot.notes.setdefault(layer, np.array(length)))
            yield layer, "rms", rms(kernel)
            yield layer, "growth", ratio(length, start)
            if layer in free:
                yield layer, "effective_rate", ratio(snapshot.moment.learning_rate, length**2)
                gradient = snapshot.gradients.weights.kernel(layer)
                yield layer, "radial_cosine", cosine(kernel, gradient)
