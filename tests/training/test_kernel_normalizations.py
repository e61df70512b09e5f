"""Kernels that are normalized themselves, in float64, beside their formulas by hand, and Keras's own wrapper."""

from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf

from normlab.spec.kernels import Penalty, SpectralNormalization, WeightNormalization, WeightStandardization
from normlab.training.layers.kernels import build_regularizer, with_normalized_kernel

Array = npt.NDArray[np.float64]

pytestmark = pytest.mark.usefixtures("float64")
DRAW = np.random.default_rng(5)

LAYERS: list[tuple[type[keras.layers.Layer], dict[str, Any], tuple[int, ...]]] = [
    (keras.layers.Dense, {"units": 4}, (6, 5)),
    (keras.layers.Conv2D, {"filters": 4, "kernel_size": (2, 3), "groups": 2}, (6, 4, 5, 2)),
    (keras.layers.Conv1D, {"filters": 4, "kernel_size": 2}, (6, 5, 3)),
]


def by_hand(kernel: Array, normalization: Any, g: Array) -> Array:
    """Unit by unit."""
    used = np.empty_like(kernel)
    for unit in range(kernel.shape[-1]):
        v = kernel[..., unit]
        if isinstance(normalization, WeightNormalization):
            used[..., unit] = g[unit] * v / np.linalg.norm(v)
        else:
            used[..., unit] = (v - v.mean()) / np.sqrt(v.var() + normalization.epsilon)
    return used


@pytest.mark.parametrize(
    "normalization",
    [
        WeightNormalization(name="weight_normalization"),
        WeightStandardization(name="weight_standardization", epsilon=0.01),
    ],
    ids=str,
)
@pytest.mark.parametrize(("kind", "options", "shape"), LAYERS, ids=["dense", "conv2d", "conv1d"])
def test_a_layer_computes_with_the_normalized_kernel(
    kind: type[keras.layers.Layer], options: dict[str, Any], shape: tuple[int, ...], normalization: Any
) -> None:
    ours, plain = with_normalized_kernel(kind, normalization)(**options), kind(**options)
    x = DRAW.normal(size=shape)
    ours.build(shape)
    plain.build(shape)
    kernel, g = DRAW.normal(0.2, 1, plain.kernel.shape), DRAW.uniform(0.5, 2, 4)
    ours._kernel.assign(kernel)
    if isinstance(normalization, WeightNormalization):
        ours.g.assign(g)
    plain.set_weights([by_hand(kernel, normalization, g), DRAW.normal(size=4)])
    ours.bias.assign(plain.bias)
    for training in (True, False):
        np.testing.assert_allclose(ours(x, training=training), plain(x), rtol=1e-11, atol=1e-12)
    # The gradient by the kernel goes through its normalization.
    direction = DRAW.normal(size=np.asarray(plain(x)).shape)
    with tf.GradientTape() as tape:
        product = tf.reduce_sum(ours(x) * direction)
    gradient = np.asarray(tape.gradient(product, ours._kernel.value))
    place = (0,) * (kernel.ndim - 1) + (2,)
    values = []
    for step in (1e-6, -1e-6):
        moved = kernel.copy()
        moved[place] += step
        plain.kernel.assign(by_hand(moved, normalization, g))
        values.append(float(tf.reduce_sum(plain(x) * direction)))
    assert gradient[place] == pytest.approx((values[0] - values[1]) / 2e-6, rel=1e-5)


@pytest.mark.parametrize(("kind", "options", "shape"), LAYERS, ids=["dense", "conv2d", "conv1d"])
def test_spectral_normalization_is_keras_own(
    kind: type[keras.layers.Layer], options: dict[str, Any], shape: tuple[int, ...]
) -> None:
    asked = SpectralNormalization(name="spectral_normalization", power_iterations=2)
    ours = with_normalized_kernel(kind, asked)(**options)
    theirs = keras.layers.SpectralNormalization(kind(**options), power_iterations=2)
    ours.build(shape)
    theirs.build(shape)
    kernel, u = DRAW.normal(size=ours.kernel.shape), DRAW.normal(size=(1, 4))
    for layer in (ours, theirs):
        layer.kernel.assign(kernel)
        layer.vector_u.assign(u)
    for _ in range(3):
        x = DRAW.normal(size=shape)
        gradients = []
        for layer in (ours, theirs):
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum(layer(x, training=True) ** 2)
            gradients.append(tape.gradient(loss, layer.kernel.value))
            layer.kernel.assign(layer.kernel - 0.01 * gradients[-1])
        np.testing.assert_allclose(*gradients, rtol=1e-11)
        np.testing.assert_allclose(ours.kernel, theirs.kernel, rtol=1e-11)
        np.testing.assert_allclose(ours.vector_u, theirs.vector_u, rtol=1e-11)
        np.testing.assert_allclose(ours(x, training=False), theirs(x, training=False), rtol=1e-11)


def test_an_orthogonal_penalty_takes_the_kernel_of_a_convolution_as_a_matrix() -> None:
    kernel = DRAW.normal(size=(2, 3, 2, 5))
    rows = kernel.reshape(12, 5)
    for mode in ("rows", "columns"):
        vectors = rows if mode == "rows" else rows.T
        products = [
            abs(one @ other) / np.linalg.norm(one) / np.linalg.norm(other)
            for number, one in enumerate(vectors)
            for other in vectors[:number]
        ]
        penalty = build_regularizer(Penalty.model_validate({"orthogonal": 0.3, "mode": mode}))
        assert penalty is not None
        assert float(penalty(tf.constant(kernel))) == pytest.approx(0.3 * np.mean(products), rel=1e-9)
