"""Changed pictures: each way against NumPy and SciPy in float64, and draws that depend on nothing but the seed."""

from collections.abc import Callable
from math import cos, radians, sin
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf
from keras import layers, optimizers
from pydantic import TypeAdapter
from scipy import ndimage, stats

from normlab.spec import JobSpec
from normlab.spec.augmentation import AUGMENTATIONS, Augmentation
from normlab.training import TrainResult
from normlab.training.augmentation.draws import Draws
from normlab.training.augmentation.mixing import beta
from normlab.training.augmentation.pipeline import FUNCTIONS, Pipeline
from normlab.training.datasets import load
from support.keras_fit import assert_same, fit
from support.trainings import fingerprint

Array = npt.NDArray[Any]

PICTURES = np.random.default_rng(3).random((6, 7, 9, 2))
SEED = 11


def asked(**given: Any) -> Any:
    return TypeAdapter(Augmentation).validate_python(given)


def changed(pictures: Array = PICTURES, **given: Any) -> tuple[Array, Draws]:
    """Pictures changed in one way, and the numbers that were drawn for it."""
    draws = draws_for(len(pictures))
    result = FUNCTIONS[given["name"]](asked(**given), tf.constant(pictures), draws)
    return result.numpy(), draws


def draws_for(count: int) -> Draws:
    key, epoch = tf.constant(SEED, tf.uint32), tf.constant(2, tf.uint32)
    return Draws(key, epoch, tf.cast(tf.range(count), tf.uint32), "float64")


def test_flip() -> None:
    result, draws = changed(name="flip", mode="horizontal_and_vertical")
    to_the_side, over = draws.uniform(0).numpy() < 0.5, draws.uniform(1).numpy() < 0.5
    assert 0 < to_the_side.sum() < 6
    for before, after, side, top in zip(PICTURES, result, to_the_side, over, strict=True):
        np.testing.assert_array_equal(after, before[:: -1 if top else 1, :: -1 if side else 1])


def test_shift() -> None:
    result, draws = changed(name="shift", height_factor=0.4, width_factor=0.2)
    down, right = draws.uniform(0, -2.8, 2.8).numpy(), draws.uniform(1, -1.8, 1.8).numpy()
    for number, before in enumerate(PICTURES):
        moved = ndimage.shift(before, (down[number], right[number], 0), order=1, mode="grid-constant")
        np.testing.assert_allclose(result[number], moved, atol=1e-12)


def test_rotation() -> None:
    result, draws = changed(name="rotation", degrees=40)
    for before, after, angle in zip(PICTURES, result, draws.uniform(0, -40, 40).numpy(), strict=True):
        c, s = cos(radians(angle)), sin(radians(angle))
        turn = np.array([[c, s], [-s, c]])  # a place in the result to one in the picture
        middle = np.array([3.0, 4.0])
        for channel in range(2):
            turned = ndimage.affine_transform(
                before[..., channel], turn, middle - turn @ middle, order=1, mode="grid-constant"
            )
            np.testing.assert_allclose(after[..., channel], turned, atol=1e-12)


@pytest.mark.parametrize("mode", ["constant", "reflect"])
def test_crop(mode: Any) -> None:
    result, draws = changed(name="crop", padding=3, fill_mode=mode)
    tops, lefts = draws.whole(0, 7).numpy(), draws.whole(1, 7).numpy()
    padded = np.pad(PICTURES, ((0, 0), (3, 3), (3, 3), (0, 0)), mode=mode)
    for number, (top, left) in enumerate(zip(tops, lefts, strict=True)):
        np.testing.assert_array_equal(result[number], padded[number, top : top + 7, left : left + 9])


@pytest.mark.parametrize("size", [1, 4, 5, 30])
def test_cutout(size: int) -> None:
    result, draws = changed(name="cutout", size=size)
    for number, (row, column) in enumerate(
        zip(draws.whole(0, 7).numpy(), draws.whole(1, 9).numpy(), strict=True)
    ):
        expected = PICTURES[number].copy()
        top, left = row - size // 2, column - size // 2
        expected[max(top, 0) : max(top + size, 0), max(left, 0) : max(left + size, 0)] = 0
        np.testing.assert_array_equal(result[number], expected)


def test_brightness_and_contrast() -> None:
    result, draws = changed(name="brightness", factor=0.5)
    more = draws.uniform(0, -0.5, 0.5).numpy()[:, None, None, None]
    np.testing.assert_allclose(result, np.clip(PICTURES + more, 0, 1), atol=1e-15)
    result, draws = changed(name="contrast", factor=0.8)
    times = draws.uniform(0, 0.2, 1.8).numpy()[:, None, None, None]
    mean = PICTURES.mean((1, 2), keepdims=True)
    np.testing.assert_allclose(result, np.clip((PICTURES - mean) * times + mean, 0, 1), atol=1e-14)


def test_mixup() -> None:
    pipeline = Pipeline([asked(name="mixup", alpha=0.4)], 3, "float64")
    pipeline.reset(5)
    pipeline.begin(1, 0)
    labels = tf.constant([0, 1, 2, 0, 1, 1])
    pictures, shares = (part.numpy() for part in pipeline(tf.constant(PICTURES), labels, tf.constant(0)))
    before, own = np.roll(np.arange(6), 1), np.eye(3)[labels.numpy()]
    for number in range(6):
        other = before[number]
        share = (shares[number] - own[other]) @ (own[number] - own[other])
        share = share / 2 if labels[number] != labels[other] else 1
        assert share >= 0.5
        np.testing.assert_allclose(shares[number], share * own[number] + (1 - share) * own[other])
        if labels[number] != labels[other]:
            mixed = share * PICTURES[number] + (1 - share) * PICTURES[other]
            np.testing.assert_allclose(pictures[number], mixed, atol=1e-12)
    assert shares.max(1).min() < 1


