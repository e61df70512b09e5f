"""Networks of every layer kind, written by hand with Keras, give in ``fit`` what the same spec gives in the loop."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import pytest
from keras import layers

from normlab.spec import JobSpec
from normlab.spec.fields import Activation
from normlab.spec.layers import LAYERS, Noise
from normlab.training import TrainResult
from normlab.training.layers.builders import OURS
from support.keras_fit import assert_same, fit

pytestmark = pytest.mark.usefixtures("float64")

Hidden = Callable[[], list[layers.Layer]]


def notebook_baseline() -> list[layers.Layer]:
    return [
        layers.Flatten(),
        layers.Dense(300, kernel_initializer="he_normal"),
        layers.LeakyReLU(),
        layers.Dense(100, kernel_initializer="he_normal"),
        layers.LeakyReLU(),
    ]


def notebook_batch_norm() -> list[layers.Layer]:
    return [
        layers.Flatten(),
        layers.BatchNormalization(),
        layers.Dense(300, activation="relu"),
        layers.BatchNormalization(),
        layers.Dense(100, activation="relu"),
        layers.BatchNormalization(),
    ]


@pytest.mark.parametrize(
    ("preset", "hidden"), [("baseline", notebook_baseline), ("batch_norm", notebook_batch_norm)]
)
def test_notebook_networks(
    preset: str,
    hidden: Hidden,
    small_spec: Callable[..., JobSpec],
    run: Callable[..., TrainResult],
    data_dir: Path,
) -> None:
    spec = small_spec(preset, {"shuffle": False})
    assert_same(run(spec), fit(spec, data_dir, hidden(), keras.optimizers.SGD(learning_rate=1e-3)))


def attention(shape: tuple[int, ...], layer: layers.Layer) -> keras.Model:
    """What attends to itself, as one layer."""
    rows = keras.Input(shape)
    return keras.Model(rows, layer(rows, rows))


def orthogonal(factor: float) -> keras.regularizers.Regularizer:
    """Keras's, whose factor is a float32 tensor: it multiplies no float64 kernel."""
    regularizer = keras.regularizers.OrthogonalRegularizer(factor)
    regularizer.factor = factor
    return regularizer


ACTIVATIONS = ["linear", "relu", "elu", "selu", "gelu", "silu", "mish", "softplus", "softsign", "sigmoid"]
ACTIVATIONS += ["hard_sigmoid", "tanh"]

