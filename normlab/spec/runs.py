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


GUESS_LEVEL = 0.01
"""An accuracy as high as this by answering the most frequent class has at most this probability, else it is not told
from a guess: a network that has learned nothing passes for one that has in at most one of a hundred cases."""


class Concern(StrEnum):
    """What the owner of a trained network should know before reading its figures."""

    NOTHING_LEARNED = "nothing_learned"
    """Its accuracy cannot be told from that of always answering the most frequent class."""
    STILL_RISING = "still_rising"
    """Its accuracy still rose when training ended."""
    UNSETTLED_STATISTICS = "unsettled_statistics"
    """Moving statistics of batch normalization are still in good part what they began as."""


class StopReason(StrEnum):
    """Why a run stopped."""

    COMPLETED = "completed"
    """All epochs were trained."""
    EARLY_STOPPING = "early_stopping"
