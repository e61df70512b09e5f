"""What arms can be compared by."""

import math
from enum import StrEnum
from typing import Protocol

from normlab.spec.columns import Task
from normlab.spec.epochs import FIGURES, EpochMetrics


class MeasuredRun(Protocol):
    """A run whose metrics can be read."""

    @property
    def kept(self) -> EpochMetrics | None:
        """The epoch whose weights were kept; None while there is no epoch."""

    @property
    def test_accuracy(self) -> float | None:
        """Of the network that is kept."""

    @property
    def test_balanced_accuracy(self) -> float | None:
        """Of the network that is kept."""

    @property
    def test_macro_f1(self) -> float | None:
        """Of the network that is kept."""

    @property
    def test_loss(self) -> float | None:
        """Of the network that is kept."""

    @property
    def test_cross_entropy(self) -> float | None:
        """The plain cross-entropy of the test set; None where it is not known."""

    @property
    def test_mse(self) -> float | None:
        """Of the network that is kept; as the three below, None where classes are predicted."""

    @property
    def test_rmse(self) -> float | None:
        """Of the network that is kept."""

    @property
    def test_mae(self) -> float | None:
        """Of the network that is kept."""

    @property
    def test_r2(self) -> float | None:
        """Of the network that is kept."""


class Part(StrEnum):
    """The samples that a metric is of."""

    VALIDATION = "validation"
    TEST = "test"
    TRAINING = "training"


_PREFIXES = {"val_": Part.VALIDATION, "test_": Part.TEST}
_KINDS = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "macro_f1": "macro F1",
    "loss": "loss",
    "mse": "mean squared error",
    "rmse": "root mean squared error",
    "mae": "mean absolute error",
    "r2": "R²",
}
_FRACTIONS = ("accuracy", "balanced_accuracy", "macro_f1")
_DOWNWARDS = ("loss", "mse", "rmse", "mae")


class Metric(StrEnum):
    """A number that a run has at its end.

    Losses are compared as plain cross-entropies (log losses), where these are known: without what is the arm's own, its
    L2 penalty, label smoothing, focal factor and class weights. Balanced accuracy and macro F1 weigh all classes alike;
    they are not known of training samples, nor of runs that were stored before they were kept. Errors and R² are of
    runs that predict numbers, whose losses are of standardized targets and not compared.
    """

    VAL_ACCURACY = "val_accuracy"
    TEST_ACCURACY = "test_accuracy"
    ACCURACY = "accuracy"
    VAL_BALANCED_ACCURACY = "val_balanced_accuracy"
    TEST_BALANCED_ACCURACY = "test_balanced_accuracy"
    VAL_MACRO_F1 = "val_macro_f1"
    TEST_MACRO_F1 = "test_macro_f1"
    VAL_LOSS = "val_loss"
    TEST_LOSS = "test_loss"
    LOSS = "loss"
    VAL_R2 = "val_r2"
    TEST_R2 = "test_r2"
    R2 = "r2"
    VAL_RMSE = "val_rmse"
    TEST_RMSE = "test_rmse"
    RMSE = "rmse"
    VAL_MSE = "val_mse"
    TEST_MSE = "test_mse"
    MSE = "mse"
    VAL_MAE = "val_mae"
    TEST_MAE = "test_mae"
    MAE = "mae"

    @property
    def figure(self) -> str:
        """Its name without that of its samples: ``accuracy``."""
        return self.removeprefix("val_").removeprefix("test_")

    @property
    def task(self) -> Task:
        """Whose runs can be compared by it."""
        return Task.REGRESSION if self.figure in FIGURES else Task.CLASSIFICATION

    @property
    def higher_is_better(self) -> bool:
        """Losses and errors should be low; all else should be high."""
        return self.figure not in _DOWNWARDS

    @property
    def is_fraction(self) -> bool:
        """Whether it is from 0 to 1, and written in per cent, its differences in percentage points."""
        return self.figure in _FRACTIONS

    @property
    def is_error(self) -> bool:
        """Whether it has the target's unit, or that squared."""
        return self.task is Task.REGRESSION and not self.higher_is_better

    @property
    def bounds(self) -> tuple[float, float]:
        """What its values, and so their mean, lie between."""
        if self.is_fraction:
            return 0.0, 1.0
        return (-math.inf, 1.0) if self.higher_is_better else (0.0, math.inf)

    @property
    def is_accuracy(self) -> bool:
        """Whether it is a part of right answers, plain or balanced."""
        return self.figure.endswith("accuracy")

    @property
    def part(self) -> Part:
        """The samples that it is of."""
        return next((part for prefix, part in _PREFIXES.items() if self.startswith(prefix)), Part.TRAINING)

    @property
    def kind(self) -> str:
        """Its name in a sentence, without that of its samples."""
        return _KINDS[self.figure]

    @property
    def words(self) -> str:
        """Its name in a sentence."""
        return f"{self.part} {self.kind}"

    @property
    def every_epoch(self) -> bool:
        """Whether it is known at each epoch's end, and not only at the end of the run."""
        return self.part is not Part.TEST

    @property
    def along_epochs(self) -> "Metric":
        """Itself, or what comes nearest to a test metric while a run trains: the same of the validation set."""
        return self if self.every_epoch else self.on_validation

    @property
    def on_validation(self) -> "Metric":
        """The same of the validation samples."""
        return Metric(f"val_{self.figure}")

    @property
    def on_test(self) -> "Metric":
        """The same of the test samples."""
        return Metric(self.on_validation.replace("val_", "test_"))

    def of(self, run: MeasuredRun) -> float | None:
        """The value of the network that the run keeps; None when there is none yet, or when it is not finite.

        That is the network of the last epoch, unless early stopping restores an earlier one."""
        if not self.every_epoch:
            return self._read(run)
        return self.at(run.kept) if run.kept else None

    def at(self, epoch: EpochMetrics) -> float | None:
        """The value at an epoch's end; None when it is not known or not finite."""
        return self._read(epoch)

    def without_penalty(self, source: object) -> float | None:
        """Of a loss: the cross-entropy in it, from a run or an epoch; None where it is not known, or of another
        metric."""
        if self.figure != "loss":
            return None
        value: float | None = getattr(source, self.value.removesuffix("loss") + "cross_entropy")
        return value

    def _read(self, source: object) -> float | None:
        unpenalized = self.without_penalty(source)
        return _finite(getattr(source, self.value) if unpenalized is None else unpenalized)


DEFAULT_METRICS = {Task.CLASSIFICATION: Metric.VAL_ACCURACY, Task.REGRESSION: Metric.VAL_R2}
"""What arms are compared by where nobody says."""

LATER_FIGURES = {
    Metric.VAL_BALANCED_ACCURACY: "kept_val_balanced_accuracy",
    Metric.TEST_BALANCED_ACCURACY: "test_balanced_accuracy",
    Metric.VAL_MACRO_F1: "kept_val_macro_f1",
    Metric.TEST_MACRO_F1: "test_macro_f1",
}
"""By metrics that jobs of earlier versions do not have: the field of a job's result that says whether this one does."""


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
