"""The schedule that looks at how the run goes."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field, Strict

from normlab.spec.epochs import EpochMetrics
from normlab.spec.fields import Integer, NonNegativeNumber, PositiveInteger
from normlab.spec.monitors import Monitor, better, watched
from normlab.spec.schedules.base import BaseSchedule


class ReduceOnPlateau(BaseSchedule):
    """Times ``factor`` when ``monitor`` has not got better by more than ``min_delta`` for ``patience`` epochs.

    Keras's ``ReduceLROnPlateau``. The rate of an epoch follows from the figures of those before it, so that a run that
    goes on has it, too.
    """

    name: Literal["reduce_on_plateau"]
    monitor: Monitor = "val_loss"
    """What is watched."""
    factor: Annotated[float, Strict(), Field(gt=0, lt=1, allow_inf_nan=False)] = 0.1
    """What the rate is multiplied by."""
    patience: PositiveInteger = 10
    """How many epochs may pass without getting better."""
    min_delta: NonNegativeNumber = 1e-4
    """What it has to get better by."""
    cooldown: Annotated[Integer, Field(ge=0)] = 0
    """Epochs after a reduction that do not count."""
    min_lr: NonNegativeNumber = 0.0
    """The rate that it does not go below."""

    def shape(self, epoch: float, epochs: float) -> float:  # noqa: ARG002  (see ``reduced``)
        """See the base class."""
        return 1.0

    def reduced(self, learning_rate: float, history: Sequence[EpochMetrics]) -> float:
        """The learning rate, apart from the warm-up, behind the epochs so far."""
        best: float | None = None
        wait = cooldown = 0
        for record in history:
            if cooldown:
                cooldown, wait = cooldown - 1, 0
            current = watched(self.monitor, record)
            if best is None or better(self.monitor, current, best, self.min_delta):
                best, wait = current, 0
            elif not cooldown:
                wait += 1
                if wait >= self.patience and learning_rate > self.min_lr:
                    learning_rate = max(learning_rate * self.factor, self.min_lr)
                    cooldown, wait = self.cooldown, 0
        return learning_rate
