"""What arms can be compared by."""

import math
from enum import StrEnum
from typing import Protocol

from normlab.spec.epochs import EpochMetrics


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
}


class Metric(StrEnum):
    """A number that a run has at its end.

    Losses are compared as plain cross-entropies (log losses), where these are known: without what is the arm's own, its
    L2 penalty, label smoothing, focal factor and class weights. Balanced accuracy and macro F1 weigh all classes alike;
    they are not known of training samples, nor of runs that were stored before they were kept.
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

    @property
    def higher_is_better(self) -> bool:
        """Losses should be low; all else is a fraction, 0 to 1, and should be high."""
        return self.kind != "loss"

    @property
    def bounds(self) -> tuple[float, float]:
        """What its values, and so their mean, lie between."""
        return (0.0, 1.0) if self.higher_is_better else (0.0, math.inf)

    @property
    def is_accuracy(self) -> bool:
        """Whether it is a part of right answers, plain or balanced."""
        return self.kind.endswith("accuracy")

    @property
    def part(self) -> Part:
        """The samples that it is of."""
        return next((part for prefix, part in _PREFIXES.items() if self.startswith(prefix)), Part.TRAINING)

    @property
    def kind(self) -> str:
        """Its name in a sentence, without that of its samples."""
        return _KINDS[self.removeprefix("val_").removeprefix("test_")]

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
        return Metric(f"val_{self.removeprefix('val_').removeprefix('test_')}")

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
        """Of a loss: the cross-entropy in it, from a run or an epoch; None where it is not known, or of an accuracy."""
        if self.higher_is_better:
            return None
        value: float | None = getattr(source, self.value.removesuffix("loss") + "cross_entropy")
        return value

    def _read(self, source: object) -> float | None:
        unpenalized = self.without_penalty(source)
        return _finite(getattr(source, self.value) if unpenalized is None else unpenalized)


LATER_FIGURES = {
    Metric.VAL_BALANCED_ACCURACY: "kept_val_balanced_accuracy",
    Metric.TEST_BALANCED_ACCURACY: "test_balanced_accuracy",
    Metric.VAL_MACRO_F1: "kept_val_macro_f1",
    Metric.TEST_MACRO_F1: "test_macro_f1",
}
"""By metrics that jobs of earlier versions do not have: the field of a job's result that says whether this one does."""


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
