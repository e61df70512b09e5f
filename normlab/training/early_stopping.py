"""When a run ends before its last epoch: Keras's EarlyStopping, as a small state that a checkpoint can hold."""

from dataclasses import dataclass
from typing import Any

from normlab.spec import EarlyStopping
from normlab.spec.epochs import EpochMetrics


@dataclass
class Patience:
    """How long a run has been without getting better."""

    rule: EarlyStopping
    best: float | None = None
    best_epoch: int = 0
    wait: int = 0

    def improves(self, record: EpochMetrics) -> bool:
        """Take notice of an epoch; whether it is the best so far by more than ``min_delta``."""
        current = float(getattr(record, self.rule.monitor))
        if self.best is None or self._better(current, self.best):
            self.best, self.best_epoch, self.wait = current, record.epoch, 0
            return True
        self.wait += 1
        return False

    def _better(self, current: float, best: float) -> bool:
        if self.rule.monitor.endswith("accuracy"):
            return current - self.rule.min_delta > best
        return current + self.rule.min_delta < best

    @property
    def exhausted(self) -> bool:
        """Whether the run is to end: ``patience`` epochs in a row were no better (of 0, one suffices)."""
        return self.wait >= max(self.rule.patience, 1)

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps of it."""
        return {"best": self.best, "best_epoch": self.best_epoch, "wait": self.wait}
