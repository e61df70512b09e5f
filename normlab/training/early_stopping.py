"""Early stopping by Keras's rule, with its state in a form that a checkpoint can hold."""

from dataclasses import dataclass
from typing import Any

from normlab.spec import EarlyStopping
from normlab.spec.epochs import EpochMetrics
from normlab.spec.monitors import better, watched


@dataclass
class Patience:
    """How many epochs a run has not improved for."""

    rule: EarlyStopping
    best: float | None = None
    best_epoch: int = 0
    wait: int = 0

    def improves(self, record: EpochMetrics) -> bool:
        """Count an epoch, and say whether it is the best so far by more than ``min_delta``."""
        current = watched(self.rule.monitor, record)
        if self.best is None or better(self.rule.monitor, current, self.best, self.rule.min_delta):
            self.best, self.best_epoch, self.wait = current, record.epoch, 0
            return True
        self.wait += 1
        return False

    @property
    def exhausted(self) -> bool:
        """Whether the run is to end: ``patience`` epochs in a row did not improve (one, if ``patience`` is 0)."""
        return self.wait >= max(self.rule.patience, 1)

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps of it."""
        return {"best": self.best, "best_epoch": self.best_epoch, "wait": self.wait}