SPECS: dict[str, tuple[list[dict[str, Any]], Hidden]] = {
    "convolution": (
        [
            {"type": "reshape", "target_shape": [8, 8, -1]},
            {"type": "conv2d", "filters": 4, "kernel_size": 3, "padding": "same", "activation": "relu"},
            {"type": "batch_normalization", "momentum": 0.9, "epsilon": 0.01},
            {"type": "max_pooling2d", "pool_size": 3, "strides": 2, "padding": "same"},
            {"type": "conv2d", "filters": 6, "kernel_size": [1, 2], "strides": [2, 1], "use_bias": False},
            {"type": "average_pooling2d", "pool_size": [2, 1]},
            {"type": "flatten"},
        ],
        lambda: [
            layers.Reshape((8, 8, 1)),
            layers.Conv2D(4, (3, 3), padding="same", activation="relu"),
            layers.BatchNormalization(momentum=0.9, epsilon=0.01),
            layers.MaxPooling2D((3, 3), strides=(2, 2), padding="same"),
            layers.Conv2D(6, (1, 2), strides=(2, 1), use_bias=False),
            layers.AveragePooling2D((2, 1)),
            layers.Flatten(),
        ],
    ),
    "dilated_convolution": (
        [
            {"type": "reshape", "target_shape": [8, 8, 1]},
            {
                "type": "conv2d",
                "filters": 8,
                "kernel_size": 3,
                "dilation_rate": 2,
                "kernel_regularizer": {"l2": 0.02},
            },
            {"type": "group_normalization", "groups": 4},
            {"type": "activation", "activation": "silu"},
            {"type": "global_average_pooling2d"},
        ],
        lambda: [
            layers.Reshape((8, 8, 1)),
            layers.Conv2D(8, 3, dilation_rate=2, kernel_regularizer=keras.regularizers.L2(0.02)),
            layers.GroupNormalization(groups=4),
            layers.Activation("silu"),
            layers.GlobalAveragePooling2D(),
        ],
    ),
    "normalization": (
        [
            {"type": "dense", "units": 6, "activation": "tanh"},  # on the image's rows
            {"type": "layer_normalization", "epsilon": 0.02},
            {"type": "flatten"},
            {"type": "dense", "units": 24, "use_bias": False, "kernel_regularizer": {"l2": 0.01}},
            {"type": "group_normalization", "groups": 6, "center": False},
            {"type": "activation", "activation": "leaky_relu", "negative_slope": 0.1},
            {"type": "batch_normalization", "center": False, "scale": False},
        ],
        lambda: [
            layers.Dense(6, activation="tanh"),
            layers.LayerNormalization(epsilon=0.02),
            layers.Flatten(),
            layers.Dense(24, use_bias=False, kernel_regularizer=keras.regularizers.L2(0.01)),
            layers.GroupNormalization(6, center=False),
            layers.LeakyReLU(negative_slope=0.1),
            layers.BatchNormalization(center=False, scale=False),
        ],
    ),
    "single_channels": (
        [
            {"type": "reshape", "target_shape": [8, 8, 1]},
            {"type": "zero_padding2d", "padding": [[1, 0], 2]},
            {
                "type": "depthwise_conv2d",
                "kernel_size": 3,
                "depth_multiplier": 4,
                "depthwise_regularizer": {"l1": 0.01},
                "depthwise_initializer": {"name": "random_normal", "stddev": 0.2},
            },
            {
                "type": "prelu",
                "shared_axes": [1, 2],
                "alpha_initializer": {"name": "constant", "value": 0.25},
            },
            {"type": "up_sampling2d", "size": [1, 2]},
            {"type": "up_sampling2d", "interpolation": "bilinear"},
            {
                "type": "separable_conv2d",
                "filters": 6,
                "kernel_size": [3, 2],
                "strides": 2,
                "padding": "same",
                "pointwise_constraint": {"name": "max_norm", "max_value": 0.9},
                "activation": "elu",
            },
            {"type": "global_max_pooling2d"},
        ],
        lambda: [
            layers.Reshape((8, 8, 1)),
            layers.ZeroPadding2D(((1, 0), (2, 2))),
            layers.DepthwiseConv2D(3, depth_multiplier=4, depthwise_regularizer=keras.regularizers.L1(0.01)),
            layers.PReLU(shared_axes=[1, 2]),
            layers.UpSampling2D((1, 2)),
            layers.UpSampling2D(interpolation="bilinear"),
            layers.SeparableConv2D(
                6,
                (3, 2),
                strides=2,
                padding="same",
                pointwise_constraint=keras.constraints.MaxNorm(0.9, axis=[0, 1, 2]),
                activation="elu",
            ),
            layers.GlobalMaxPooling2D(),
        ],
    ),
    "rows": (
        [
            {"type": "conv1d", "filters": 12, "kernel_size": 3, "padding": "causal", "groups": 4},
            {"type": "rms_normalization", "epsilon": 0.01},
            {
                "type": "multi_head_attention",
                "num_heads": 2,
                "key_dim": 3,
                "value_dim": 2,
                "use_bias": False,  # that of keys changes nothing: its gradient is rounding
                "kernel_regularizer": {"l2": 0.01},
            },
            {"type": "unit_normalization"},
            {"type": "flatten"},
        ],
        lambda: [
            layers.Conv1D(12, 3, padding="causal", groups=4),
            layers.RMSNormalization(epsilon=0.01),
            attention(
                (8, 12),
                layers.MultiHeadAttention(
                    2, 3, 2, use_bias=False, kernel_regularizer=keras.regularizers.L2(0.01)
                ),
            ),
            layers.UnitNormalization(),
            layers.Flatten(),
        ],
    ),
    "bounded": (
        [
            {"type": "reshape", "target_shape": [4, 4, 4]},
            {
                "type": "conv2d",
                "filters": 6,
                "kernel_size": [2, 3],
                "use_bias": False,  # instance normalization takes it out again: its gradient is rounding
                "kernel_constraint": "unit_norm",
                "kernel_initializer": {
                    "name": "variance_scaling",
                    "mode": "fan_out",
                    "distribution": "uniform",
                },
            },
            {"type": "instance_normalization", "center": False},
            {"type": "flatten"},
            {
                "type": "dense",
                "units": 9,
                "use_bias": False,
                "kernel_constraint": {
                    "name": "min_max_norm",
                    "min_value": 0.5,
                    "max_value": 0.8,
                    "rate": 0.5,
                },
                "kernel_regularizer": {"l1": 0.01, "l2": 0.02},
            },
            {
                "type": "batch_renormalization",
                "rmax": 1.5,
                "dmax": 0.5,
                "renorm_momentum": 0.8,
                "momentum": 0.9,
            },
            {"type": "dense", "units": 5, "activation": "tanh", "kernel_regularizer": {"orthogonal": 0.3}},
        ],
        lambda: [
            layers.Reshape((4, 4, 4)),
            layers.Conv2D(
                6, (2, 3), use_bias=False, kernel_constraint=keras.constraints.UnitNorm(axis=[0, 1, 2])
            ),
            layers.GroupNormalization(-1, center=False),
            layers.Flatten(),
            layers.Dense(
                9,
                use_bias=False,
                kernel_constraint=keras.constraints.MinMaxNorm(0.5, 0.8, rate=0.5),
                kernel_regularizer=keras.regularizers.L1L2(0.01, 0.02),
            ),
            layers.BatchNormalization(
                momentum=0.9, renorm=True, renorm_clipping={"rmax": 1.5, "dmax": 0.5}, renorm_momentum=0.8
            ),
            layers.Dense(5, activation="tanh", kernel_regularizer=orthogonal(0.3)),
        ],
    ),
    "activations": (
        [
            {"type": "flatten"},
            *(
                {"type": "dense", "units": 12, "activation": activation}
                for activation in Activation
                if activation is not Activation.LEAKY_RELU
            ),
        ],
        lambda: [
            layers.Flatten(),
            *(layers.Dense(12, activation=activation) for activation in ACTIVATIONS),
        ],
    ),
}


LONGEST = {"activations", "rows"}
"""A table of kinds each, 7 and 13 seconds: left to the night."""


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=pytest.mark.nightly if kind in LONGEST else ()) for kind in SPECS]
)
def test_layer_kinds(
    kind: str, small_spec: Callable[..., JobSpec], run: Callable[..., TrainResult], data_dir: Path
) -> None:
    written, hidden = SPECS[kind]
    spec = small_spec(written, {"shuffle": False, "optimizer": {"name": "sgd", "learning_rate": 0.05}})
    assert_same(run(spec), fit(spec, data_dir, hidden(), keras.optimizers.SGD(learning_rate=0.05)))


def test_no_kind_is_missing() -> None:
    compared = {layer["type"] for written, _ in SPECS.values() for layer in written}
    # Its random numbers are others than Keras's: see test_noise.py. What Keras has not: see test_our_normalizations.py.
    noise = {name for name, kind in LAYERS.items() if issubclass(kind, Noise)}
    ours = {name for name, kind in LAYERS.items() if kind.keras_class in OURS} - {"multi_head_attention"}
    assert set(LAYERS) - compared == noise | ours
