"""The figures in the description of ``digits``: its test set is harder than a random part of it."""

import numpy as np
import numpy.typing as npt
from sklearn.datasets import load_digits

from normlab.spec import DATASETS

TRAINED = 1_437


def right(order: npt.NDArray[np.int64]) -> float:
    """In percent, how many of the last samples of an order have the class of their nearest neighbour before them."""
    digits = load_digits()
    pixels, labels = digits.data[order], digits.target[order]
    squares = np.square(pixels).sum(axis=1)
    known, new = slice(None, TRAINED), slice(TRAINED, None)
    distances = squares[new, None] + squares[None, known] - 2 * pixels[new] @ pixels[known].T
    return float(100 * (labels[known][distances.argmin(axis=1)] == labels[new]).mean())


def test_the_last_samples_are_harder_than_random_ones_as_the_description_says() -> None:
    info = DATASETS["digits"]
    assert info.training_samples == TRAINED
    drawn = [right(np.random.default_rng(seed).permutation(TRAINED + info.test_samples)) for seed in range(5)]
    last = right(np.arange(TRAINED + info.test_samples))
    assert (
        f"right for {last:.1f} % of them and for {min(drawn):.1f} to {max(drawn):.1f} %" in info.description
    )
    assert last < min(drawn) - 2
    assert "by other writers" in info.description
