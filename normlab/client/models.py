"""What the service answers, typed. Fields that a newer service adds are kept and not checked."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from normlab.spec import DatasetInfo


class Answer(BaseModel):
    """A part of an answer."""

    model_config = ConfigDict(frozen=True, extra="allow", protected_namespaces=())


class JobState(StrEnum):
    """Where a job is on its way."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Whether nothing follows it."""
        return self in {JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED}


class Progress(Answer):
    """How far a running attempt is; ``epoch`` counts from 1, ``step`` within the epoch."""

    phase: str
    epoch: int
    epochs: int
    step: int
    steps: int
    loss: float | None = None
    fraction: float | None = None
    estimated_end_at: datetime | None = None


class Result(Answer):
    """What a succeeded job reached. Accuracies are fractions from 0 to 1."""

    epochs: int
    stop_reason: str
    best_epoch: int | None = None
    best_val_accuracy: float | None = None
    last_val_accuracy: float | None = None
    test_loss: float | None = None
    test_accuracy: float | None = None
    reached_target_at_epoch: int | None = None
    train_seconds: float | None = None


class JobFailure(Answer):
    """Why a job failed: a short code that programs can test for, and a sentence."""

    code: str
    detail: str


class StateChange(Answer):
    """One step of a job's history."""

    state: JobState
    at: datetime
    attempt: int | None = None
    reason: str | None = None


class JobWarning(Answer):
    """Something that went wrong and did not end the job."""

    code: str
    detail: str
    at: datetime
    attempt: int


class Job(Answer):
    """One training run."""

    id: str
    name: str | None
    tags: tuple[str, ...]
    state: JobState
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    spec: dict[str, Any]
    spec_digest: str
    arm_digest: str
    attempt: int
    max_attempts: int
    position: int | None = None
    waiting_for: str | None = None
    estimated_start_at: datetime | None = None
    progress: Progress | None
    result: Result | None
    timings: dict[str, float | None] | None
    error: JobFailure | None
    environment: dict[str, Any] | None = None
    digests: dict[str, Any] | None = None
    history: tuple[StateChange, ...] = ()
    warnings: tuple[JobWarning, ...] = ()
    links: dict[str, str] = Field(default_factory=dict)

    @property
    def title(self) -> str:
        """What a person calls it: its name, else its preset, else its id."""
        architecture = self.spec.get("architecture")
        preset = architecture.get("preset") if isinstance(architecture, dict) else None
        return self.name or preset or self.id


class JobPage(Answer):
    """Some of the jobs, newest first, and the cursor of the page behind them."""

    data: tuple[Job, ...]
    next: str | None


class EpochMetrics(Answer):
    """One epoch; ``epoch`` counts from 1, ``elapsed_seconds`` from the start of the run."""

    epoch: int
    learning_rate: float
    loss: float
    accuracy: float
    val_loss: float | None
    val_accuracy: float | None
    train_seconds: float
    evaluate_seconds: float
    elapsed_seconds: float
    recorded_at: datetime


class Metrics(Answer):
    """All epochs of a job so far, and their sums."""

    job: str
    state: JobState
    epochs: tuple[EpochMetrics, ...]
    totals: dict[str, float | None]


class Validation(Answer):
    """An accepted spec, written out, with its size and cost. Nothing was stored."""

    spec: dict[str, Any]
    spec_digest: str
    estimate: dict[str, Any]


class ClassScore(Answer):
    """A class and its probability."""

    label: int
    class_name: str = Field(alias="class")
    probability: float


class Prediction(ClassScore):
    """What a network sees in one image: the most probable class.

    ``probabilities`` are in the order of the dataset's classes; ``top_k`` has as many of the best classes as
    were asked for.
    """

    probabilities: tuple[float, ...]
    top_k: tuple[ClassScore, ...] = ()


class Predictions(Answer):
    """The predictions of one request, in the order of its images."""

    predictions: tuple[Prediction, ...]


class ModelFile(Answer):
    """One format of a trained network."""

    format: str
    media_type: str
    bytes: int
    sha256: str
    url: str


