"""A trained network as files that others load."""

import json
import logging
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt

from normlab.training.context import EpochRecord

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
    """Write every artifact of a run into ``folder``: ``.keras``, ONNX, history, and right or wrong per test sample.

    Both networks take raw pixels as float32 (batch, *shape) and give probabilities (batch, classes).
    """
    folder.mkdir(parents=True, exist_ok=True)
    return [
        _export("keras", "application/vnd.keras", folder / "model.keras", network.save),
        _export("onnx", "application/onnx", folder / "model.onnx", lambda path: _onnx(network, path)),
        _export("history", "application/json", folder / "history.json", lambda path: _history(history, path)),
        _export(
            "test_correct",
            "application/x-npy",
            folder / "test_correct.npy",
            lambda path: np.save(path, test_correct, allow_pickle=False),
        ),
    ]


def _export(kind: str, media_type: str, path: Path, write: Callable[[Path], object]) -> ExportedFile:
    try:
        with warnings.catch_warnings():
            # Keras and tf2onnx use names that NumPy is about to change: nothing that a user could do about it.
            for category in (DeprecationWarning, FutureWarning):
                warnings.simplefilter("ignore", category)
            write(path)
    except Exception as error:  # exporters raise anything; a file that cannot be made must not cost the run
        _log.exception("the %s file could not be made", kind)
        with suppress(OSError):  # the disk may be what failed
            path.unlink(missing_ok=True)
        return ExportedFile(kind, media_type, error=f"{type(error).__name__}: {error}"[:500])
    return ExportedFile(kind, media_type, path=path)


def _onnx(network: keras.Model, path: Path) -> None:
    # Keras exports only a network that has been called.
    network(np.zeros((1, *network.input_shape[1:]), np.float32))
    network.export(path, format="onnx", verbose=False)


def _history(history: Sequence[EpochRecord], path: Path) -> None:
    path.write_text(json.dumps([asdict(record) for record in history], indent=1))
