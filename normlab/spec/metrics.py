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
    def test_loss(self) -> float | None:
        """Of the network that is kept."""

    @property
    def test_cross_entropy(self) -> float | None:
        """The plain cross-entropy of the test set; None where it is not known."""


class Metric(StrEnum):
    """A number that a run has at its end.

    Losses are compared as plain cross-entropies, where these are known: without what is the arm's own, its L2 penalty,
    label smoothing, focal factor and class weights.
    """

    VAL_ACCURACY = "val_accuracy"
    TEST_ACCURACY = "test_accuracy"
    ACCURACY = "accuracy"
    VAL_LOSS = "val_loss"
    TEST_LOSS = "test_loss"
    LOSS = "loss"

    @property
    def higher_is_better(self) -> bool:
        """Accuracies should be high, losses low."""
        return self.value.endswith("accuracy")

    @property
    def bounds(self) -> tuple[float, float]:
        """What its values, and so their mean, lie between."""
        return (0.0, 1.0) if self.higher_is_better else (0.0, math.inf)

    @property
    def every_epoch(self) -> bool:
        """Whether it is known at each epoch's end, and not only at the end of the run."""
        return not self.value.startswith("test")

    @property
    def along_epochs(self) -> "Metric":
        """Itself, or what comes nearest to a test metric while a run trains: the same of the validation set."""
        if self.every_epoch:
            return self
        return Metric.VAL_ACCURACY if self.higher_is_better else Metric.VAL_LOSS

    @property
    def words(self) -> str:
        """Its name in a sentence."""
        kind = "accuracy" if self.higher_is_better else "loss"
        prefix = {"val": "validation ", "test": "test "}.get(
            self.value.split("_", maxsplit=1)[0], "training "
        )
        return prefix + kind

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


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
