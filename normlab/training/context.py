"""How a running training talks to whoever started it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from normlab.training.checkpoints import Checkpoint


class Phase(StrEnum):
    """What a run is doing. Time is told apart by these."""

    STARTING = "starting"
    """Reading the data, making the network and its initial weights."""
    COMPILING = "compiling"
    TRAINING = "training"
    EVALUATING = "evaluating"
    EXPORTING = "exporting"


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


@dataclass(frozen=True)
class EpochRecord:
    """What one epoch gave. Losses are means over samples with the L2 penalty added; accuracies are fractions.

    ``loss`` and ``accuracy`` are running figures of the epoch, while the weights change, as Keras reports them;
    the validation figures are of the weights at the epoch's end, and None without validation samples.
    """

    epoch: int
    learning_rate: float
    """Of the epoch's last step."""
    loss: float
    accuracy: float
    val_loss: float | None
    val_accuracy: float | None
    train_seconds: float
    evaluate_seconds: float
    compile_seconds: float
    """Spent just before this epoch: 0 but for the first one of a run."""


class Context:
    """What the loop needs of its surroundings. This class is the null version: nobody listens, nobody stops it."""

    def report(self, event: Progress | EpochRecord) -> None:
        """Take notice of where the run is (several times a second), or of an epoch's figures (once each)."""

    def should_stop(self) -> bool:
        """Whether the run is to end now. ModelRef several times a second; True makes ``train`` raise ``Stopped``."""
        return False

    def checkpoint_due(self) -> bool:
        """Whether a checkpoint is wanted. ModelRef at each epoch's end."""
        return False

    def save(self, checkpoint: "Checkpoint") -> None:
        """Keep a checkpoint, from which ``train(..., resume_from=...)`` goes on with the same bits."""
