"""Small datasets in good order, in which a test plants one fault."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from normlab.documents.datasets import DataFindingDocument
from normlab.training.datasets.card.making import Card, make_card
from normlab.training.datasets.readers.base import Notice

SIDE, CLASSES = 16, 4


@dataclass
class Made:
    """Arrays that a test changes, and what a content says of them."""

    x_train: npt.NDArray[Any]
    y_train: npt.NDArray[Any]
    x_test: npt.NDArray[Any]
    y_test: npt.NDArray[Any]
    default_validation_samples: int = 40
    classes: tuple[str, ...] = ("a", "b", "c", "d")
    pixel_max: int = 255
    notices: list[Notice] = field(default_factory=list)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of a sample."""
        return self.x_train.shape[1:]

    @property
    def class_count(self) -> int:
        """How many names there are."""
        return len(self.classes)

    @property
    def training_samples(self) -> int:
        """With those of validation."""
        return len(self.x_train)

    @property
    def test_samples(self) -> int:
        """The rest."""
        return len(self.x_test)

    def card(self) -> Card:
        """Their card."""
        return make_card(self, self, self.notices)

    def findings(self) -> dict[str, DataFindingDocument]:
        """What the card finds, by code."""
        return {finding.code: finding for finding in self.card().document.findings}

    def with_arrays(self, **arrays: npt.NDArray[Any]) -> "Made":
        """A copy with other arrays."""
        return replace(self, **arrays)  # type: ignore[arg-type]  # by their names


def pictures(count: int, seed: int, channels: int | None = None) -> npt.NDArray[np.uint8]:
    """Noise in the middle of a dim frame: no two are alike, none is constant anywhere."""
    rng = np.random.default_rng(seed)
    shape = (count, SIDE, SIDE) if channels is None else (count, SIDE, SIDE, channels)
    made = rng.integers(0, 80, shape, np.uint8)
    made[:, 2:-2, 2:-2] = rng.integers(0, 256, made[:, 2:-2, 2:-2].shape, np.uint8)
    return made


@pytest.fixture
def make() -> Callable[..., Made]:
    """Makes datasets of pictures with four classes in turn, 400 for training and 120 for testing."""

    def made(training: int = 400, test: int = 120, channels: int | None = None) -> Made:
        labels = np.arange(max(training, test)).astype(np.uint8) % CLASSES
        return Made(
            pictures(training, 1, channels),
            labels[:training],
            pictures(test, 2, channels),
            labels[:test].copy(),
        )

    return made


@pytest.fixture
def healthy(make: Callable[..., Made]) -> Made:
    """A dataset with which nothing is wrong."""
    return make()
