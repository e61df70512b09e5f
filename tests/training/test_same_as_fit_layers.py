"""Networks of every layer kind, written by hand with Keras, give in ``fit`` what the same spec gives in the loop."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import pytest
from keras import layers

from normlab.spec import JobSpec
from normlab.spec.fields import Activation
from normlab.spec.layers import LAYERS
from normlab.training import TrainResult
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


@pytest.mark.parametrize("kind", SPECS)
def test_layer_kinds(
    kind: str, small_spec: Callable[..., JobSpec], run: Callable[..., TrainResult], data_dir: Path
) -> None:
    written, hidden = SPECS[kind]
    spec = small_spec(written, {"shuffle": False, "optimizer": {"name": "sgd", "learning_rate": 0.05}})
    assert_same(run(spec), fit(spec, data_dir, hidden(), keras.optimizers.SGD(learning_rate=0.05)))


def test_no_kind_is_missing() -> None:
    compared = {layer["type"] for written, _ in SPECS.values() for layer in written}
    assert set(LAYERS) - compared == {"dropout"}, "its masks are others than Keras's: see test_dropout.py"
