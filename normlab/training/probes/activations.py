"""What passes through a network, with the statistics of the probe batch."""

from collections.abc import Iterable

import numpy as np
import tensorflow as tf

from normlab.spec.fields import Activation
from normlab.spec.probes.activations import QUANTILES, quantile_name
from normlab.spec.probes.places import Place, activation_of
from normlab.training.layers.network import Array
from normlab.training.probes.base import Probe, Reading, Snapshot, units

QUANTILE_VALUES = 5_000
"""Quantiles are those of about so many values, evenly spread: a median is then one of 49 to 51 % of all values."""
SATURATED_SAMPLES = 0.95
"""A unit is saturated where it is for this part of the samples."""
FLAT = {Activation.SIGMOID: 4.3567, Activation.TANH: 2.1784, Activation.HARD_SIGMOID: 3.0}
"""From which |z| on a function's slope is below 5 % of its steepest: 4 s(1 - s) = 0.05 for the sigmoid s, and
1 - tanh² = 0.05."""


class SignalProbe(Probe):
    """Mean and variance of what leaves a layer, and how alike two samples look there."""

    name = "signal"

    def measure(self, snapshot: Snapshot) -> Iterable[Reading]:
        """See the base class."""
        for layer in Place.OUTPUTS.layers(snapshot.planned):
            h = snapshot.passage.outputs[layer]
            mean, variance = moments(units(h))
            yield layer, "mean_squared", float(np.mean(mean**2))
            yield layer, "variance", float(np.mean(variance))
            yield layer, "cosine", mean_cosine(h.reshape(len(h), -1))


def moments(values: Array) -> tuple[Array, Array]:
    """Mean and variance of each column of (rows, units), in single precision also where the variance is tiny.

    What is left of the mean's rounding is taken off: the variance is that of the values around any point near it, minus
    the square of their mean there.
    """
    near = values.mean(0)
    apart = values - near
    left = apart.mean(0)
    return near + left, np.maximum(np.einsum("ij,ij->j", apart, apart) / len(values) - left**2, 0)


def mean_cosine(h: Array) -> float:
    """The mean cosine between two different rows of (samples, values); rows of zeros are left out.

    For rows of length 1 the sum over all pairs is |sum of rows|² - n.
    """
    lengths = np.sqrt(np.einsum("ij,ij->i", h, h))
    n = int(np.count_nonzero(lengths))
    if n < 2:
        return np.nan
    total = np.einsum("i,ij->j", np.divide(1, lengths, out=np.zeros_like(lengths), where=lengths > 0), h)
    return float((np.sum(total**2) - n) / (n * (n - 1)))


class DistributionProbe(Probe):
    """Where the values lie that enter a layer with a kernel, and those that it makes of them."""

    name = "distribution"

    def measure(self, snapshot: Snapshot) -> Iterable[Reading]:
        """See the base class."""
        passage = snapshot.passage
        for layer in Place.KERNELS.layers(snapshot.planned):
            for what, values in (
                ("input", passage.inputs[layer]),
                ("preactivation", passage.preactivations[layer]),
            ):
                flat = values.reshape(-1)
                # An odd stride, so that it does not run along with the units.
                some = flat[:: max(1, len(flat) // QUANTILE_VALUES) | 1]
                for level, value in zip(QUANTILES, np.quantile(some, QUANTILES), strict=True):
                    yield layer, quantile_name(what, level), float(value)


class DeadProbe(Probe):
    """ReLU units that no sample of the probe batch reaches."""

    name = "dead"

    def measure(self, snapshot: Snapshot) -> Iterable[Reading]:
        """See the base class."""
        for layer in Place.RELU.layers(snapshot.planned):
            z = units(snapshot.passage.preactivations[layer])
            dead = z.max(0) <= 0
            before = snapshot.notes.get(layer, dead)
            snapshot.notes[layer] = dead
            yield layer, "share", float(dead.mean())
            yield layer, "share_twice", float((dead & before).mean())
            yield layer, "active", float((z > 0).mean())


class SaturatedProbe(Probe):
    """Values at which an activation function is flat."""

    name = "saturated"

    def measure(self, snapshot: Snapshot) -> Iterable[Reading]:
        """See the base class."""
        for item in snapshot.planned:
            bound = FLAT.get(activation_of(item))
            if bound is not None:
                flat = np.abs(units(snapshot.passage.preactivations[item.name])) > bound
                yield item.name, "share", float(flat.mean())
                yield item.name, "unit_share", float((flat.mean(0) >= SATURATED_SAMPLES).mean())


class RankProbe(Probe):
    """In how many directions the outputs of a layer vary."""

    name = "rank"

    def measure(self, snapshot: Snapshot) -> Iterable[Reading]:
        """See the base class."""
        for layer in Place.FEATURES.layers(snapshot.planned):
            values = units(snapshot.passage.outputs[layer])
            width = values.shape[1]
            if len(values) >= SAMPLES_PER_UNIT * width:
                effective, stable = ranks(spread(values, SAMPLES_PER_UNIT * width))
                yield layer, "effective", effective
                yield layer, "stable", stable
                yield layer, "share", effective / width


SAMPLES_PER_UNIT = 4
"""So many are looked at. With fewer their number, not the network, would limit the rank: then it is not measured."""
ROUNDINGS = 4
"""What varies by less than so many roundings of a value is taken for rounding."""


def spread(values: Array, rows: int) -> Array:
    """At most so many rows, from all over."""
    return values[np.linspace(0, len(values) - 1, rows).astype(int)] if len(values) > rows else values


def ranks(values: Array) -> tuple[float, float]:
    """Effective and stable rank of (rows, units), centred; both 0 where nothing varies.

    Roy and Vetterli, "The effective rank" (2007): exp of the entropy of s / sum(s); stable rank: sum(s²) / max(s²).
    Directions in which values vary by no more than their rounding are not counted: that noise has full rank.
    """
    centred = values.astype(np.float64)
    rounding = ROUNDINGS * np.finfo(values.dtype).eps * np.sqrt(np.mean(centred**2))
    centred -= centred.mean(0)
    # Not NumPy's, whose threads wait for each other where cores are busy: that takes ten times as long.
    squares = tf.linalg.eigvalsh(tf.linalg.matmul(centred, centred, transpose_a=True)).numpy()
    squares = squares[squares > len(values) * rounding**2]
    if not len(squares):
        return 0.0, 0.0
    s = np.sqrt(squares)
    p = s / s.sum()
    return float(np.exp(-np.sum(p * np.log(p)))), float(squares.sum() / squares.max())
