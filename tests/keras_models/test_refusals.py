"""What cannot be had is refused, every layer of it, with its name, its class and the reason."""

import json
from collections.abc import Callable
from typing import Any

import keras
import pytest
from keras import layers

from normlab import from_keras
from normlab.errors import KerasModelError
from normlab.keras_models import convert
from support.keras_zoo import MODELS


@keras.saving.register_keras_serializable("mine")
class Doubled(layers.Layer):
    def call(self, inputs: Any) -> Any:
        return inputs * 2


def relu(x: Any) -> Any:
    return x * x


def hidden(*between: layers.Layer, image: bool = False) -> keras.Model:
    inner = [*between, layers.Flatten()] if image else [layers.Flatten(), *between]
    return keras.Sequential(
        [keras.Input((8, 8, 1) if image else (8, 8)), *inner, layers.Dense(10, activation="softmax")]
    )


def refused(model: object, **fields: Any) -> dict[str, str]:
    with pytest.raises(KerasModelError) as caught:
        from_keras(model, **{"dataset": "digits", **fields})
    return {each.name: f"{each.class_name}: {each.reason}" for each in caught.value.refused}


def test_every_layer_that_cannot_be_had_is_listed() -> None:
    model = keras.Sequential(
        [
            keras.Input((8, 8)),
            layers.Flatten(),
            layers.Dense(8, activation="relu6", name="six"),
            Doubled(name="twice"),
            layers.Dense(8, bias_initializer="ones", activity_regularizer="l2", name="both"),
            layers.Lambda(lambda x: x + 1, name="code"),
            layers.Dense(10, activation="softmax", use_bias=False, name="classes"),
        ]
    )
    model.compile("adam", "mse")
    found = refused(model.to_json())
    assert list(found) == ["classes", "six", "twice", "both", "code", "loss"]
    assert "relu6" in found["six"]
    assert "never loaded" in found["twice"]
    assert "never loaded" in found["code"]
    assert "use_bias" in found["classes"]
    assert "learns classes" in found["loss"]
    with pytest.raises(KerasModelError, match=r"six \(Dense\)") as caught:
        from_keras(model)
    assert {each.reason.split(" ")[0] for each in caught.value.refused if each.name == "both"} == {
        "bias_initializer",
        "activity_regularizer",
    }
    assert all(problem.pointer for problem in caught.value.problems)


@pytest.mark.parametrize(
    ("build", "name", "phrase"),
    [
        (
            lambda: hidden(layers.Dense(4, bias_regularizer="l2", name="x")),
            "x",
            "bias_regularizer = L2(l2=0.01)",
        ),
        (lambda: hidden(layers.Dense(4, trainable=False, name="x")), "x", "trainable"),
        (lambda: hidden(layers.Dense(4, dtype="float64", name="x")), "x", "float64"),
        (lambda: hidden(layers.Dense(4, activation=relu, name="x")), "x", "function of your own"),
        (lambda: hidden(layers.BatchNormalization(synchronized=True, name="x")), "x", "synchronized"),
        (
            lambda: hidden(layers.BatchNormalization(beta_initializer="ones", name="x")),
            "x",
            "beta_initializer",
        ),
        (lambda: hidden(layers.ReLU(6.0, name="x")), "x", "max_value"),
        (lambda: hidden(layers.ELU(0.5, name="x")), "x", "alpha"),
        (lambda: hidden(layers.Dropout(0.5, noise_shape=(None, 1), name="x")), "x", "noise_shape"),
        (lambda: hidden(layers.BatchNormalization(axis=1, name="x"), image=True), "x", "axis 1"),
        (lambda: hidden(layers.Rescaling(2.0, offset=-1.0, name="x")), "x", "Rescaling(1 / 16)"),
        (lambda: hidden(layers.Softmax(name="x")), "x", "output layer alone"),
        (
            lambda: hidden(layers.SpectralNormalization(layers.DepthwiseConv2D(2), name="x"), image=True),
            "x",
            "DepthwiseConv2D",
        ),
        (
            lambda: hidden(layers.SpectralNormalization(layers.Dense(4, bias_regularizer="l2"), name="x")),
            "x",
            "bias_regularizer",
        ),
    ],
)
def test_an_argument_without_a_counterpart_is_told(
    build: Callable[[], keras.Model], name: str, phrase: str
) -> None:
    found = refused(build())
    assert list(found) == [name]
    assert phrase in found[name]


@keras.saving.register_keras_serializable("mine")
class Rescaling(layers.Rescaling):
    """Of the name of Keras's own."""


@keras.saving.register_keras_serializable("mine")
class Dense(layers.Dense):
    """The same."""


