"""The fused layer beside Keras's own, which is composed of single operations."""

from itertools import pairwise
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf

from normlab.training.layers.batch_normalization import FusedBatchNormalization

Array = npt.NDArray[Any]


def trained_once(layer: keras.layers.Layer, x: Array, direction: Array) -> list[Array]:
    """Outputs, gradients by input and parameters, and moving statistics after one call in training."""
    layer.build(x.shape)
    for number, weight in enumerate(layer.weights):
        weight.assign(np.linspace(0.5, 1.5, x.shape[-1]) + number)
    pixels = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(pixels)
        outputs = layer(pixels, training=True)
        product = tf.reduce_sum(outputs * direction)
    variables = [variable.value for variable in layer.trainable_variables]
    gradients = tape.gradient(product, [pixels, *variables])
    return [np.asarray(value) for value in (outputs, *gradients, layer.moving_mean, layer.moving_variance)]


@pytest.mark.parametrize(
    "parameters", [{}, {"center": False}, {"scale": False}, {"momentum": 0.5, "epsilon": 0.1}]
)
@pytest.mark.parametrize("shape", [(8, 5, 6, 3), (1, 1, 2, 4)], ids=["a batch", "two values a channel"])
def test_images_are_normalized_as_by_keras(shape: tuple[int, ...], parameters: dict[str, Any]) -> None:
    draw = np.random.default_rng(0)
    x = draw.normal(3, 2, shape).astype(np.float32)
    direction = draw.normal(size=shape).astype(np.float32)
    ours = trained_once(FusedBatchNormalization(**parameters), x, direction)
    theirs = trained_once(keras.layers.BatchNormalization(**parameters), x, direction)
    assert len(ours) == len(theirs)
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=2e-5)


def test_one_value_a_channel_has_no_variance() -> None:
    layer = FusedBatchNormalization()
    layer.build((1, 1, 1, 2))
    outputs = layer(tf.constant([[[[3.0, 4.0]]]]), training=True)
    assert np.asarray(outputs).tolist() == [[[[0.0, 0.0]]]]
    np.testing.assert_allclose(layer.moving_variance, [0.99, 0.99], rtol=1e-6)


@pytest.mark.parametrize(
    ("shape", "dtype", "training"),
    [((8, 5, 6, 3), "float32", False), ((8, 3), "float32", True), ((8, 5, 6, 3), "float64", True)],
    ids=["inference", "rows", "float64"],
)
def test_everything_else_is_keras_own(shape: tuple[int, ...], dtype: str, training: bool) -> None:
    x = np.random.default_rng(1).normal(size=shape).astype(dtype)
    answers = []
    for kind in (FusedBatchNormalization, keras.layers.BatchNormalization):
        layer = kind(dtype=dtype)
        answers.append(np.asarray(layer(x, training=training)))
    for one, other in pairwise(answers):
        np.testing.assert_array_equal(one, other)
