"""How far a run is, and how long it will go on."""

from normlab.spec.runs import Phase
from normlab.training.context import Progress


def fraction(progress: Progress) -> float:
    """The part of a run's epochs that is done, from 0 to 1."""
    if progress.phase is Phase.EXPORTING:
        return 1.0
    done = progress.epoch - 1 + progress.step / max(progress.steps, 1)
    return min(1.0, done / max(progress.epochs, 1))


def remaining_seconds(progress: Progress, elapsed_seconds: float) -> float | None:
    """From how long it took so far, how long the rest of the epochs will take; None before there is anything to go by.

    Early stopping can end it sooner.
    """
    done = fraction(progress)
    return elapsed_seconds * (1 - done) / done if done > 0 else None
