"""What a trained network says about every validation and test sample, kept for whoever asks later.

Of its own dataset when its job ends, of others when somebody asks. The API has neither the datasets nor TensorFlow;
from these arrays it works out all figures. Of each part (``validation``, ``test``) with n samples the file holds

- ``labels``, ``predicted``: (n,) of the smallest unsigned type for all classes, the right class and the most probable
  one;
- ``confidence``: (n,) float32, the probability of the latter;
- ``cross_entropy``, ``brier_score``: () float64, means over the samples;
- of the k mistakes that the network was surest of, in that order: ``mistakes`` (k,) int32, their places among
  the n; ``mistake_pixels`` (k, *shape) uint8, of a table its rows, float32; ``mistake_probabilities`` (k, classes)
  float32.

Of a network that predicts numbers it holds of each part

- ``targets``, ``predictions``: (n,) float32, in the target's own unit;
- of the k samples with the largest absolute errors, in that order: ``worst`` (k,) int32, their places among the n;
  ``worst_rows`` (k, columns) float32.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from normlab.spec import DatasetSpec
from normlab.spec.class_names import match_classes
from normlab.spec.export_formats import ArtifactKind
from normlab.spec.memory import EVALUATION_BATCH
from normlab.training.data import Samples, training_data
from normlab.training.datasets import Fetch, open_dataset
from normlab.training.datasets.arrays import Pixels
from normlab.training.evaluations import ClassEvaluation, Evaluation
from normlab.training.export.export import ExportedFile, export
from normlab.training.export.serving_function import TrainedNetwork
from normlab.training.result import TrainResult

MAX_MISTAKES = 50
_SMALLEST = float(np.finfo(np.float32).tiny)
"""A probability that has become 0 counts as this. Training takes the logits instead, which know more of it."""

_Arrays = dict[str, npt.NDArray[Any]]
_PixelsOf = Callable[[npt.NDArray[np.int32]], npt.NDArray[Any]]
"""The pixels (k, *shape) of some samples, by their numbers (k,)."""


def export_evaluation(result: TrainResult, folder: Path, data_dir: Path | None = None) -> ExportedFile:
    """Write the ``.npz`` file of a run; an array's name stands behind its part's, as in ``test_labels``."""
    return export(ArtifactKind.EVALUATION, folder, lambda path: _write(result, path, data_dir))


def _write(result: TrainResult, path: Path, data_dir: Path | None) -> None:
    data = training_data(result.spec, data_dir)
    parts = {"validation": (data.validation, result.validation), "test": (data.test, result.test)}
    _save(
        path,
        {part: _part(evaluation, samples) for part, (samples, evaluation) in parts.items() if evaluation},
    )


def _part(evaluation: Evaluation, samples: Samples) -> _Arrays:
    def rows_of(numbers: npt.NDArray[np.int32]) -> npt.NDArray[Any]:
        rows: npt.NDArray[Any] = samples.taken(numbers).x.numpy()
        return rows

    if isinstance(evaluation, ClassEvaluation):
        return _evaluate(evaluation.probabilities, samples.labels, rows_of)
    errors = np.abs(evaluation.targets - evaluation.predictions)
    worst = np.argsort(-errors, kind="stable")[:MAX_MISTAKES].astype(np.int32)
    return {
        "targets": evaluation.targets.astype(np.float32),
        "predictions": evaluation.predictions.astype(np.float32),
        "worst": worst,
        "worst_rows": rows_of(worst),
    }


def evaluate_elsewhere(
    trained: TrainedNetwork,
    own: DatasetSpec,
    dataset: DatasetSpec,
    datasets_dir: Path,
    path: Path,
    *,
    fetch: Fetch | None = None,
) -> None:
    """Write the same file of another dataset of the form of a network's ``own`` (``normlab.spec.same_form``). Its
    pixels are brought to the range of these, and its labels are the network's numbers (``match_classes``).

    The validation samples are those that a job on the dataset has unless it says otherwise: the first ones of
    the training samples. ``fetch`` gets an uploaded dataset that this machine does not have. Raises ``DatasetError``
    when the dataset cannot be had.
    """
    info, data = dataset.info, open_dataset(dataset, datasets_dir, fetch)
    count, numbers = info.default_validation_samples, np.array(match_classes(dataset, own).numbers)
    parts = {
        "validation": (data.x_train[:count], data.y_train[:count]),
        "test": (data.x_test, data.y_test),
    }
    _save(
        path,
        {
            part: _evaluate(
                _probabilities(trained.network, x, trained.pixel_max / info.pixel_max),
                numbers[y],
                x.__getitem__,
            )
            for part, (x, y) in parts.items()
            if len(y)
        },
    )


def _probabilities(network: keras.Model, x: Pixels, scale: float) -> npt.NDArray[np.float32]:
    batches = (x[start : start + EVALUATION_BATCH] for start in range(0, len(x), EVALUATION_BATCH))
    said = [np.asarray(network(batch.astype(np.float32) * scale, training=False)) for batch in batches]
    return np.concatenate(said).astype(np.float32)


def _save(path: Path, parts: Mapping[str, _Arrays]) -> None:
    arrays = {f"{part}_{name}": values for part, of_part in parts.items() for name, values in of_part.items()}
    with path.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def _evaluate(
    probabilities: npt.NDArray[np.float32], labels: npt.NDArray[Any], pixels_of: _PixelsOf
) -> _Arrays:
    predicted = probabilities.argmax(axis=1)
    confidence = probabilities[np.arange(len(labels)), predicted]
    wrong = np.flatnonzero(predicted != labels)
    surest = wrong[np.argsort(-confidence[wrong], kind="stable")][:MAX_MISTAKES].astype(np.int32)
    label_type = np.min_scalar_type(probabilities.shape[1] - 1)
    return {
        "labels": labels.astype(label_type),
        "predicted": predicted.astype(label_type),
        "confidence": confidence,
        "cross_entropy": np.array(cross_entropy(probabilities, labels)),
        "brier_score": np.array(brier_score(probabilities, labels)),
        "mistakes": surest,
        "mistake_pixels": pixels_of(surest),
        "mistake_probabilities": probabilities[surest],
    }


def cross_entropy(probabilities: npt.NDArray[np.float32], labels: npt.NDArray[Any]) -> float:
    """The log loss: mean of -log of the right class's probability, in nats; of probabilities (n, classes)."""
    right = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    return float(-np.log(np.maximum(right, _SMALLEST)).mean())


def brier_score(probabilities: npt.NDArray[np.float32], labels: npt.NDArray[Any]) -> float:
    """Mean over samples of the squared distances between probabilities (n, classes) and 1 for the right class, 0 for
    the others, summed over classes: 0 to 2 (Brier, "Verification of forecasts expressed in terms of probability",
    Monthly Weather Review 78, 1950)."""
    exact = probabilities.astype(np.float64)
    right = exact[np.arange(len(labels)), labels]
    return float((np.square(exact).sum(axis=1) - 2 * right + 1).mean())
