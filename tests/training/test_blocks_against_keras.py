"""Random architectures with blocks in blocks, against Keras's own functional model of the same."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from normlab.spec import Architecture, JobSpec, plan
from normlab.spec.plan import UnbuildableError
from normlab.training import TrainResult
from normlab.training.layers.network import build_network, built_layers
from support.keras_fit import assert_same, fit_model
from support.keras_graph import functional

CLASSES = 3
BATCH = 6
Layers = list[dict[str, Any]]
Shape = tuple[int, ...]

sizes = st.integers(1, 4)
SINGLE = st.one_of(
    st.builds(lambda units: {"type": "dense", "units": units}, sizes),
    st.builds(
        lambda filters, size, strides, padding: {
            "type": "conv2d",
            "filters": filters,
            "kernel_size": size,
            "strides": strides,
            "padding": padding,
        },
        sizes,
        st.integers(1, 3),
        st.integers(1, 2),
        st.sampled_from(["same", "same", "valid"]),
    ),
    st.sampled_from(
        [
            {"type": "activation", "activation": "tanh"},
            {"type": "batch_normalization"},
            {"type": "layer_normalization"},
            {"type": "max_pooling2d", "pool_size": 2, "padding": "same"},
            {"type": "flatten"},
            {"type": "global_average_pooling2d"},
        ]
    ),
)


def shape_behind(layers: Layers, shape: Shape) -> Shape:
    """The shape that leaves these layers."""
    written = [*layers, {"type": "flatten"}]
    return plan(Architecture.model_validate({"layers": written}).layers, shape, CLASSES)[-2].input_shape


@st.composite
def chains(draw: st.DrawFn, shape: Shape, depth: int = 0) -> Layers:
    """Layers and blocks that fit each other and what enters them."""
    layers: Layers = []
    for _ in range(draw(st.integers(1, 3))):
        here = shape_behind(layers, shape)
        kind = draw(
            st.sampled_from(["layer", "layer", "residual", "branches", "repeat"][: 2 if depth == 3 else 5])
        )
        if kind == "layer":
            item = draw(SINGLE)
        elif kind == "residual":
            shortcut = draw(st.one_of(st.just("identity"), chains(here, depth + 1)))
            item = {"type": kind, "layers": draw(chains(here, depth + 1)), "shortcut": shortcut}
        elif kind == "branches":
            ways = draw(st.lists(st.one_of(st.just([]), chains(here, depth + 1)), min_size=2, max_size=3))
            item = {
                "type": kind,
                "branches": ways,
                "merge": draw(st.sampled_from(["add", "concatenate", "multiply"])),
            }
        else:
            item = {"type": kind, "times": draw(st.integers(1, 2)), "layers": draw(chains(here, depth + 1))}
        try:
            shape_behind([*layers, item], shape)
        except UnbuildableError as error:
            item = mended(item, str(error))
            try:
                shape_behind([*layers, item], shape)
            except UnbuildableError:
                continue
        layers.append(item)
    return layers or [{"type": "activation", "activation": "tanh"}]


def mended(item: dict[str, Any], sentence: str) -> dict[str, Any]:
    """A block as the sentence about it says that it would fit."""
    if shortcut := re.findall(r'"shortcut": (\[.*\])', sentence):
        return item | {"shortcut": json.loads(shortcut[0])}
    if end := re.findall(r"end the shortcut with (\{.*\})", sentence):
        return item | {"shortcut": [*item["shortcut"], json.loads(end[0])]}
    return item


@st.composite
def networks(draw: st.DrawFn) -> tuple[Shape, Layers]:
    shape = draw(st.sampled_from([(4, 4, 2), (5, 3, 1), (7,)]))
    return shape, [*draw(chains(shape)), {"type": "flatten"}]


@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)
@given(networks())
@pytest.mark.usefixtures("float64")
def test_shapes_parameters_and_a_training_step_are_keras_own(network: tuple[Shape, Layers]) -> None:
    shape, written = network
    planned = plan(Architecture.model_validate({"layers": written}).layers, shape, CLASSES)
    theirs, ours = functional(written, shape, CLASSES), build_network(planned, "float64")
    layers = built_layers(theirs)
    for item in planned:
        assert tuple(layers[item.name].output.shape[1:]) == item.output_shape
        assert layers[item.name].count_params() == sum(variable.size for variable in item.variables)
    assert len(theirs.layers) == len(planned) + 1
    steps = [training_step(model) for model in (theirs, ours)]
    for name, expected in steps[0].items():
        np.testing.assert_allclose(steps[1][name], expected, rtol=1e-9, atol=1e-11, err_msg=name)
    assert steps[0].keys() == steps[1].keys()


def training_step(model: keras.Model) -> dict[str, Any]:
    """Every variable after a step of gradient descent from given values, the loss, and what the network says then."""
    draw = np.random.default_rng(0)
    variables = {f"{layer.name}/{weight.name}": weight for layer in model.layers for weight in layer.weights}
    for name in sorted(variables):
        variables[name].assign(draw.normal(0.3, 0.5, variables[name].shape))
    x = tf.constant(draw.normal(0, 1, (BATCH, *model.input_shape[1:])))
    y = tf.constant(draw.integers(0, CLASSES, BATCH))
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(y, model(x, training=True)))
    gradients = tape.gradient(loss, [weight.value for weight in model.trainable_weights])
    for weight, gradient in zip(model.trainable_weights, gradients, strict=True):
        weight.assign_sub(0.1 * (0 if gradient is None else gradient))
    after = {name: np.asarray(variable) for name, variable in variables.items()}
    return after | {"loss": float(loss), "says": np.asarray(model(x, training=False))}


CONV = {"type": "conv2d", "kernel_size": 3, "padding": "same", "use_bias": False}
NORM = {"type": "batch_normalization", "momentum": 0.9}
RELU = {"type": "activation", "activation": "relu"}
TRAINED: dict[str, Layers] = {
    "as a graph": [
        {"type": "reshape", "target_shape": [8, 8, 1]},
        CONV | {"filters": 4},
        {
            "type": "repeat",
            "times": 2,
            "layers": [
                {
                    "type": "residual",
                    "layers": [CONV | {"filters": 4}, NORM, RELU, CONV | {"filters": 4}, NORM],
                },
                RELU,
            ],
        },
        {
            "type": "residual",
            "layers": [CONV | {"filters": 6, "strides": 2}, NORM],
            "shortcut": [{"type": "conv2d", "filters": 6, "kernel_size": 1, "strides": 2}],
        },
        {"type": "global_average_pooling2d"},
    ],
    "under XLA": [
        {"type": "flatten"},
        {"type": "dense", "units": 16},
        {
            "type": "branches",
            "merge": "concatenate",
            "branches": [
                [],
                [NORM, {"type": "dense", "units": 6, "activation": "relu"}],
                [
                    {
                        "type": "branches",
                        "merge": "multiply",
                        "branches": [[], [{"type": "dense", "units": 16, "activation": "sigmoid"}]],
                    }
                ],
            ],
        },
        {"type": "residual", "layers": [NORM, RELU, {"type": "dense", "units": 38}]},
    ],
}


@pytest.mark.parametrize("name", TRAINED)
@pytest.mark.usefixtures("float64")
def test_blocks_are_trained_as_keras_fit_trains_them(
    name: str, small_spec: Callable[..., JobSpec], run: Callable[..., TrainResult], data_dir: Path
) -> None:
    spec = small_spec(
        TRAINED[name], {"epochs": 1, "shuffle": False, "optimizer": {"name": "sgd", "learning_rate": 0.05}}
    )
    model = functional(TRAINED[name], (8, 8), 10)
    result = run(spec)
    assert result.environment["executor"] == ("graph" if name == "as a graph" else "xla")
    fitted = fit_model(spec, data_dir, model, keras.optimizers.SGD(learning_rate=0.05))
    assert_same(result, fitted)
