"""A trained network as files that others load."""

import errno
import json
import logging
import os
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt

from normlab.training.context import EpochRecord
from normlab.training.export.litert import write_litert
from normlab.training.export.onnx import write_onnx
from normlab.training.export.saved_model import write_saved_model
from normlab.training.export.serving_function import ServingFunction

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ExportedFile:
    """One artifact, or why it could not be made: exactly one of ``path`` and ``error`` is set."""

    kind: str
    media_type: str
    path: Path | None = None
    error: str | None = None


def export_all(
    network: keras.Model, history: Sequence[EpochRecord], test_correct: npt.NDArray[np.bool_], folder: Path
) -> list[ExportedFile]:
    """Write every artifact of a run into ``folder``: the network in each format, its history, what it got right.

    All formats take raw pixels as float32 (batch, *shape) and give probabilities (batch, classes).
    """
    folder.mkdir(parents=True, exist_ok=True)
    traced = cache(
        lambda: ServingFunction(network)
    )  # a network that cannot be traced costs its formats alone
    return [
        export("keras", "application/vnd.keras", folder / "model.keras", network.save),
        export("onnx", "application/onnx", folder / "model.onnx", lambda path: write_onnx(traced(), path)),
        export(
            "saved_model",
            "application/zip",
            folder / "saved_model.zip",
            lambda path: write_saved_model(traced(), path),
        ),
        export(
            "litert",
            "application/vnd.tflite",
            folder / "model.tflite",
            lambda path: write_litert(traced(), path),
        ),
        export("history", "application/json", folder / "history.json", lambda path: _history(history, path)),
        export(
            "test_correct",
            "application/x-npy",
            folder / "test_correct.npy",
            lambda path: np.save(path, test_correct, allow_pickle=False),
        ),
    ]


def export(kind: str, media_type: str, path: Path, write: Callable[[Path], object]) -> ExportedFile:
    """Have one artifact written; what goes wrong is logged and told, and stops nothing else.

    Raises ``OSError`` when the disk is full.
    """
    try:
        with warnings.catch_warnings():
            # Keras and tf2onnx use names that NumPy is about to change: nothing that a user could do about it.
            for category in (DeprecationWarning, FutureWarning):
                warnings.simplefilter("ignore", category)
            write(path)
    except Exception as error:  # exporters raise anything; a file that cannot be made must not cost the run
        if _is_disk_full(
            error
        ):  # but then it is the machine's fault, and a network that is not kept is of no use
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error
        _log.exception("the %s file could not be made", kind)
        with suppress(OSError):  # the disk may be what failed
            path.unlink(missing_ok=True)
        return ExportedFile(kind, media_type, error=f"{type(error).__name__}: {error}"[:500])
    return ExportedFile(kind, media_type, path=path)


def _is_disk_full(error: Exception) -> bool:
    """Exporters in C++ and HDF5 tell it in words only."""
    return getattr(error, "errno", None) == errno.ENOSPC or os.strerror(errno.ENOSPC) in str(error)


def _history(history: Sequence[EpochRecord], path: Path) -> None:
    path.write_text(json.dumps([asdict(record) for record in history], indent=1))
