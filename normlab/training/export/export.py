"""A trained network as files that others load."""

import errno
import json
import logging
import os
import warnings
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import numpy as np
import numpy.typing as npt

from normlab.disk_full import is_disk_full
from normlab.spec.epochs import EpochMetrics
from normlab.spec.export_formats import ArtifactKind
from normlab.training.export.serving_function import TrainedNetwork

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ExportedFile:
    """One artifact, or why it could not be made: exactly one of ``path`` and ``error`` is set."""

    kind: ArtifactKind
    path: Path | None = None
    error: str | None = None


def export_all(
    trained: TrainedNetwork,
    history: Sequence[EpochMetrics],
    test_correct: npt.NDArray[np.bool_] | None,
    folder: Path,
    formats: Iterable[ArtifactKind],
) -> list[ExportedFile]:
    """Write the artifacts of a run into ``folder``: the network in these formats, its history, what it got right (None
    where numbers are predicted, which are not right or wrong).

    All formats take raw pixels as float32 (batch, *shape) and give probabilities (batch, classes), or numbers
    (batch, 1).
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = [
        *(export_format(kind, trained, folder) for kind in formats),
        export(ArtifactKind.HISTORY, folder, lambda path: _history(history, path)),
    ]
    if test_correct is not None:
        correct = test_correct
        files.append(
            export(ArtifactKind.TEST_CORRECT, folder, lambda path: np.save(path, correct, allow_pickle=False))
        )
    return files


def export_format(kind: ArtifactKind, trained: TrainedNetwork, folder: Path) -> ExportedFile:
    """Have the format's own module, which has its kind's name, write the network; see ``export``."""
    return export(
        kind, folder, lambda path: import_module(f"normlab.training.export.{kind}").write(trained, path)
    )


def export(kind: ArtifactKind, folder: Path, write: Callable[[Path], object]) -> ExportedFile:
    """Have one artifact written; an error is logged and reported, and stops nothing else.

    Raises ``OSError`` when the disk is full.
    """
    path = folder / kind.file_name
    try:
        with warnings.catch_warnings():
            # Keras uses names that NumPy is about to change: nothing that a user could do about it.
            for category in (DeprecationWarning, FutureWarning):
                warnings.simplefilter("ignore", category)
            write(path)
    except Exception as error:  # exporters raise anything; a file that cannot be made must not cost the run
        if is_disk_full(error):  # the machine's fault, and a network that is not kept is of no use
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error
        _log.exception("the %s file could not be made", kind)
        with suppress(OSError):  # the disk may be what failed
            path.unlink(missing_ok=True)
        return ExportedFile(kind, error=f"{type(error).__name__}: {error}"[:500])
    return ExportedFile(kind, path=path)


def _history(history: Sequence[EpochMetrics], path: Path) -> None:
    path.write_text(json.dumps([record.model_dump() for record in history], indent=1))
