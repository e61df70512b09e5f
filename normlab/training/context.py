"""How a running training talks to whoever started it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from normlab.spec.epochs import EpochMetrics
from normlab.spec.runs import Phase

if TYPE_CHECKING:
    from normlab.training.checkpoints import Checkpoint


@dataclass(frozen=True)
class Progress:
    """Where a run is. ``epoch`` counts from 1; ``step`` of ``steps`` are done in it."""

    phase: Phase
    epoch: int
    epochs: int
    step: int
    steps: int
    loss: float | None = None
    """Mean loss of this epoch so far."""


class Context:
    """What the loop needs of its surroundings. This class is the null version: nobody listens, nobody stops it."""

    def report(self, event: Progress | EpochMetrics) -> None:
        """Take notice of where the run is (several times a second), or of an epoch's figures (once each)."""

    def should_stop(self) -> bool:
        """Whether the run is to end now. ModelRef several times a second; True makes ``train`` raise ``Stopped``."""
        return False

    def checkpoint_due(self) -> bool:
        """Whether a checkpoint is wanted. ModelRef at each epoch's end."""
        return False

    def save(self, checkpoint: "Checkpoint") -> None:
        """Keep a checkpoint, from which ``train(..., resume_from=...)`` goes on with the same bits."""
