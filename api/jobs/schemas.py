"""What the API answers: the shapes that ``/docs`` shows, with an example each."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from api.jobs import examples
from normlab.spec import DatasetInfo, Estimate
from normlab.store import FailureCode, JobState, WarningCode

Fraction = Annotated[float, Field(ge=0, le=1)]


class Answer(BaseModel):
    """The base of all answers; they are made from rows as well as from dicts."""

    model_config = ConfigDict(from_attributes=True)


class JobProgress(Answer):
    """Where a running job is."""

    phase: str = Field(description="`starting`, `compiling`, `training`, `evaluating` or `exporting`.")
    epoch: int = Field(description="Counted from 1.")
    epochs: int
    step: int = Field(description="Steps done of this epoch.")
    steps: int = Field(description="Steps of an epoch.")
    loss: float | None = Field(default=None, description="Mean training loss of the epoch so far.")
    fraction: float | None = Field(default=None, description="How much of the whole run is done, 0 to 1.")
    estimated_end_at: datetime | None = None


class JobResult(Answer):
    """What a succeeded job came to. Accuracies are fractions, 0 to 1."""

    epochs: int = Field(description="Epochs that were trained.")
    stop_reason: str = Field(description="`completed` or `early_stopping`.")
    best_epoch: int | None = Field(description="The epoch with the highest validation accuracy.")
    best_val_accuracy: float | None
    last_val_accuracy: float | None
    test_loss: float | None = Field(description="On the test set, measured once, after the last epoch.")
    test_accuracy: float | None
    reached_target_at_epoch: int | None = Field(description="The first epoch that reached `target_accuracy`.")
    train_seconds: float


class JobTimings(Answer):
    """Where the time went, in seconds."""

    waiting_seconds: float | None = Field(default=None, description="In the queue.")
    starting_seconds: float | None = Field(default=None, description="Loading data and building the network.")
    compiling_seconds: float | None = None
    training_seconds: float | None = None
    evaluating_seconds: float | None = None
    exporting_seconds: float | None = None
    total_seconds: float | None = None


class JobError(Answer):
    """Why a job failed."""

    code: FailureCode
    detail: str


class StateChange(Answer):
    """One step of a job's way through its states."""

    state: JobState
    at: datetime
    attempt: int
    reason: str


class JobWarning(Answer):
    """Something that went wrong and did not end the job."""

    code: WarningCode
    detail: str
    at: datetime
    attempt: int


class JobLinks(Answer):
    """Where everything else about a job is."""

    self: str
    metrics: str
    events: str
    model: str
    predict: str
    cancel: str
    retry: str


class JobDocument(Answer):
    """One training run."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.JOB]})

    id: str
    name: str | None
    tags: list[str]
    state: JobState
    created_at: datetime
    started_at: datetime | None = Field(description="When the first attempt began.")
    finished_at: datetime | None
    spec: dict[str, Any] = Field(description="The job spec with every default written out.")
    spec_digest: str = Field(description="The same for every job that computes the same numbers.")
    arm_digest: str = Field(description="`spec_digest` without the seed.")
    attempt: int = Field(description="The current attempt, 0 before the first.")
    max_attempts: int
    position: int | None = Field(description="In the queue, 1 for the next. Only while the job waits.")
    waiting_for: str | None = Field(
        description="Its turn, or a worker that could train it, if there is none."
    )
    estimated_start_at: datetime | None = Field(
        description="From measured run times; null when there are none yet, or nobody could train it."
    )
    progress: JobProgress | None = Field(description="Only while the job runs.")
    result: JobResult | None = Field(description="Only when it has succeeded.")
    timings: JobTimings | None
    error: JobError | None = Field(description="Only when it has failed.")
    environment: dict[str, Any] | None = Field(
        description="Versions, machine and executor it was trained with, and how busy the machine was (`load`)."
    )
    digests: dict[str, Any] | None = Field(description="Checksums that prove what was the same between runs.")
    history: list[StateChange]
    warnings: list[JobWarning]
    links: JobLinks


class JobList(Answer):
    """A page of jobs, newest first."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.JOBS]})

    data: list[JobDocument]
    has_more: bool
    next: str | None = Field(description="The `cursor` of the next page; null on the last one.")


