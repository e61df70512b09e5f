"""A model of Keras and what Normlab makes of it, in double precision, with the same weights."""

import json
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from normlab.keras_models import Conversion
from normlab.spec import plan_job
from normlab.training.layers.network import build_network, built_layers

SAMPLES = 6


def in_float64(model: keras.Model) -> keras.Model:
    """The same layers, computing in float64."""
    written = json.loads(model.to_json())
    written.pop("compile_config", None)
    return keras.models.model_from_json(json.dumps(_with_dtype(written)))


def _with_dtype(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_dtype(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {key: "float64" if key == "dtype" else _with_dtype(item) for key, item in value.items()}


def steps_of_both(
    model: keras.Model, converted: Conversion, *, logits: bool
) -> tuple[tuple[float, list[Any]], tuple[float, list[Any]]]:
    """Loss and gradients of one step of both, from the same weights."""
    spec = converted.spec
    theirs, planned = in_float64(model), plan_job(spec)
    ours = build_network(planned, "float64")
    drawn = np.random.default_rng(3)
    raw = drawn.integers(0, spec.dataset.info.pixel_max + 1, (SAMPLES, *spec.dataset.info.shape)).astype(
        "float64"
    )
    labels = drawn.integers(0, spec.dataset.info.class_count, SAMPLES)
    scaled = raw / spec.dataset.info.pixel_max
    built, named = built_layers(ours), _layers_by_name(theirs)
    their_weights, our_weights = [], []
    for item in planned:
        if item.variables:
            their_weights += _by_name(named[converted.names[item.name]])
            our_weights += _by_name(built[item.name])
    assert sum(int(np.prod(weight.shape)) for weight in their_weights) == theirs.count_params()
    assert [weight.shape for weight in their_weights] == [weight.shape for weight in our_weights]
    for one, other in zip(their_weights, our_weights, strict=True):
        value = drawn.normal(0.1, 0.3, one.shape)
        value = abs(value) + 0.1 if "variance" in one.name or "stddev" in one.name else value
        one.assign(value)
        other.assign(value)
    enters = raw if any(isinstance(layer, keras.layers.Rescaling) for layer in theirs.layers) else scaled
    entering = enters.reshape((SAMPLES, *theirs.input_shape[1:]))
    steps = (
        _step(theirs, their_weights, entering, labels, logits=logits),
        _step(ours, our_weights, scaled, labels, logits=False),
    )
    for one, other in zip(their_weights, our_weights, strict=True):  # statistics have moved
        np.testing.assert_allclose(other.numpy(), one.numpy(), rtol=1e-9, atol=1e-12)
    return steps


def _by_name(layer: keras.layers.Layer) -> list[Any]:
    """Its variables, in an order that a layer around another has, too."""
    return sorted(layer.weights, key=lambda weight: str(weight.name))


def _layers_by_name(model: keras.Model) -> dict[str, keras.layers.Layer]:
    """With those of models in it."""
    found = {}
    for layer in model.layers:
        found |= _layers_by_name(layer) if isinstance(layer, keras.Model) else {layer.name: layer}
    return found


def _step(
    model: keras.Model, weights: list[Any], pixels: Any, labels: Any, *, logits: bool
) -> tuple[float, list[Any]]:
    """Loss and gradients; without dropout, whose masks are drawn."""
    draws = any("Dropout" in type(layer).__name__ for layer in model.layers)
    trained = [weight.value for weight in weights if weight.trainable]
    with tf.GradientTape() as tape:
        each = keras.losses.sparse_categorical_crossentropy(
            labels, model(tf.constant(pixels), training=not draws), from_logits=logits
        )
        loss = tf.reduce_mean(each) + tf.add_n([tf.zeros((), tf.float64), *model.losses])
    return float(loss), [gradient.numpy() for gradient in tape.gradient(loss, trained)]
