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
from normlab.spec.metrics import Metric
from normlab.spec.runs import StopReason
from normlab.training.concerns import MajorityTest, Remark, remarks
from normlab.training.evaluations import ClassEvaluation, Evaluation
from normlab.training.export.export import ExportedFile, export_all
from normlab.training.export.serving_function import TrainedNetwork
from normlab.training.layers.network import (
    Array,
    answer_in_the_targets_unit,
    build_serving_network,
    built_layers,
)
from normlab.training.mean_test import MeanTest
from normlab.training.population import PopulationFigures
from normlab.training.targets import TargetScale


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
    test: Evaluation
    """What the network says about each test sample."""
    validation: Evaluation | None
    """The same of the validation samples; None without any."""
    scale: TargetScale | None
    """What targets were standardized by; None where they are classes."""
    majority: Mapping[str, MajorityTest]
    """The accuracies on ``test`` and, if there is one, ``validation`` beside always answering one class; of none where
    numbers are predicted."""
    beside_mean: Mapping[str, MeanTest]
    """Where numbers are predicted, the same of their squared errors beside always answering the training mean."""
    population: PopulationFigures | None
    """With batch normalization: the figures with settled statistics."""
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
    def test_loss(self) -> float:
        """Of the spec's loss, with the L2 penalty."""
        return self.test.loss

    @property
    def test_accuracy(self) -> float:
        """The part of the test samples that is right. As the figures below, of a network that predicts classes."""
        return self._of_classes.accuracy

    @property
    def test_cross_entropy(self) -> float:
        """``test_loss`` without L2 penalty, label smoothing and focal factor."""
        return self._of_classes.cross_entropy

    @property
    def test_balanced_accuracy(self) -> float:
        """Mean recall of the classes that have test samples."""
        return self._of_classes.counts.balanced_accuracy

    @property
    def test_macro_f1(self) -> float:
        """Mean F1 of the classes that a test sample has or was given."""
        return self._of_classes.counts.macro_f1

    @property
    def test_correct(self) -> npt.NDArray[np.bool_]:
        """For each test sample whether it was right: (n_test,)."""
        return self._of_classes.correct

    @property
    def probabilities(self) -> Mapping[str, npt.NDArray[np.float32]]:
        """What the network says about each sample of ``test`` and, if there is one, ``validation``: (n, classes)."""
        parts = {"test": self.test, "validation": self.validation}
        return {part: of.probabilities for part, of in parts.items() if isinstance(of, ClassEvaluation)}

    @property
    def _of_classes(self) -> ClassEvaluation:
        if not isinstance(self.test, ClassEvaluation):
            raise TypeError(
                "a network that predicts numbers has no such figure: test.figures has those it has"
            )
        return self.test

    @property
    def best_epoch(self) -> int:
        """The epoch (from 1) with the best validation accuracy, or the smallest mean squared error where numbers are
        predicted, the first of several; without validation samples, of training.

        Of the epochs up to the kept one: the network of a later one exists no more.
        """
        metric = Metric.VAL_ACCURACY if self.scale is None else Metric.VAL_MSE
        history = self.history[: self.kept_epoch]
        if getattr(history[0], metric) is None:
            metric = Metric.ACCURACY if self.scale is None else Metric.MSE
        values = np.array([getattr(record, metric) for record in history], float)
        return int(np.argmax(values if metric.higher_is_better else -values)) + 1

    @property
    def remarks(self) -> tuple[Remark, ...]:
        """What to know before reading the figures: nothing learned, still rising, unsettled statistics."""
        return tuple(remarks(self))

    @cached_property
    def network(self) -> keras.Model:
        """The trained network, taking raw pixels (batch, *shape) and giving probabilities (batch, classes), or numbers
        in the target's unit (batch, 1)."""
        network = build_serving_network(plan_job(self.spec), self.spec.dataset.info.pixel_max)
        network.set_weights(self.weights)
        if self.scale is not None:
            answer_in_the_targets_unit(network, self.scale)
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
        correct = self.test.correct if isinstance(self.test, ClassEvaluation) else None
        return export_all(trained, self.history, correct, folder, formats)
