"""A model's probabilities -> what they say about each image."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt


class ClassScore(NamedTuple):
    """One class and how probable the model finds it."""

    label: int
    class_name: str
    probability: np.float32


class Prediction(NamedTuple):
    """What a model says about one image.

    ``probabilities`` is float32 (classes,), in the order of the dataset's classes; ``top_k`` are the most
    probable classes, the best first. Between equals the lower label wins.
    """

    label: int
    class_name: str
    probability: np.float32
    probabilities: npt.NDArray[np.float32]
    top_k: tuple[ClassScore, ...]


def predict(
    model: Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float32]],
    batch: npt.NDArray[np.float32],
    classes: Sequence[str],
    *,
    top_k: int = 0,
) -> list[Prediction]:
    """Classify a batch of raw pixels (n, *shape), one :class:`Prediction` each."""
    return read_off(model(batch), classes, top_k=top_k)


def read_off(rows: npt.NDArray[np.float32], classes: Sequence[str], *, top_k: int = 0) -> list[Prediction]:
    """What probabilities (n, classes) say, one :class:`Prediction` for each row."""
    labels = rows.argmax(axis=1).tolist()
    return [
        Prediction(label, classes[label], row[label], row, _best(row, classes, top_k) if top_k else ())
        for row, label in zip(rows, labels, strict=True)
    ]


def _best(row: npt.NDArray[np.float32], classes: Sequence[str], count: int) -> tuple[ClassScore, ...]:
    labels = np.argsort(-row, kind="stable")[:count].tolist()
    return tuple(ClassScore(label, classes[label], row[label]) for label in labels)
