"""What a network with batch normalization is worth with settled statistics.

Its moving statistics are averages over the steps before: of few steps, or with a large momentum, much of what the
layers began with (mean 0, variance 1) is left in them, and validation speaks of that more than of the weights. So they
are estimated once more over training samples with the final weights, as Wu and Johnson, "Rethinking 'Batch' in
BatchNorm" (2021), do; layer by layer, each behind those before it as they serve. The kept network stays as it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from time import perf_counter

import keras
import numpy as np
import tensorflow as tf

from normlab.spec import JobSpec, PlannedLayer
from normlab.spec.graph import flow
from normlab.spec.layers import WithMovingStatistics
from normlab.spec.memory import EVALUATION_BATCH, FLOAT_BYTES
from normlab.spec.settling import start_share
from normlab.training.compiled.program import Program
from normlab.training.data import Samples, TrainingData
from normlab.training.layers.network import Array, built_layers, entering, full_precision

MAX_SAMPLES = 5_000
"""More training samples change the estimates by less than 2 % of a standard deviation."""
MAX_BYTES = 32 * 2**20
"""For the largest layer's output of all samples; with ``EVALUATION_BATCH`` samples it may be larger."""


@dataclass(frozen=True)
class PopulationFigures:
    """The kept network's accuracies, or R² where it predicts numbers, had its moving statistics settled."""

    samples: int
    """Training samples that the statistics were taken over."""
    start_share: float
    """How much of the kept moving statistics is still what they began as: ``momentum ** updates``, the largest."""
    updates: int
    """Steps until the kept epoch's end."""
    val_accuracy: float | None
    test_accuracy: float | None
    seconds: float
    """What all of this took."""
    val_r2: float | None = None
    test_r2: float | None = None


def measure_population(
    spec: JobSpec, program: Program, data: TrainingData, kept: Sequence[Array], updates: int
) -> PopulationFigures | None:
    """The figures of the program's network with settled statistics; None: it has no batch normalization.

    ``kept`` are its weights, with which it is left.
    """
    if not any(isinstance(item.layer, WithMovingStatistics) for item in program.planned):
        return None
    began = perf_counter()
    try:
        count = settle(spec, program, data.training)
        figures = program.evaluate(data.test).named("test_")
        if data.validation.count:
            figures |= program.evaluate(data.validation).named("val_")
    finally:
        program.network.set_weights(kept)
    return PopulationFigures(
        samples=count,
        start_share=start_share(spec, updates),
        updates=updates,
        val_accuracy=figures.get("val_accuracy"),
        test_accuracy=figures.get("test_accuracy"),
        seconds=perf_counter() - began,
        val_r2=figures.get("val_r2"),
        test_r2=figures.get("test_r2"),
    )


def settle(spec: JobSpec, program: Program, training: Samples) -> int:
    """Set the moving statistics to those of training samples with the present weights; give how many samples."""
    count = _sample_count(spec, program)
    _settle(program, _spread(training, count))
    return count


def _sample_count(spec: JobSpec, program: Program) -> int:
    largest = max(prod(item.output_shape) for item in program.planned) * FLOAT_BYTES
    affordable = max(EVALUATION_BATCH, min(MAX_SAMPLES, MAX_BYTES // largest))
    return min(spec.dataset.trained_on, affordable)


def _spread(samples: Samples, count: int) -> tf.Tensor:
    """The pixels (count, *shape) of samples from all over: files may be sorted."""
    return samples.taken(np.linspace(0, samples.count - 1, count).astype(np.int32)).x


def _settle(program: Program, pixels: tf.Tensor) -> None:
    """Set the moving statistics to those of what enters the layers when these pixels enter the network."""
    network: keras.Model = program.network
    built = built_layers(network)

    def through(item: PlannedLayer, values: Sequence[tf.Tensor]) -> tf.Tensor:
        layer, x = built[item.name], entering(item, values)
        if isinstance(item.layer, WithMovingStatistics):
            mean, variance = tf.nn.moments(x, axes=list(range(len(x.shape) - 1)))  # (channels,) each
            layer.moving_mean.assign(mean)
            layer.moving_variance.assign(variance)
        return layer(x, training=False)

    with full_precision(network):
        flow(program.planned, program.scaled(pixels), through)
