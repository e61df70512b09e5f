from .checkpoints import Checkpoint, CheckpointFolder
from .context import Context, EpochRecord, Phase, Progress
from .export.export import ExportedFile
from .loop import Stopped, train
from .result import StopReason, Timings, TrainResult

__all__ = [
    "Checkpoint",
    "CheckpointFolder",
    "Context",
    "EpochRecord",
    "ExportedFile",
    "Phase",
    "Progress",
    "StopReason",
    "Stopped",
    "Timings",
    "TrainResult",
    "train",
]
