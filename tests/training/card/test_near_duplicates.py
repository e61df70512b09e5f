"""Copies that were changed are found among pictures that are as alike as digits are; nothing else is."""

import io

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage
from sklearn.datasets import load_digits

from normlab.training.datasets.card.near_duplicates import correlation
from normlab.training.datasets.card.perceptual_hash import codes
from normlab.training.datasets.card.similar_codes import nearest

COPIES = 40


@pytest.fixture
def digits(make):
    """Scikit-learn's digits, enlarged to 32 by 32: 600 for training, the next 200 for testing."""
    enlarged = ndimage.zoom(load_digits().images[:800], (1, 4, 4), order=1) * (255 / 16)
    labels = load_digits().target[:800].astype(np.uint8)
    pixels = np.rint(np.clip(enlarged, 0, 255)).astype(np.uint8)
    made = make().with_arrays(
        x_train=pixels[:600], y_train=labels[:600], x_test=pixels[600:], y_test=labels[600:]
    )
    made.classes = tuple("0123456789")
    return made


def noised(pictures):
    changed = pictures + np.random.default_rng(0).normal(0, 4, pictures.shape)
    return np.rint(np.clip(changed, 0, 255)).astype(np.uint8)


def compressed(pictures):
    files = [io.BytesIO() for _ in pictures]
    for picture, file in zip(pictures, files, strict=True):
        Image.fromarray(picture).save(file, format="JPEG", quality=90)
    return np.array([np.asarray(Image.open(file)) for file in files])


CHANGES = {
    "noised": noised,
    "compressed": compressed,
    "darker": lambda pictures: (pictures * 0.8).astype(np.uint8),
    "moved": lambda pictures: np.roll(np.pad(pictures, ((0, 0), (2, 2), (2, 2))), 1, axis=2)[:, 2:-2, 2:-2],
}


@pytest.mark.parametrize("change", CHANGES)
def test_changed_copies_in_the_test_part_are_found(digits, change):
    before = digits.findings()
    assert "test_nearly_in_training" not in before
    digits.x_test[:COPIES] = CHANGES[change](digits.x_train[300 : 300 + COPIES])
    digits.y_test[:COPIES] = digits.y_train[300 : 300 + COPIES]
    found = digits.findings()["test_nearly_in_training"]
    assert found.severity == "warning"
    assert 0.8 * COPIES <= found.count <= COPIES
    assert set(digits.findings()) - set(before) == {"test_nearly_in_training"}


def test_exact_copies_are_left_to_those_who_find_them_exactly(digits):
    digits.x_test[:COPIES] = digits.x_train[300 : 300 + COPIES]
    found = digits.findings()
    assert found["test_in_training"].count == COPIES
    assert "test_nearly_in_training" not in found


def test_the_hash_of_a_moved_picture_is_the_same_where_nothing_is_cut():
    picture = np.zeros((1, 20, 20), np.float32)
    picture[0, 6:11, 5:12] = np.random.default_rng(1).random((5, 7))
    moved = np.roll(picture, (3, -2), axis=(1, 2))
    assert np.bitwise_count(codes(picture) ^ codes(moved))[0] <= 2
    assert np.bitwise_count(codes(picture) ^ codes(picture * np.float32(0.5)))[0] == 0


def test_the_nearest_codes_are_those_of_comparing_all_pairs():
    rng = np.random.default_rng(2)
    others = rng.integers(0, 2**64, 5_000, np.uint64)
    flips = np.array([np.bitwise_or.reduce(np.uint64(1) << rng.choice(64, 3, replace=False).astype(np.uint64))
                      for _ in range(300)])  # fmt: skip
    queries = others[:300] ^ flips
    places, bits = nearest(queries, others, most_bits=8, keep=2)
    assert (places[:, 0] == np.arange(300)).mean() > 0.99
    assert set(bits[places[:, 0] >= 0, 0].tolist()) == {3}
    assert (places[:, 1] == -1).all(), "random codes differ in more than eight bits"


def test_fewer_codes_than_a_window_are_all_looked_at():
    places, bits = nearest(np.array([1], np.uint64), np.array([0, 3], np.uint64), most_bits=8, keep=4)
    assert (sorted(places[0].tolist()), bits[0].tolist()) == ([-1, -1, 0, 1], [1, 1, -1, -1])


def test_the_correlation_with_a_blank_picture_is_nought():
    blank, other = np.full((1, 4, 4), 9, np.float32), np.arange(16, dtype=np.float32).reshape(1, 4, 4)
    assert correlation(blank, other)[0] == 0
    assert correlation(other, 2 * other + 1)[0] == pytest.approx(1)
