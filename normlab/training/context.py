"""What a running training reports to its caller, and what it asks the caller."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from normlab.spec.epochs import EpochMetrics
from normlab.spec.measurements import Measured
from normlab.spec.runs import Phase

if TYPE_CHECKING:
    from normlab.training.checkpoints import Checkpoint


@dataclass(frozen=True)
class Progress:
    """Where a run is. ``epoch`` counts from 1; ``step`` of its ``steps`` are done."""

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
    """The caller of a training, as the loop sees it. This class ignores all reports and never stops a run."""

    def report(self, event: Report) -> None:
        """Receive a report. Reports come in the order of what they report.

        All that lies before a checkpoint has been reported when it is saved. A run that goes on from a checkpoint
        reports again, with the same values, what it had reported after it.
        """

    def probing(self) -> AbstractContextManager[None]:
        """The block in which probes measure. Whoever counts what the training takes leaves it out."""
        return nullcontext()

    def should_stop(self) -> bool:
        """Whether the run is to end now. Asked several times a second; True makes ``train`` raise ``Stopped``."""
        return False

    def checkpoint_due(self) -> bool:
        """Whether a checkpoint is wanted. Asked at each epoch's end."""
        return False

    def save(self, checkpoint: "Checkpoint") -> None:
        """Keep a checkpoint, from which ``train(..., resume_from=...)`` goes on with the same bits."""
