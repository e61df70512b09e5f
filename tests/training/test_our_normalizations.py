"""Normalizations that Keras has not, in float64, beside their formulas written by hand in NumPy."""

from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf

from normlab.training.layers.filter_response_normalization import FilterResponseNormalization
from normlab.training.layers.ghost_batch_normalization import GhostBatchNormalization
from normlab.training.layers.local_response_normalization import LocalResponseNormalization
from normlab.training.layers.scale_and_bias import BiasOnly, ScaleOnly
from normlab.training.layers.unit_normalization import SafeUnitNormalization

Array = npt.NDArray[np.float64]

pytestmark = pytest.mark.usefixtures("float64")
DRAW = np.random.default_rng(3)
IMAGES: Array = DRAW.normal(1, 2, (7, 4, 3, 6))


def drawn(layer: keras.layers.Layer, inputs: Array) -> dict[str, Array]:
    """The layer is built, its trained variables get random values, which are given by their names."""
    layer.build(inputs.shape)
    for weight in layer.trainable_weights:
        weight.assign(DRAW.normal(0.5, 1, weight.shape))
    return {weight.name: np.asarray(weight) for weight in layer.weights}


def gradients(layer: keras.layers.Layer, inputs: Array, direction: Array) -> list[Array]:
    """Of the outputs times ``direction``, by the inputs and the trained variables, in training."""
    x = tf.constant(inputs)
    with tf.GradientTape() as tape:
        tape.watch(x)
        product = tf.reduce_sum(layer(x, training=True) * direction)
    variables = [variable.value for variable in layer.trainable_variables]
    return [np.asarray(gradient) for gradient in tape.gradient(product, [x, *variables])]


def slope(function: Any, value: Array, place: tuple[int, ...], direction: Array) -> float:
    """The derivative of what ``function`` gives times ``direction`` by one of its input's numbers."""
    step = np.zeros_like(value)
    step[place] = 1e-6
    return float(((function(value + step) - function(value - step)) * direction).sum() / 2e-6)


def frn(x: Array, v: dict[str, Array], epsilon: float) -> Array:
    nu = np.zeros((len(x), 1, 1, x.shape[-1]))
    for sample in range(len(x)):
        for channel in range(x.shape[-1]):
            nu[sample, 0, 0, channel] = np.sum(x[sample, :, :, channel] ** 2) / (x.shape[1] * x.shape[2])
    y = v["gamma"] * x / np.sqrt(nu + epsilon) + v["beta"]
    return np.where(y > v["tau"], y, v["tau"]) if "tau" in v else y


def lrn(x: Array, radius: int, bias: float, alpha: float, beta: float) -> Array:
    y = np.empty_like(x)
    for channel in range(x.shape[-1]):
        near = x[..., max(0, channel - radius) : channel + radius + 1]
        y[..., channel] = x[..., channel] / (bias + alpha * (near**2).sum(-1)) ** beta
    return y


def ghost(x: Array, v: dict[str, Array], size: int, epsilon: float) -> tuple[Array, Array, Array]:
    """The outputs, and the means over samples of the parts' means and variances."""
    parts = [x[start : start + size] for start in range(0, len(x), size)]
    axes = tuple(range(x.ndim - 1))
    y = [(part - part.mean(axes)) / np.sqrt(part.var(axes) + epsilon) for part in parts]
    means, variances = (
        sum(len(part) / len(x) * statistic for part, statistic in zip(parts, statistics, strict=True))
        for statistics in ([part.mean(axes) for part in parts], [part.var(axes) for part in parts])
    )
    return np.concatenate(y) * v.get("gamma", 1.0) + v.get("beta", 0.0), means, variances


@pytest.mark.parametrize("thresholded", [True, False])
def test_filter_response_normalization(thresholded: bool) -> None:
    layer = FilterResponseNormalization(epsilon=0.1, thresholded=thresholded)
    values = drawn(layer, IMAGES)
    for training in (True, False):
        np.testing.assert_allclose(layer(IMAGES, training=training), frn(IMAGES, values, 0.1), rtol=1e-12)
    direction = DRAW.normal(size=IMAGES.shape)
    by_x, by_gamma, by_beta, *by_tau = gradients(layer, IMAGES, direction)
    assert by_x[1, 2, 0, 3] == pytest.approx(
        slope(lambda x: frn(x, values, 0.1), IMAGES, (1, 2, 0, 3), direction), rel=1e-6
    )
    for name, gradient in zip(("gamma", "beta", "tau"), (by_gamma, by_beta, *by_tau), strict=thresholded):
        by_hand = slope(
            lambda v, name=name: frn(IMAGES, values | {name: v}, 0.1), values[name], (4,), direction
        )
        assert gradient[4] == pytest.approx(by_hand, rel=1e-6), name


@pytest.mark.parametrize("shape", [(5, 9), (5, 3, 2, 9), (5, 3, 2, 1)])
def test_local_response_normalization(shape: tuple[int, ...]) -> None:
    x = DRAW.normal(1, 2, shape)
    layer = LocalResponseNormalization(2, 1.5, 0.3, 0.75)
    for training in (True, False):
        np.testing.assert_allclose(layer(x, training=training), lrn(x, 2, 1.5, 0.3, 0.75), rtol=1e-12)
    direction = DRAW.normal(size=shape)
    place = (1, *(0 for _ in shape[1:]))
    by_hand = slope(lambda value: lrn(value, 2, 1.5, 0.3, 0.75), x, place, direction)
    assert gradients(layer, x, direction)[0][place] == pytest.approx(by_hand, rel=1e-6)


