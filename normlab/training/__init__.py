"""The trainer: a job spec in, a trained network with its history out.

>>> from normlab.spec import parse_job_spec
>>> from normlab.training import train
>>> result = train(parse_job_spec({"architecture": "baseline", "dataset": "digits"}))  # doctest: +SKIP
>>> result.test_accuracy  # doctest: +SKIP
0.475

Importing this package loads no TensorFlow; touching ``train`` does.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from normlab.training.context import Context, EpochRecord, Phase, Progress

if TYPE_CHECKING:
    from normlab.training.checkpoints import Checkpoint, CheckpointFolder
    from normlab.training.export.export import ExportedFile
    from normlab.training.loop import Stopped, train
    from normlab.training.result import StopReason, Timings, TrainResult

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

_HOMES = {
    "Checkpoint": "checkpoints",
    "CheckpointFolder": "checkpoints",
    "ExportedFile": "export.export",
    "StopReason": "result",
    "Stopped": "loop",
    "Timings": "result",
    "TrainResult": "result",
    "train": "loop",
}


def __getattr__(name: str) -> Any:
    """Import what needs TensorFlow only when it is asked for."""
    if name in _HOMES:
        return getattr(import_module(f"normlab.training.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'normlab.training' has no attribute {name!r}")
