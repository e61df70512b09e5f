"""What the trained network says about every validation and test sample, kept for whoever asks later.

The API has neither the datasets nor TensorFlow; from these arrays it works out all figures. Of each part
(``validation``, ``test``) with n samples the file holds

- ``labels``, ``predicted``: (n,) uint8, int32 of more than 256 classes: the right class and the most probable one;
- ``confidence``: (n,) float32, the probability of the latter;
- of the k mistakes that the network was surest of, in that order: ``mistakes`` (k,) int32, their places among
  the n; ``mistake_pixels`` (k, *shape) uint8; ``mistake_probabilities`` (k, classes) float32.
"""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from normlab.spec.export_formats import ArtifactKind
from normlab.training.data import Samples, training_data
from normlab.training.export.export import ExportedFile, export
from normlab.training.result import TrainResult

MAX_MISTAKES = 50
_UINT8_CLASSES = 256

_Arrays = dict[str, npt.NDArray[Any]]


def export_evaluation(result: TrainResult, folder: Path, data_dir: Path | None = None) -> ExportedFile:
    """Write the ``.npz`` file of a run; an array's name stands behind its part's, as in ``test_labels``."""
    return export(ArtifactKind.EVALUATION, folder, lambda path: _write(result, path, data_dir))


def _write(result: TrainResult, path: Path, data_dir: Path | None) -> None:
    data = training_data(result.spec, data_dir)
    arrays = {
        f"{part}_{name}": values
        for part, samples in {"validation": data.validation, "test": data.test}.items()
        if samples.count
        for name, values in _evaluate(result.probabilities[part], samples).items()
    }
    with path.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def _evaluate(probabilities: npt.NDArray[np.float32], samples: Samples) -> _Arrays:
    labels = samples.labels
    predicted = probabilities.argmax(axis=1)
    confidence = probabilities[np.arange(len(labels)), predicted]
    wrong = np.flatnonzero(predicted != labels)
    surest = wrong[np.argsort(-confidence[wrong], kind="stable")][:MAX_MISTAKES].astype(np.int32)
    label_type = np.uint8 if probabilities.shape[1] <= _UINT8_CLASSES else np.int32
    return {
        "labels": labels.astype(label_type),
        "predicted": predicted.astype(label_type),
        "confidence": confidence,
        "mistakes": surest,
        "mistake_pixels": samples.taken(surest).x.numpy(),
        "mistake_probabilities": probabilities[surest],
    }