def test_local_response_normalization_is_tensorflows() -> None:
    x = IMAGES.astype(np.float32)
    theirs = tf.nn.local_response_normalization(x, depth_radius=2, bias=1.5, alpha=0.3, beta=0.75)
    ours = LocalResponseNormalization(2, 1.5, 0.3, 0.75, dtype="float32")(x)
    np.testing.assert_allclose(ours, theirs, rtol=1e-5)


@pytest.mark.parametrize("size", [2, 3, 7, 50])
@pytest.mark.parametrize("shape", [(7, 6), (7, 4, 3, 6)], ids=["rows", "images"])
def test_ghost_batch_normalization(shape: tuple[int, ...], size: int) -> None:
    x = IMAGES[:, 0, 0] if len(shape) == 2 else IMAGES
    layer = GhostBatchNormalization(size, momentum=0.8, epsilon=0.1)
    values = drawn(layer, x)
    inference = np.asarray(layer(x, training=False))
    np.testing.assert_allclose(inference, x / np.sqrt(1.1) * values["gamma"] + values["beta"], rtol=1e-12)
    expected, mean, variance = ghost(x, values, size, 0.1)
    np.testing.assert_allclose(layer(x, training=True), expected, rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(layer.moving_mean, 0.2 * mean, rtol=1e-11)
    np.testing.assert_allclose(layer.moving_variance, 0.8 + 0.2 * variance, rtol=1e-11)
    direction = DRAW.normal(size=x.shape)
    by_x, by_gamma, _ = gradients(layer, x, direction)
    place = (5, *(0 for _ in shape[2:]), 2)
    by_hand = slope(lambda value: ghost(value, values, size, 0.1)[0], x, place, direction)
    assert by_x[place] == pytest.approx(by_hand, rel=1e-5, abs=1e-8)
    by_hand = slope(
        lambda gamma: ghost(x, values | {"gamma": gamma}, size, 0.1)[0], values["gamma"], (2,), direction
    )
    assert by_gamma[2] == pytest.approx(by_hand, rel=1e-6)


def test_scale_only_and_bias_only() -> None:
    for layer, expected in (
        (ScaleOnly(), lambda v: IMAGES * v["gamma"]),
        (BiasOnly(), lambda v: IMAGES + v["beta"]),
        (ScaleOnly(scalar=True), lambda v: IMAGES * v["gamma"][0]),
        (BiasOnly(scalar=True), lambda v: IMAGES + v["beta"][0]),
    ):
        values = drawn(layer, IMAGES)
        np.testing.assert_allclose(layer(IMAGES), expected(values), rtol=1e-14)


@pytest.mark.parametrize("compiled", [False, True], ids=["graph", "xla"])
def test_unit_normalization_is_keras_own_but_for_the_gradient_at_zeros_under_xla(compiled: bool) -> None:
    x = IMAGES.copy()
    x[0, 0] = 0
    direction = tf.constant(DRAW.normal(size=x.shape))

    @tf.function(jit_compile=compiled, autograph=False)  # type: ignore[untyped-decorator]  # TensorFlow ships no types
    def both(inputs: tf.Tensor, ours: bool) -> tuple[tf.Tensor, tf.Tensor]:
        layer = SafeUnitNormalization() if ours else keras.layers.UnitNormalization()
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs = layer(inputs)
            product = tf.reduce_sum(outputs * direction)
        return outputs, tape.gradient(product, inputs)

    (y, by_x), (expected, keras_by_x) = (both(tf.constant(x), ours) for ours in (True, False))
    np.testing.assert_allclose(y, expected, rtol=1e-14)
    np.testing.assert_allclose(by_x[1:], keras_by_x[1:], rtol=1e-12)
    assert not np.asarray(by_x[0, 0]).any()
    assert np.isnan(keras_by_x[0, 0]).all() == compiled, "Keras may be right now: ours is not needed any more"


def test_batch_renormalization_is_the_papers() -> None:
    """Ioffe 2017, algorithm 1, with Keras's averages of standard deviations with epsilon in them."""
    layer = keras.layers.BatchNormalization(
        renorm=True,
        renorm_clipping={"rmax": 1.2, "rmin": 0.9, "dmax": 0.3},
        renorm_momentum=0.7,
        momentum=0.6,
    )
    mean, deviation = np.zeros(6), np.ones(6)
    moving_mean, moving_deviation = np.zeros(6), np.ones(6)
    for step in range(3):
        x = DRAW.normal(step, 1 + step, (9, 6))
        batch_mean, batch_deviation = x.mean(0), np.sqrt(x.var(0) + 1e-3)
        r = np.clip(batch_deviation / deviation, 0.9, 1.2)
        d = np.clip((batch_mean - mean) / deviation, -0.3, 0.3)
        expected = (x - batch_mean) / batch_deviation * r + d
        np.testing.assert_allclose(layer(x, training=True), expected, rtol=1e-9, atol=1e-12)
        mean, deviation = 0.7 * mean + 0.3 * batch_mean, 0.7 * deviation + 0.3 * batch_deviation
        moving_mean = 0.6 * moving_mean + 0.4 * batch_mean
        moving_deviation = 0.6 * moving_deviation + 0.4 * batch_deviation
    x = DRAW.normal(size=(9, 6))
    np.testing.assert_allclose(layer(x, training=False), (x - moving_mean) / moving_deviation, rtol=1e-9)