def test_a_class_of_ones_own_is_none_of_keras_by_its_name() -> None:
    inputs = keras.Input((8, 8))
    scaled = layers.Flatten()(Rescaling(1 / 16, name="scaling")(inputs))
    model = keras.Model(inputs, Dense(10, activation="softmax", name="classes")(scaled))
    found = refused(model.to_json())
    assert "class of your own" in found["scaling"]
    assert "class of your own" in found["classes"]
    wrapped = layers.SpectralNormalization(layers.Dense(4, activation=relu, name="inner"))
    assert "function of your own" in refused(hidden(wrapped))["inner"]
    last = layers.SpectralNormalization(layers.Dense(10, activation="softmax"), name="last")
    assert "without a normalization" in refused(keras.Sequential([keras.Input((64,)), last]))["last"]


def test_networks_of_another_structure_are_refused() -> None:
    inputs = keras.Input((8, 8))
    x = layers.Flatten()(inputs)
    y = layers.Dense(64, name="crossing")(x)
    z = layers.Add()([x, y])
    out = layers.Dense(10, activation="softmax")(layers.Concatenate()([z, y]))
    assert "do not meet again" in refused(keras.Model(inputs, out))["crossing"]
    shared = layers.Dense(64, name="twice")
    out = layers.Dense(10, activation="softmax")(shared(shared(x)))
    assert "2 times" in refused(keras.Model(inputs, out))["twice"]
    out = layers.Dense(10, activation="softmax")(layers.Subtract(name="minus")([x, y]))
    assert "otherwise than Add" in refused(keras.Model(inputs, out))["minus"]
    product = x * 2.0
    multiply = product._keras_history.operation.name  # numbered, where the process has made one before
    out = layers.Dense(10, activation="softmax")(product)
    assert "operation" in refused(keras.Model(inputs, out))[multiply]
    other = keras.Input((64,))
    out = layers.Dense(10, activation="softmax")(layers.Add()([x, other]))
    assert "several inputs" in refused(keras.Model([inputs, other], out))["model"]


def test_the_output_and_the_loss_have_to_be_of_classes() -> None:
    inner = [keras.Input((8, 8)), layers.Flatten()]
    model = keras.Sequential([*inner, layers.Dense(1, activation="sigmoid", name="x")])
    assert "softmax" in refused(model)["x"]
    model = keras.Sequential([*inner, layers.Dense(7, activation="softmax", name="x")])
    assert "10 classes" in refused(model)["x"]
    model = keras.Sequential([*inner, layers.Dense(10, name="x")])
    model.compile("adam", "sparse_categorical_crossentropy")
    assert "from_logits" in refused(model)["loss"]


def test_optimizers_and_schedules_without_a_counterpart_are_told() -> None:
    model = MODELS["flattened_before"][0]()
    decay = keras.optimizers.schedules.InverseTimeDecay(0.1, 10, 0.5)
    model.compile(keras.optimizers.SGD(decay, loss_scale_factor=2.0), "categorical_crossentropy")
    found = refused(model)
    assert "InverseTimeDecay" in found["learning_rate"]
    assert "loss_scale_factor" in found["optimizer"]
    optimizer = keras.optimizers.AdamW(weight_decay=0.1)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    model.compile(optimizer, "categorical_crossentropy")
    assert "exclude_from_weight_decay" in refused(model)["optimizer"]
    cosine = keras.optimizers.schedules.CosineDecay(0.1, 100)
    model.compile(keras.optimizers.SGD(cosine), "categorical_crossentropy")
    assert "82 steps are 2 epochs" in refused(model)["learning_rate"]
    # What is given beside the model is not asked of it.
    assert (
        convert(model, {"dataset": "digits", "training": {"optimizer": "adam"}}).spec.training.optimizer.name
        == "adam"
    )


def test_what_is_no_model_of_keras_3_is_refused_as_a_whole() -> None:
    old = {"class_name": "Sequential", "config": {"layers": []}, "keras_version": "2.15.0"}
    for given, phrase in (
        (old, "Keras 2.15.0"),
        ("{", "not JSON"),
        (3, "no Keras model but a int"),
        ({"class_name": "Mine", "config": {}}, "class of your own"),
        ({"class_name": "Sequential", "config": {"layers": [3]}}, "no layer"),
        ({"class_name": "Sequential", "config": {"layers": []}}, "has no layers"),
    ):
        with pytest.raises(KerasModelError, match=phrase):
            from_keras(given)


def test_what_cannot_be_built_is_said_of_kerass_layer() -> None:
    model = hidden(layers.Conv2D(4, 3, name="first"), layers.GroupNormalization(4, name="each"), image=True)
    written = json.loads(model.to_json())
    written["config"]["layers"][2]["config"]["groups"] = 3
    assert "4 channels cannot be divided" in refused(written)["each"]
