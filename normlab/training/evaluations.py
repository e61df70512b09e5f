"""What a network says about some samples, and how good that is: of classes, or of numbers."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from normlab.spec.class_counts import ClassCounts
from normlab.spec.regression import RegressionFigures


@dataclass(frozen=True)
class ClassEvaluation:
    """Mean losses over the samples, and for each sample what the network says and whether that is right."""

    loss: float
    """The spec's loss, with the L2 penalty."""
    cross_entropy: float
    """The plain cross-entropy."""
    correct: npt.NDArray[np.bool_]
    """(n,)"""
    probabilities: npt.NDArray[np.float32]
    """(n, classes)"""
    counts: ClassCounts
    """Of the right classes and the most probable ones."""

    @classmethod
    def of(
        cls,
        loss: float,
        cross_entropy: float,
        labels: npt.NDArray[Any],
        probabilities: npt.NDArray[np.float32],
    ) -> Self:
        """Of the right classes (n,) and what the network says of each (n, classes)."""
        predicted = probabilities.argmax(axis=1)
        counts = ClassCounts.of(labels, predicted, probabilities.shape[1])
        return cls(loss, cross_entropy, predicted == labels, probabilities, counts)

    @property
    def accuracy(self) -> float:
        """The fraction that was right."""
        return float(self.correct.mean())

    def named(self, prefix: str) -> dict[str, float | None]:
        """The figures by the names that they have elsewhere: ``named("val_")`` has ``val_accuracy`` and so on."""
        return {
            f"{prefix}loss": self.loss,
            f"{prefix}accuracy": self.accuracy,
            f"{prefix}cross_entropy": self.cross_entropy,
            f"{prefix}balanced_accuracy": self.counts.balanced_accuracy,
            f"{prefix}macro_f1": self.counts.macro_f1,
        }


@dataclass(frozen=True)
class NumberEvaluation:
    """The mean loss over the samples, and for each sample its target and what the network says, in their unit."""

    loss: float
    """The spec's loss, of standardized targets, with the L2 penalty."""
    targets: npt.NDArray[np.float64]
    """(n,)"""
    predictions: npt.NDArray[np.float64]
    """(n,)"""
    figures: RegressionFigures

    @classmethod
    def of(cls, loss: float, targets: npt.NDArray[np.float64], predictions: npt.NDArray[np.float64]) -> Self:
        """Of the right numbers and what the network says, both (n,)."""
        return cls(loss, targets, predictions, RegressionFigures.of(targets, predictions))

    def named(self, prefix: str) -> dict[str, float | None]:
        """The figures by the names that they have elsewhere: ``named("val_")`` has ``val_mse`` and so on."""
        return {f"{prefix}loss": self.loss, **self.figures.named(prefix)}


Evaluation = ClassEvaluation | NumberEvaluation
