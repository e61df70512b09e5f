"""How well a network tells each class from the others.

Precision, recall and F1 as usual (C. J. van Rijsbergen, Information Retrieval, 2nd edition, 1979, chapter 7); a value
whose denominator is 0 is not known, and None. What weighs all classes alike is of ``normlab.spec.class_counts``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from normlab.spec.class_counts import ClassCounts

MAX_CONFUSION_CLASSES = 1_000
"""A table of more would have more than a million cells."""


@dataclass(frozen=True)
class ClassFigures:
    """One class."""

    label: int
    class_name: str
    precision: float | None
    """Of the samples that were given this class, the part that has it."""
    recall: float | None
    """Of the samples that have this class, the part that was given it."""
    f1: float | None
    """2 TP / (2 TP + FP + FN), the harmonic mean of the two."""
    support: int
    """How many samples have this class."""


@dataclass(frozen=True)
class Classification:
    """All classes together."""

    accuracy: float
    balanced_accuracy: float
    """Mean of the recalls that are known."""
    macro_f1: float
    """Mean of the F1 that are known."""
    classes: tuple[ClassFigures, ...]
    confusion: npt.NDArray[np.int64] | None
    """(classes, classes): how many samples of the row's class were given the column's. None beyond
    ``MAX_CONFUSION_CLASSES``."""


def classification(
    labels: npt.NDArray[Any], predicted: npt.NDArray[Any], class_names: Sequence[str]
) -> Classification:
    """Figures of predictions (n,) against the right labels (n,), both numbers of classes; n is at least 1."""
    count = len(class_names)
    counts = ClassCounts.of(labels, predicted, count)
    right, have, given = counts.right, counts.have, counts.given
    figures = tuple(
        ClassFigures(
            label=label,
            class_name=name,
            precision=_ratio(right[label], given[label]),
            recall=_ratio(right[label], have[label]),
            f1=_ratio(2 * right[label], have[label] + given[label]),
            support=int(have[label]),
        )
        for label, name in enumerate(class_names)
    )
    return Classification(
        accuracy=counts.accuracy,
        balanced_accuracy=counts.balanced_accuracy,
        macro_f1=counts.macro_f1,
        classes=figures,
        confusion=_confusion(labels, predicted, count) if count <= MAX_CONFUSION_CLASSES else None,
    )


def _confusion(labels: npt.NDArray[Any], predicted: npt.NDArray[Any], count: int) -> npt.NDArray[np.int64]:
    cells = labels.astype(np.int64) * count + predicted
    return np.bincount(cells, minlength=count * count).reshape(count, count)


def _ratio(part: np.int64, whole: np.int64) -> float | None:
    return float(part / whole) if whole else None