@pytest.mark.parametrize("alpha", [0.2, 1.0, 8.0])
def test_shares_are_drawn_from_a_beta_distribution(alpha: float) -> None:
    uniform = draws_for(20_000).uniform(0)
    assert stats.kstest(uniform.numpy(), "uniform").pvalue > 0.01
    assert stats.kstest(beta(alpha, uniform).numpy(), stats.beta(alpha, alpha).cdf).pvalue > 0.01


ALL = [{"name": name} for name in AUGMENTATIONS]


def through(augmentation: list[dict[str, Any]], seed: int, epoch: int, batch: int) -> Array:
    pipeline = Pipeline([asked(**each) for each in augmentation], 10, "float32")
    pipeline.reset(seed)
    pipeline.begin(epoch, 0)
    parts = [
        pipeline(
            tf.constant(PICTURES[at : at + batch], tf.float32), tf.zeros(batch, tf.int32), tf.constant(n)
        )[0]
        for n, at in enumerate(range(0, 6, batch))
    ]
    return np.concatenate(parts)


def test_draws_depend_on_seed_epoch_and_place_alone() -> None:
    alone = [each for each in ALL if each["name"] != "mixup"]  # which takes its partner from the batch
    once = through(alone, 1, 1, 6)
    np.testing.assert_array_equal(through(alone, 1, 1, 6), once)
    np.testing.assert_allclose(through(alone, 1, 1, 2), once, atol=1e-6)
    for other in (through(alone, 2, 1, 6), through(alone, 1, 2, 6)):
        assert np.abs(other - once).max() > 0.1
    # Another one beside it draws from a stream of its own.
    flip, cutout = {"name": "flip"}, {"name": "cutout", "size": 3}
    alike = through([flip], 1, 1, 6) == through([flip, cutout], 1, 1, 6)
    assert alike.mean() > 0.5
    twice = through([cutout, cutout], 1, 1, 6)
    assert (twice == 0).sum() > (through([cutout], 1, 1, 6) == 0).sum()


def test_ways_that_only_move_or_mix_keep_pixels_in_their_range() -> None:
    everything = through(ALL, 3, 1, 3)
    assert everything.shape == PICTURES.shape
    assert (everything.min(), everything.max()) >= (0, 0)
    assert everything.max() <= 1


def test_no_kind_is_missing() -> None:
    assert {*FUNCTIONS, "mixup"} == set(AUGMENTATIONS)


LAYERS = [{"type": "flatten"}, {"type": "dense", "units": 16, "activation": "tanh"}]


@pytest.mark.usefixtures("float64")
def test_a_training_is_that_of_fit_on_the_changed_pictures(
    small_spec: Callable[..., JobSpec], run: Callable[..., TrainResult], data_dir: Path
) -> None:
    augmentation = ["flip", {"name": "crop", "padding": 2}, {"name": "rotation"}, "brightness"]
    spec = small_spec(LAYERS, {"shuffle": False, "epochs": 1, "seed": 4, "augmentation": augmentation})
    pipeline = Pipeline(spec.training.augmentation, 10, "float64")
    pipeline.reset(4)
    pipeline.begin(1, 0)
    pixels = load("digits", data_dir / "datasets").x_train[60:210] / 16
    # All in one step: what a picture becomes does not depend on the batch that it is in.
    one_step = pipeline(tf.constant(pixels), tf.zeros(150, tf.int32), tf.constant(0))[0].numpy()
    hidden = [layers.Flatten(), layers.Dense(16, activation="tanh")]
    fitted = fit(spec, data_dir, hidden, optimizers.SGD(0.001), changed=one_step)
    assert_same(run(spec), fitted)


def test_arms_that_differ_elsewhere_are_trained_on_the_same_changed_pictures(
    small_spec: Callable[..., JobSpec], run: Callable[..., TrainResult]
) -> None:
    def first_loss(**training: Any) -> float:
        given = {"epochs": 1, "batch_size": 150, "augmentation": ["rotation", "cutout"]} | training
        return run(small_spec([{"type": "flatten"}, {"type": "dense", "units": 5}], given)).history[0].loss

    # The loss of the first step is that of the initial weights, whatever the optimizer does afterwards.
    assert first_loss() == first_loss(optimizer="adam") != first_loss(augmentation=["rotation"])


def test_validation_and_test_pictures_stay_as_they_are(
    small_spec: Callable[..., JobSpec], run: Callable[..., TrainResult]
) -> None:
    def still(augmentation: list[str]) -> dict[str, Any]:
        training = {
            "epochs": 1,
            "optimizer": {"name": "sgd", "learning_rate": 1e-30},
            "augmentation": augmentation,
        }
        found = fingerprint(run(small_spec(LAYERS, training)))
        return {"val_loss": found["history"][0]["val_loss"], "test_loss": found["test_loss"]}

    assert still(["cutout", "mixup"]) == still([])