class ValidatedJob(Answer):
    """What a spec would train, without training it."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.VALIDATED]})

    spec: dict[str, Any]
    spec_digest: str
    estimate: Estimate


class EpochDocument(Answer):
    """One epoch. Accuracies are fractions, 0 to 1; times are seconds."""

    epoch: int = Field(description="Counted from 1.")
    learning_rate: float
    loss: float
    accuracy: float
    val_loss: float | None
    val_accuracy: float | None
    train_seconds: float = Field(description="Training alone, without compiling and evaluating.")
    evaluate_seconds: float
    compile_seconds: float
    elapsed_seconds: float = Field(description="From the start of the run to the end of this epoch.")
    recorded_at: datetime


class MetricTotals(Answer):
    """Sums over the epochs so far."""

    epochs: int
    train_seconds: float
    evaluate_seconds: float
    run_seconds: float = Field(description="From the start of the run to the end of the last epoch.")


class MetricsDocument(Answer):
    """A job's epochs."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.METRICS]})

    job: str
    state: JobState
    epochs: list[EpochDocument]
    totals: MetricTotals


class ModelFormat(Answer):
    """A format in which the trained network can be downloaded."""

    format: str
    media_type: str
    bytes: int
    sha256: str
    url: str


class VariableDocument(Answer):
    """One variable of a layer."""

    name: str
    shape: list[int]
    trainable: bool
    dtype: str


class LayerDocument(Answer):
    """One layer of the trained network; its output shape is without the batch."""

    name: str
    type: str
    output_shape: list[int]
    parameters: int
    variables: list[VariableDocument]


class ModelInput(Answer):
    """What the model takes: raw pixels, the scaling is part of it."""

    shape: list[int] = Field(description="(height, width) or (height, width, channels), without the batch.")
    dtype: str
    pixel_max: int


class ModelDocument(Answer):
    """A trained network."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.MODEL]})

    job: str
    formats: list[ModelFormat]
    layers: list[LayerDocument]
    parameters: int
    trainable_parameters: int
    input: ModelInput
    classes: list[str]


class ClassScore(Answer):
    """One of the most probable classes."""

    model_config = ConfigDict(populate_by_name=True)

    label: int
    class_name: str = Field(alias="class")
    probability: Fraction


class PredictionDocument(ClassScore):
    """What the network says about one image."""

    probabilities: list[float] = Field(
        description="One for each class, in the order of the dataset's classes."
    )
    top_k: list[ClassScore] | None = Field(
        default=None, description="The best classes, when `top_k` was asked for."
    )
    image: str | None = Field(
        default=None, description="What the model saw, a PNG as a `data:` URL, when `image` was asked for."
    )


class Predictions(Answer):
    """What the network says about each image, in the order they were sent."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.PREDICTIONS]})

    job: str
    model: str | None = Field(default=None, description="The name that was asked for, if one was.")
    version: int | None = Field(default=None, description="The name's version that answers.")
    predictions: list[PredictionDocument]


class Instances(Answer):
    """Images to classify, in the dataset's raw pixel values."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [examples.INSTANCES]})

    instances: list[list[Any]] = Field(
        min_length=1,
        description="Each image nested (height by width, by channels) or as one flat list of numbers.",
    )


class ComparedJob(Answer):
    """One job's figures. What is not known, such as a target that was not reached, is null."""

    id: str
    name: str = Field(description="A name that no other job of the comparison has.")
    seed: int | None
    epochs: int
    parameters: int | None
    multiplications_per_sample: int | None = Field(description="Multiply-adds of one forward pass.")
    best_val_accuracy: float | None
    best_epoch: int | None
    last_val_accuracy: float | None
    last_epoch: int | None
    test_accuracy: float | None
    seconds_per_epoch: float | None = Field(description="Median of the epochs' training seconds.")
    compile_seconds: float | None
    train_seconds: float
    run_seconds: float | None = Field(description="The whole run, from claim to end.")
    target_accuracy: float | None
    reached_target_at_epoch: int | None
    seconds_to_target: float | None = Field(description="Training seconds until the target was reached.")


class DifferenceDocument(Answer):
    """A field in which the specs differ."""

    field: str
    values: dict[str, Any] = Field(description="By job id.")


class ArchitectureDocument(Answer):
    """A preset."""

    name: str
    description: str
    layers: list[dict[str, Any]] = Field(description="As a job spec would write them, defaults included.")
    parameters: int = Field(description="Numbers that the network keeps when it is built for Fashion-MNIST.")
    trainable_parameters: int


class ArchitectureList(Answer):
    """All presets."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.ARCHITECTURES]})

    data: list[ArchitectureDocument]


class DatasetList(Answer):
    """All datasets."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.DATASETS]})

    data: list[DatasetInfo]


class Alive(Answer):
    """The process answers."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.ALIVE]})

    status: str


class Readiness(Answer):
    """Whether the service can work, and if not, what is missing."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.READY]})

    status: str = Field(description="`ready` or `unavailable`.")
    checks: dict[str, str] = Field(
        description="For each thing that is needed, `ok` or what is wrong with it."
    )


class Index(Answer):
    """What there is."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.INDEX]})

    name: str
    version: str
    links: dict[str, str]
