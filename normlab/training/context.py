"""How a running training talks to whoever started it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from normlab.spec.epochs import EpochMetrics
from normlab.spec.measurements import Measured
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


Report = Progress | EpochMetrics | Measured
"""What a run reports: where it is (several times a second), an epoch's figures, one number of a probe."""


class Context:
    """What the loop needs of its surroundings. This class is the null version: nobody listens, nobody stops it."""

    def report(self, event: Report) -> None:
        """Take notice of something, in the order in which it happens.

        All that lies before a checkpoint has been reported when it is saved. A run that goes on from a checkpoint
        reports again, with the same values, what it had reported after it.
        """

    def should_stop(self) -> bool:
        """Whether the run is to end now. Asked several times a second; True makes ``train`` raise ``Stopped``."""
        return False

    def checkpoint_due(self) -> bool:
        """Whether a checkpoint is wanted. Asked at each epoch's end."""
        return False

    def save(self, checkpoint: "Checkpoint") -> None:
        """Keep a checkpoint, from which ``train(..., resume_from=...)`` goes on with the same bits."""
