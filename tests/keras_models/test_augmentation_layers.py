"""Keras's layers that change pictures: read where a picture changed by the same draw is the same, refused elsewhere."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from pydantic import TypeAdapter

from normlab.errors import KerasModelError
from normlab.keras_models import convert
from normlab.spec.augmentation import Augmentation
from normlab.training.augmentation.draws import Draws
from normlab.training.augmentation.pipeline import FUNCTIONS

PICTURES = np.random.default_rng(5).random((7, 6, 9, 2))


def network(*beginning: layers.Layer) -> keras.Model:
    return keras.Sequential(
        [keras.Input((8, 8, 1)), *beginning, layers.Flatten(), layers.Dense(10, activation="softmax")]
    )


def read(*beginning: layers.Layer) -> list[dict[str, Any]]:
    converted = convert(network(*beginning), {"dataset": "digits"})
    assert [layer["type"] for layer in converted.body["architecture"]["layers"]] == ["flatten"]
    return list(converted.body["training"]["augmentation"])


def refused(*beginning: layers.Layer, **fields: Any) -> str:
    with pytest.raises(KerasModelError) as caught:
        convert(network(*beginning), {"dataset": "digits", **fields})
    (problem,) = caught.value.refused
    return problem.reason


def draws() -> Draws:
    places = tf.cast(tf.range(len(PICTURES)), tf.uint32)
    return Draws(tf.constant(3, tf.uint32), tf.constant(1, tf.uint32), places, "float64")


Case = tuple[Callable[..., layers.Layer], Callable[[layers.Layer, Draws], dict[str, Any]]]


def turned(layer: layers.Layer, draws: Draws) -> dict[str, Any]:
    angle, zeros = tf.cast(draws.uniform(0, -36.0, 36.0), "float32"), tf.zeros(len(PICTURES))
    sizes = {"height": PICTURES.shape[1], "width": PICTURES.shape[2]}
    nowhere = dict.fromkeys(("translate_x", "translate_y", "shear_x", "shear_y"), zeros)
    matrix = layer._compute_affine_matrix(0.5, 0.5, angle, scale=zeros + 1, **nowhere, **sizes)
    return {"rotation_matrix": matrix}


def moved(_: layers.Layer, draws: Draws) -> dict[str, Any]:
    right, down = draws.uniform(1, -0.3 * 9, 0.3 * 9), draws.uniform(0, -0.2 * 6, 0.2 * 6)
    return {"translations": tf.cast(tf.stack([right, down], 1), "float32")}


CASES: dict[str, Case] = {
    "flip": (
        lambda **options: layers.RandomFlip("horizontal", **options),
        lambda _, draws: {"flips": draws.uniform(0)[:, None, None, None] < 0.5},
    ),
    "shift": (
        lambda **options: layers.RandomTranslation(0.2, (-0.3, 0.3), fill_mode="constant", **options),
        moved,
    ),
    "rotation": (lambda **options: layers.RandomRotation(0.1, fill_mode="constant", **options), turned),
    "brightness": (
        lambda **options: layers.RandomBrightness(0.4, value_range=(0, 1), **options),
        lambda _, draws: {"rgb_delta": draws.uniform(0, -0.4, 0.4)[:, None, None, None]},
    ),
    "contrast": (
        lambda **options: layers.RandomContrast((0.6, 0.6), value_range=(0, 1), **options),
        lambda _, draws: {"contrast_factor": draws.uniform(0, 0.4, 1.6)[:, None, None, None]},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_picture_changed_by_the_same_draw_is_the_same(name: str) -> None:
    build, drawn = CASES[name]
    (written,) = read(build())
    assert written["name"] == name
    asked: Any = TypeAdapter(Augmentation).validate_python(written)
    ours = FUNCTIONS[name](asked, tf.constant(PICTURES), draws())
    layer = build(dtype="float64")
    theirs = layer.transform_images(tf.constant(PICTURES), drawn(layer, draws()), training=True)
    # Keras keeps the matrices of places in single precision.
    tolerance = 1e-5 if name in ("shift", "rotation") else 1e-12
    np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=0, atol=tolerance)
    assert np.abs(ours.numpy() - PICTURES).max() > 0.1


def test_pixels_are_cut_off_where_the_network_has_them() -> None:
    raw, scaled = (
        layers.RandomBrightness(0.2, value_range=(0, 16)),
        layers.RandomBrightness(0.2, value_range=(0, 1)),
    )
    scaling = layers.Rescaling(1 / 16)
    assert read(raw, scaling) == read(scaling, scaled) == [{"name": "brightness", "factor": 0.2}]
    assert "value_range=(0, 1)" in refused(scaling, raw)
    assert "value_range=(0, 16)" in refused(scaled, scaling)
    assert "value_range=(0, 1)" in refused(layers.RandomContrast((0.2, 0.2)))


def test_several_stand_in_their_order_and_those_that_change_nothing_are_left_out() -> None:
    found = read(
        layers.RandomFlip("vertical"),
        layers.Rescaling(1 / 16),
        layers.RandomRotation(0.0, fill_mode="constant"),
        layers.RandomFlip("horizontal", seed=3),
    )
    assert found == [{"name": "flip", "mode": "vertical"}, {"name": "flip", "mode": "horizontal"}]


@pytest.mark.parametrize(
    ("layer", "phrase"),
    [
        (layers.RandomFlip, "turned by 180 degrees"),
        (lambda: layers.RandomTranslation(0.1, 0.1), 'fill_mode = "reflect"'),
        (lambda: layers.RandomRotation(0.1, fill_mode="constant", interpolation="nearest"), "interpolation"),
        (lambda: layers.RandomRotation((0.0, 0.1), fill_mode="constant"), "as far one way"),
        (lambda: layers.RandomContrast(0.3, value_range=(0, 1)), "RandomContrast((0.3, 0.3))"),
        (lambda: layers.RandomZoom(0.2), "in a way that Normlab has not"),
        (layers.RandomErasing, '["cutout"]'),
    ],
)
def test_another_arithmetic_is_refused(layer: Callable[[], layers.Layer], phrase: str) -> None:
    assert phrase in refused(layer())
    # Given beside the model, the model is not asked.
    given = convert(network(layer()), {"dataset": "digits", "training": {"augmentation": ["flip"]}})
    assert [str(each.name) for each in given.spec.training.augmentation] == ["flip"]


def test_it_changes_whole_pictures_at_the_beginning() -> None:
    assert "at the network's beginning" in refused(layers.Conv2D(1, 1), layers.RandomFlip("horizontal"))
    assert "4 x 16 x 1" in refused(layers.Reshape((4, 16, 1)), layers.RandomFlip("horizontal"))
    assert "smaller pictures" in refused(layers.RandomCrop(4, 4), training={"augmentation": ["flip"]})
    written = keras.Sequential(
        [keras.Input((8, 8)), layers.Flatten(), layers.Dense(10, activation="softmax")]
    )
    document = written.get_config()
    flip = {"module": "keras.layers", "class_name": "RandomFlip", "config": {"name": "x", "mode": "vertical"}}
    document["layers"].insert(1, flip)
    with pytest.raises(KerasModelError, match="without channels"):
        convert({"class_name": "Sequential", "config": document}, {"dataset": "digits"})


def test_keras_flips_in_both_directions_or_in_none() -> None:
    """Why the default of ``RandomFlip`` is refused; if this changes, it can be read."""
    keras.utils.set_random_seed(1)
    picture = np.arange(4, dtype="float32").reshape(1, 2, 2, 1)
    flipped = np.asarray(layers.RandomFlip()(np.repeat(picture, 64, 0), training=True))
    assert {tuple(each.ravel()) for each in flipped} == {(0, 1, 2, 3), (3, 2, 1, 0)}


def test_keras_never_lowers_the_contrast_for_a_single_factor() -> None:
    """Why a single factor is refused; if this changes, it can be read."""
    assert layers.RandomContrast(0.3).get_config()["factor"] == (0, 0.3)
