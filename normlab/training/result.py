"""The result of a training."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from normlab.spec import JobSpec, plan_job
from normlab.spec.epochs import EpochMetrics
from normlab.spec.export_formats import FORMATS, ArtifactKind
from normlab.spec.measurements import Measurements
from normlab.spec.runs import StopReason
from normlab.training.concerns import MajorityTest, Remark, remarks
from normlab.training.export.export import ExportedFile, export_all
from normlab.training.export.serving_function import TrainedNetwork
from normlab.training.layers.network import Array, build_serving_network, built_layers
from normlab.training.population import PopulationFigures


@dataclass(frozen=True)
class Timings:
    """Where the time of one call of ``train`` went, in seconds. Epochs of earlier attempts are in training."""

    starting_seconds: float
    """Reading data, making the network and its initial weights."""
    compiling_seconds: float
    training_seconds: float
    probing_seconds: float
    """What probes took, which is in no other of these but the total."""
    evaluating_seconds: float
    total_seconds: float


@dataclass(frozen=True)
class TrainResult:
    """A trained network with its history."""

    spec: JobSpec
    history: tuple[EpochMetrics, ...]
    kept_epoch: int
    """The epoch (from 1) at whose end the network had the ``weights``: the last, unless early stopping restored an
    earlier one. All figures of the result are of this network."""
    stop_reason: StopReason
    test_loss: float
    test_cross_entropy: float
    """``test_loss`` without L2 penalty, label smoothing and focal factor."""
    test_accuracy: float
    test_balanced_accuracy: float
    """Mean recall of the classes that have test samples."""
    test_macro_f1: float
    """Mean F1 of the classes that a test sample has or was given."""
    test_correct: npt.NDArray[np.bool_]
    """For each test sample whether it was right: (n_test,)."""
    probabilities: Mapping[str, npt.NDArray[np.float32]]
    """What the network says about each sample of ``test`` and, if there is one, ``validation``: (n, classes)."""
    majority: Mapping[str, MajorityTest]
    """The accuracies on ``test`` and, if there is one, ``validation`` beside always answering one class."""
    population: PopulationFigures | None
    """With batch normalization: the accuracies with settled statistics."""
    weights: tuple[Array, ...]
    """In the order of ``network.weights``."""
    timings: Timings
    digests: dict[str, Any]
    """SHA-256 by what it is of: ``spec``, ``dataset`` (its files), ``data_order``, ``probe_batch`` (the samples that
    probes look at), ``initial_kernels`` (by layer) and ``final_weights``."""
    environment: dict[str, Any]
    """Where it was trained: the fields of ``normlab.spec.environment.ENVIRONMENT`` but for ``load``."""
    measurements: Measurements
    """What probes measured in this call of ``train``: a run that goes on does not measure again what lay before."""

    @property
    def best_epoch(self) -> int:
        """The epoch (from 1) with the best validation accuracy, the first of several; without one, of training.

        Of the epochs up to the kept one: the network of a later one exists no more.
        """
        history = self.history[: self.kept_epoch]
        validated = history[0].val_accuracy is not None
        values = [record.val_accuracy if validated else record.accuracy for record in history]
        return int(np.argmax(np.array(values, float))) + 1

    @property
    def remarks(self) -> tuple[Remark, ...]:
        """What to know before reading the figures: nothing learned, still rising, unsettled statistics."""
        return tuple(remarks(self))

    @cached_property
    def network(self) -> keras.Model:
        """The trained network, taking raw pixels (batch, *shape) and giving probabilities (batch, classes)."""
        network = build_serving_network(plan_job(self.spec), self.spec.dataset.info.pixel_max)
        network.set_weights(self.weights)
        return network

    @property
    def layers(self) -> list[dict[str, Any]]:
        """Each layer with its shape and its variables, as plain JSON."""
        built = built_layers(self.network)
        return [
            {
                "name": item.name,
                "type": item.layer.type,
                "output_shape": list(item.output_shape),
                "parameters": sum(int(np.prod(weight.shape)) for weight in built[item.name].weights),
                "variables": [
                    {
                        "name": weight.name,
                        "shape": list(weight.shape),
                        "trainable": bool(weight.trainable),
                        "dtype": str(weight.dtype),
                    }
                    for weight in built[item.name].weights
                ],
            }
            for item in plan_job(self.spec)
        ]

    def export(self, folder: Path, formats: Iterable[ArtifactKind] = FORMATS) -> list[ExportedFile]:
        """Write the artifacts into a folder, the network in each of the ``formats``; a kind that cannot be written
        says so and does not stop the others."""
        trained = TrainedNetwork(plan_job(self.spec), self.network, self.spec.dataset.info.pixel_max)
        return export_all(trained, self.history, self.test_correct, folder, formats)
