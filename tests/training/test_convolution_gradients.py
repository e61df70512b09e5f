"""Gradients of convolutions as they are trained, beside those of the same layer in float64, which XLA computes.

Tests that train a network and Keras's own side by side do not see a kernel that is wrong in float32: they either
compute in float64, or both use the kernel.
"""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from normlab.spec import Architecture, plan
from normlab.training.compiled.executors import Executor
from normlab.training.layers.builders import KERAS, Classes, training_classes
from normlab.training.layers.network import build_network

STRIDED_PIXELS: list[dict[str, Any]] = [
    {"type": "conv2d", "filters": filters, "kernel_size": 1, "strides": strides, "padding": padding}
    for filters, strides, padding in ((6, 2, "same"), (16, 2, "valid"), (8, 3, "same"), (4, [2, 1], "valid"))
]
GROUPED = {"type": "conv2d", "filters": 8, "kernel_size": 1, "strides": 2, "groups": 4}
IN_GROUPS = {"type": "conv2d", "filters": 8, "kernel_size": 3, "groups": 4, "padding": "same"}
ROWS_IN_GROUPS = {"type": "conv1d", "filters": 6, "kernel_size": 3, "groups": 2, "dilation_rate": 2}
ROWS = {"type": "conv1d", "filters": 6, "kernel_size": 1, "strides": 2}
SEPARABLE = {"type": "separable_conv2d", "filters": 6, "kernel_size": 1, "strides": 2}


def gradients(layer: dict[str, Any], x: Any, dtype: str, classes: Classes, *, by_xla: bool) -> list[Any]:
    """What a layer gives, and the gradients of its mean square by its input and its variables."""
    written = [layer, {"type": "flatten"}]
    planned = plan(Architecture.model_validate({"layers": written}).layers, x.shape[1:], 3)
    network = build_network(planned, dtype, classes)
    built = network.layers[1]
    draw = np.random.default_rng(1)
    built.set_weights([draw.normal(0, 1, weight.shape) for weight in built.weights])

    def both(x: tf.Tensor) -> list[tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = built(x)
            loss = tf.reduce_mean(tf.square(y))
        return [y, *tape.gradient(loss, [x, *(weight.value for weight in built.trainable_weights)])]

    return tf.function(both, autograph=False, jit_compile=by_xla)(tf.constant(x, dtype))  # type: ignore[no-any-return]  # TensorFlow's types


def check(layer: dict[str, Any], shape: tuple[int, ...]) -> None:
    x = np.random.default_rng(0).normal(size=shape)
    found = gradients(layer, x, "float32", training_classes(Executor.GRAPH), by_xla=False)
    expected = gradients(layer, x, "float64", KERAS, by_xla=True)
    for ours, right in zip(found, expected, strict=True):
        scale = np.abs(right).max()
        np.testing.assert_allclose(ours / scale, right / scale, atol=2e-5, err_msg=f"{layer}, {shape}")


@pytest.mark.parametrize("channels", [1, 4])
@pytest.mark.parametrize("layer", STRIDED_PIXELS, ids=str)
def test_strided_kernels_of_one_pixel_have_the_right_gradients(layer: dict[str, Any], channels: int) -> None:
    check(layer, (32, 8, 7, channels))


@pytest.mark.parametrize("layer", [GROUPED, IN_GROUPS, ROWS_IN_GROUPS, ROWS, SEPARABLE], ids=str)
def test_their_relatives_have_them_too(layer: dict[str, Any]) -> None:
    check(layer, (32, 9, 4) if layer["type"] == "conv1d" else (32, 8, 8, 4))


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(150))
def test_drawn_convolutions_have_the_right_gradients(seed: int) -> None:
    draw = np.random.default_rng(seed)
    groups = int(draw.choice([1, 1, 2, 4]))
    strides = int(draw.integers(1, 4))
    layer = {
        "type": "conv2d",
        "filters": groups * int(draw.choice([1, 3, 6, 8, 16, 24])),
        "kernel_size": [int(size) for size in draw.integers(1, 6, 2)],
        "strides": strides,
        "dilation_rate": int(draw.integers(1, 3)) if strides == 1 else 1,
        "groups": groups,
        "padding": str(draw.choice(["same", "valid"])),
    }
    channels = groups * int(draw.choice([1, 2, 3, 4, 5, 8, 16, 20]))
    check(
        layer, (int(draw.choice([1, 7, 32, 64])), *(int(size) for size in draw.integers(9, 17, 2)), channels)
    )
