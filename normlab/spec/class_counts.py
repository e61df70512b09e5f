"""How often each class was right, and what weighs all classes alike: balanced accuracy and macro F1.

Plain accuracy weighs a class by its samples, so where one class has nearly all of them, it says little of the others.
Balanced accuracy is the mean of the classes' recalls (Brodersen et al., "The balanced accuracy and its posterior
distribution", ICPR 2010); macro F1 the mean of their F1 (C. J. van Rijsbergen, Information Retrieval, 2nd edition,
1979, chapter 7). A class that has no such figure is left out of the mean, as scikit-learn's ``balanced_accuracy_score``
and ``f1_score(average="macro", zero_division=0)`` do.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class ClassCounts:
    """Of each class, how many samples: each (classes,). No matrix of all pairs, so many classes cost little."""

    right: npt.NDArray[np.int64]
    """Have the class and were given it."""
    have: npt.NDArray[np.int64]
    given: npt.NDArray[np.int64]

    @classmethod
    def of(cls, labels: npt.NDArray[Any], predicted: npt.NDArray[Any], classes: int) -> Self:
        """Count the right labels and the predicted ones, both (n,) and below ``classes``; n is at least 1."""
        return cls(
            *(
                np.bincount(numbers, minlength=classes)
                for numbers in (labels[labels == predicted], labels, predicted)
            )
        )

    @property
    def accuracy(self) -> float:
        """The part of all samples that is right."""
        return float(self.right.sum() / self.have.sum())

    @property
    def balanced_accuracy(self) -> float:
        """Mean recall of the classes that have samples."""
        known = self.have > 0
        return float((self.right[known] / self.have[known]).mean())

    @property
    def macro_f1(self) -> float:
        """Mean of 2 TP / (2 TP + FP + FN) over the classes that a sample has or was given."""
        both = self.have + self.given
        known = both > 0
        return float((2 * self.right[known] / both[known]).mean())


def imbalance(labels: npt.NDArray[Any]) -> float:
    """How far from equally frequent the classes of labels (n,) are: 0 where they are, towards 1 where one has all.

    Half the sum of the absolute differences between the shares of the classes that occur and equal ones (the total
    variation distance). Accuracy and balanced accuracy of the same answers are at most so far apart, since both are
    weighted means of the recalls.
    """
    counts = np.bincount(labels)
    shares = counts[counts > 0] / len(labels)
    return float(np.abs(shares - 1 / len(shares)).sum() / 2)