class Model(Answer):
    """A trained network: its layers with their variables, its files, and what it takes and says."""

    job: str
    formats: tuple[ModelFile, ...]
    layers: tuple[dict[str, Any], ...]
    parameters: int
    trainable_parameters: int
    input: dict[str, Any]
    classes: tuple[str, ...]


class Difference(Answer):
    """A field of the specs in which compared jobs differ, with its value in each by job id."""

    field: str
    values: dict[str, Any]


class ComparedJob(Answer):
    """The figures of one job in a comparison; None where there is nothing to say (yet).

    ``name`` is unique within the comparison. Clocks count training steps, without compilation;
    ``run_seconds`` is the whole run.
    """

    id: str
    name: str
    best_val_accuracy: float | None = None
    best_epoch: int | None = None
    last_val_accuracy: float | None = None
    test_accuracy: float | None = None
    seconds_per_epoch: float | None = None
    train_seconds: float | None = None
    run_seconds: float | None = None
    target_accuracy: float | None = None
    reached_target_at_epoch: int | None = None
    seconds_to_target: float | None = None


class Comparison(Answer):
    """Several jobs side by side: what differs between their specs, what came of it, and what to beware of."""

    jobs: tuple[ComparedJob, ...]
    differences: tuple[Difference, ...]
    caveats: tuple[str, ...]
    statistics: dict[str, Any] | None = None
    """When finished jobs form arms with common seeds."""


class ComparisonState(StrEnum):
    """Where a comparison of arms is."""

    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"


class VerdictOfPair(Answer):
    """What is said of two arms: ``a_better``, ``b_better``, ``equivalent`` or ``inconclusive``, and why."""

    a: str
    b: str
    verdict: str
    sentence: str


class ComparisonEntry(Answer):
    """A comparison of arms in the list of all."""

    id: str
    name: str | None
    state: ComparisonState
    stop_reason: str | None
    created_at: datetime
    finished_at: datetime | None
    metric: str
    confidence: float
    equivalence_margin: float
    target_accuracy: float | None
    replicates: dict[str, int]
    base_seed: int
    arm_names: tuple[str, ...]
    verdicts: tuple[VerdictOfPair, ...] | None
    """When it has ended."""
    links: dict[str, Any]


class ComparisonPage(Answer):
    """Some of the comparisons, newest first, and the cursor of those behind them."""

    data: tuple[ComparisonEntry, ...]
    next: str | None


class ArmJob(Answer):
    """The job that trains an arm with one seed; ``value`` is the metric when it has succeeded."""

    job: str
    seed: int
    state: JobState
    reused: bool
    value: float | None
    error: str | None


class Arm(Answer):
    """One side of a comparison."""

    name: str
    spec: dict[str, Any]
    arm_digest: str
    base_seed: int | None = None
    jobs: tuple[ArmJob, ...]


class ComparisonProgress(Answer):
    """How many pairs there are, and how many are missing."""

    pairs: int
    pairs_left_out: int
    pairs_running: int
    pairs_planned: int
    next_look: int | None
    jobs: dict[JobState, int]
    fraction: float


class ComparisonResult(Answer):
    """What the complete pairs say; the analysis documents its parts."""

    final: bool
    seeds: tuple[int | None, ...]
    arms: dict[str, dict[str, Any]]
    pairs: tuple[dict[str, Any], ...]
    clocks: dict[str, Any] | None
    costs: dict[str, dict[str, Any]]
    pareto_front: tuple[str, ...]
    differences: tuple[Difference, ...]
    caveats: tuple[str, ...]


class ArmComparison(ComparisonEntry):
    """Arms that are trained with the same seeds, with all that is known so far."""

    arms: tuple[Arm, ...]
    progress: ComparisonProgress
    result: ComparisonResult | None
    left_out: tuple[str, ...]


class ArchitectureInfo(Answer):
    """A preset, expanded."""

    name: str
    description: str
    layers: tuple[dict[str, Any], ...]
    parameters: int


class Architectures(Answer):
    """All presets."""

    data: tuple[ArchitectureInfo, ...]


class Datasets(Answer):
    """All datasets."""

    data: tuple[DatasetInfo, ...]
