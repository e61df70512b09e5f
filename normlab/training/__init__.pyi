from .checkpoints import Checkpoint, CheckpointFolder
from .context import Context, Progress
from .export.export import ExportedFile
from .loop import Stopped, train
from .result import Timings, TrainResult

__all__ = [
    "Checkpoint",
    "CheckpointFolder",
    "Context",
    "ExportedFile",
    "Progress",
    "Stopped",
    "Timings",
    "TrainResult",
    "train",
]
