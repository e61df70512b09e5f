"""What a training run says of itself: its phases, and why it stopped."""

from enum import StrEnum


class Phase(StrEnum):
    """What a run is doing. Its time is reported by phase."""

    STARTING = "starting"
    """Reading the data, making the network and its initial weights."""
    COMPILING = "compiling"
    TRAINING = "training"
    EVALUATING = "evaluating"
    EXPORTING = "exporting"


class StopReason(StrEnum):
    """Why a run stopped."""

    COMPLETED = "completed"
    """All epochs were trained."""
    EARLY_STOPPING = "early_stopping"
