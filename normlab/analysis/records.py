"""What the analysis knows of a training run: plain numbers, wherever they come from."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self

from normlab.documents.states import JobState
from normlab.spec.epochs import FIGURES, EpochMetrics

SpecDocument = Mapping[str, Any]
"""A job spec as ``JobSpec.to_document()`` writes it."""


@dataclass(frozen=True)
class RunRecord:
    """One training run: its spec, its epochs in order, and what came out at the end.

    ``timings`` has the keys of a job's ``timings`` in the HTTP API (``total_seconds``,
    ``compiling_seconds``, …), each of which may be missing or None. ``environment`` is what the job recorded
    of its machine and versions.
    """

    job: str
    spec: SpecDocument
    epochs: tuple[EpochMetrics, ...] = ()
    name: str | None = None
    kept_epoch: int | None = None
    """The epoch (from 1) whose weights were kept; None where that is not known: then it is the last one."""
    test_accuracy: float | None = None
    test_loss: float | None = None
    test_cross_entropy: float | None = None
    """``test_loss`` without the L2 penalty; None in runs from before it was kept."""
    test_balanced_accuracy: float | None = None
    test_macro_f1: float | None = None
    test_mse: float | None = None
    """As the three below, None where classes are predicted."""
    test_rmse: float | None = None
    test_mae: float | None = None
    test_r2: float | None = None
    target_accuracy: float | None = None
    timings: Mapping[str, float | None] = field(default_factory=dict)
    environment: Mapping[str, Any] = field(default_factory=dict)
    leaks: tuple[str, ...] = ()
    """Sentences on samples of its dataset that are in two parts."""
    pair: int | None = None
    """Which pair the run belongs to, where that is not the one of its seed."""
    state: str | None = None
    """Of its job; None where there is no job."""
    majority_p_value: float | None = None
    """How probable so many right answers on the test set are by always giving its most frequent class, or so much less
    squared error if it is no better than the mean of the training rows."""
    imbalance: Mapping[str, float] = field(default_factory=dict)
    """By part, ``validation`` or ``test``: how far from equally frequent its classes are; without what is not known."""
    population: Mapping[str, float | None] = field(default_factory=dict)
    """By metric, such as ``val_accuracy``: what the kept network has with statistics of the training data instead of
    batch normalization's moving ones."""

    @classmethod
    def from_documents(cls, job: Mapping[str, Any], metrics: Mapping[str, Any]) -> Self:
        """A run from the answers of ``GET /jobs/{id}`` and ``GET /jobs/{id}/metrics``."""
        result = job.get("result") or {}
        return cls(
            job=job["id"],
            spec=job["spec"],
            epochs=tuple(EpochMetrics.model_validate(epoch) for epoch in metrics["epochs"]),
            name=job.get("name"),
            timings=job.get("timings") or {},
            environment=job.get("environment") or {},
            state=job.get("state"),
            **of_result(result),
        )

    @property
    def ended(self) -> bool:
        """Whether no further epoch can follow."""
        return self.state not in (JobState.QUEUED, JobState.RUNNING)

    def load(self, figure: str) -> float | None:
        """A figure of how busy the machine was while it trained (``environment["load"]``)."""
        load: Mapping[str, Any] = self.environment.get("load") or {}
        value = load.get(figure)
        return None if value is None else float(value)

    @property
    def seed(self) -> int | None:
        """The seed of the run."""
        seed: int | None = self.spec.get("training", {}).get("seed")
        return seed

    @property
    def pair_number(self) -> int | None:
        """What runs of several arms have in common when they form a pair: as a rule their seed."""
        return self.seed if self.pair is None else self.pair

    @property
    def target(self) -> float | None:
        """The validation accuracy that the run should reach: its own, or the spec's."""
        if self.target_accuracy is not None:
            return self.target_accuracy
        target: float | None = self.spec.get("training", {}).get("target_accuracy")
        return target

    @property
    def title(self) -> str:
        """What a person calls this run: its name, its preset's name, or its id. Not unique."""
        architecture = self.spec.get("architecture", {})
        preset: str | None = architecture.get("preset") if isinstance(architecture, Mapping) else None
        if preset and (normalization := architecture.get("normalization")):
            preset = f"{preset} ({normalization})"
        return self.name or preset or self.job

    @cached_property
    def kept_epochs(self) -> tuple[EpochMetrics, ...]:
        """The epochs that led to the kept network: what came after them was tried and thrown away."""
        return tuple(
            point for point in self.epochs if self.kept_epoch is None or point.epoch <= self.kept_epoch
        )

    @property
    def kept(self) -> EpochMetrics | None:
        """The epoch at whose end the network was as it was kept; None while there is no epoch."""
        return self.kept_epochs[-1] if self.kept_epochs else None

    @cached_property
    def training_seconds(self) -> tuple[float, ...]:
        """Seconds of training steps until each epoch's end: the clock without compilation and evaluation."""
        total, clock = 0.0, []
        for point in self.epochs:
            total += point.train_seconds
            clock.append(total)
        return tuple(clock)


def of_result(result: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a ``RunRecord`` that stand in a job's ``result``; jobs of earlier versions lack some."""
    settled: Mapping[str, Any] | None = result.get("population_statistics")
    majority: Mapping[str, Mapping[str, Any]] = result.get("majority") or {}
    mean: Mapping[str, Mapping[str, Any]] = result.get("beside_mean") or {}
    return {
        "test_accuracy": result.get("test_accuracy"),
        "test_loss": result.get("test_loss"),
        "test_cross_entropy": result.get("test_cross_entropy"),
        "test_balanced_accuracy": result.get("test_balanced_accuracy"),
        "test_macro_f1": result.get("test_macro_f1"),
        **{f"test_{name}": result.get(f"test_{name}") for name in FIGURES},
        "kept_epoch": result.get("kept_epoch"),
        "majority_p_value": (majority.get("test") or mean.get("test") or {}).get("p_value"),
        "imbalance": {
            part: known for part, test in majority.items() if (known := test.get("imbalance")) is not None
        },
        "population": {
            name: settled[name]
            for name in ("val_accuracy", "test_accuracy", "val_r2", "test_r2")
            if name in settled
        }
        if settled
        else {},
    }


def labels(runs: Iterable[RunRecord]) -> tuple[str, ...]:
    """A name for each run that no other run of these has: its title, and where needed its seed or its id."""
    runs = tuple(runs)
    candidates = (
        lambda run: run.title,
        lambda run: f"{run.title}, seed {run.seed}",
        lambda run: f"{run.title}, {run.job}",
    )
    names: dict[int, str] = {}
    for candidate in candidates:
        proposed = {index: candidate(run) for index, run in enumerate(runs) if index not in names}
        counts = [*proposed.values(), *names.values()]
        names |= {index: name for index, name in proposed.items() if counts.count(name) == 1}
    return tuple(names.get(index, f"run {index + 1}") for index in range(len(runs)))
