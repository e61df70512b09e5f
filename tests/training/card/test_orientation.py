"""Digits that lie on their side are told from upright ones, and from what is only called 0 to 9."""

import numpy as np
import pytest
from scipy import ndimage
from sklearn.datasets import load_digits

CODE = "pictures_lie_on_their_side"


@pytest.fixture
def written(make):
    """Half of the digits, in the middle of 28 by 28 as MNIST's are."""
    digits = load_digits()
    enlarged = ndimage.zoom(digits.images[-900:], (1, 2.5, 2.5), order=1) * (255 / 16)
    pixels = np.pad(np.rint(np.clip(enlarged, 0, 255)).astype(np.uint8), ((0, 0), (4, 4), (4, 4)))
    labels = digits.target[-900:].astype(np.uint8)
    made = make().with_arrays(
        x_train=pixels[:600], y_train=labels[:600], x_test=pixels[600:], y_test=labels[600:]
    )
    made.classes = tuple("0123456789")
    return made


def turned(made, change):
    return made.with_arrays(x_train=change(made.x_train), x_test=change(made.x_test))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda x: x.transpose(0, 2, 1), "transposed"),
        (lambda x: np.rot90(x, -1, axes=(1, 2)), "turned clockwise"),
        (lambda x: np.rot90(x, 1, axes=(1, 2)), "turned counterclockwise"),
        (lambda x: 255 - x.transpose(0, 2, 1), "transposed"),
    ],
)
def test_lying_digits_are_told_with_how_they_lie(written, change, said):
    assert f"The pictures are {said}" in turned(written, change).findings()[CODE].detail


@pytest.mark.parametrize("change", [lambda x: x, lambda x: x[:, ::-1], lambda x: x[:, :, ::-1]])
def test_upright_and_mirrored_digits_are_left_alone(written, change):
    assert CODE not in turned(written, change).findings()


def test_other_pictures_that_are_called_by_digits_are_left_alone(written):
    lying = turned(written, lambda x: x.transpose(0, 2, 1))
    lying.y_train, lying.y_test = (lying.y_train + 3) % 10, (lying.y_test + 3) % 10
    assert CODE not in lying.findings()


def test_nothing_is_said_where_classes_have_other_names(written):
    lying = turned(written, lambda x: x.transpose(0, 2, 1))
    lying.classes = tuple("abcdefghij")
    assert CODE not in lying.findings()
