"""What arms can be compared by, and how its numbers are written for people."""

from dataclasses import dataclass
from enum import StrEnum

from normlab.analysis.records import RunRecord


class Metric(StrEnum):
    """A number that a run has at its end."""

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

    def of(self, run: RunRecord) -> float | None:
        """The run's value: of the test set, or of the last epoch (never of the best); None when there is
        none yet."""
        holder = (run.epochs[-1] if run.epochs else None) if self.every_epoch else run
        value: float | None = getattr(holder, self.value, None)
        return value


@dataclass(frozen=True)
class Style:
    """How a metric's numbers are written."""

    factor: float
    unit: str
    digits: int

    def difference(self, value: float, *, sign: bool = False) -> str:
        """A difference of two values, without its unit."""
        return f"{value * self.factor:{'+' if sign else ''}.{self.digits}f}".replace("-", "\N{MINUS SIGN}")

    def value(self, value: float) -> str:
        """A value with its unit."""
        return f"{value * self.factor:.{self.digits}f}{' %' if self.factor == 100 else ''}"


def style_of(metric: Metric | None) -> Style:
    """Accuracies are written in per cent and their differences in percentage points; the rest as it is."""
    if metric is not None and metric.higher_is_better:
        return Style(100, " percentage points", 2)
    return Style(1, "", 4)
