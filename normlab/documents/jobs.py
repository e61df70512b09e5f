"""Jobs: their progress, their results, and what became of them."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from normlab.documents.base import Document, OfNumbers
from normlab.documents.environments import JobDigests, JobEnvironment
from normlab.documents.states import FailureCode, JobState, WarningCode
from normlab.spec import Estimate, JobSpec, parse_job_spec
from normlab.spec.columns import Task
from normlab.spec.fields import LEFT_OUT
from normlab.spec.open_enum import Open
from normlab.spec.runs import Phase, StopReason


class JobOrder(StrEnum):
    """What a list of jobs is sorted by. Jobs that have no such figure come last; of equals, the newest first."""

    NEWEST = "newest"
    OLDEST = "oldest"
    BEST_VAL_ACCURACY = "best_val_accuracy"
    """The highest first, as all accuracies."""
    KEPT_VAL_ACCURACY = "kept_val_accuracy"
    TEST_ACCURACY = "test_accuracy"
    TRAIN_SECONDS = "train_seconds"
    """The shortest first."""

    @property
    def by_age(self) -> bool:
        """Whether it looks at when jobs were made, and at no figure."""
        return self in (JobOrder.NEWEST, JobOrder.OLDEST)


class JobProgress(Document):
    """Where a running job is."""

    phase: Open[Phase]
    epoch: int = Field(description="Counted from 1.")
    epochs: int
    step: int = Field(description="Steps done of this epoch.")
    steps: int = Field(description="Steps of an epoch.")
    loss: float | None = Field(default=None, description="Mean training loss of the epoch so far.")
    fraction: float | None = Field(default=None, description="How much of the whole run is done, 0 to 1.")
    estimated_end_at: datetime | None = None


class MajorityDocument(Document):
    """An accuracy beside that of always answering the most frequent class."""

    samples: int
    correct: int
    majority_class: int
    majority_share: float = Field(description="The accuracy of always answering that class.")
    p_value: float = Field(
        description=(
            "Of the exact binomial test: how probable so many right answers or more are at `majority_share`. "
            "Above 0.01 the accuracy is not told from a guess."
        )
    )
    imbalance: float | None = Field(
        default=None,
        description=(
            "How far from equally frequent the classes are, 0 to 1: half the sum of the absolute differences between "
            "their shares and equal ones, which is the most that accuracy and balanced accuracy can be apart. Null in "
            "jobs from before it was kept."
        ),
    )


class MeanDocument(Document):
    """A mean squared error beside that of always answering the mean of the training rows' targets."""

    samples: int
    mse: float
    mean: float = Field(description="Of the training rows' targets.")
    mean_mse: float = Field(description="The mean squared error of always answering it.")
    p_value: float = Field(
        description=(
            "Of the one-sided paired t test by sample: how probable so much less squared error is if the network is no "
            "better. Above 0.01 it is not told from the mean."
        )
    )


class PopulationDocument(Document):
    """The kept network's accuracies (or R²), had its moving statistics of batch normalization settled: their means and
    variances are taken over training data, with the final weights. The network itself is not changed."""

    samples: int = Field(description="Training samples that the statistics were taken over.")
    start_share: float = Field(
        description=(
            "How much of the kept moving statistics is still what they began as: the momentum to the power of "
            "`updates`."
        )
    )
    updates: int = Field(description="Steps until the kept epoch's end.")
    val_accuracy: float | None
    test_accuracy: float | None
    val_r2: OfNumbers = None
    test_r2: OfNumbers = None
    seconds: float = Field(description="What measuring this took.")


class JobResult(Document):
    """What a succeeded job came to. Accuracies are fractions, 0 to 1."""

    epochs: int = Field(description="Epochs that were trained.")
    stop_reason: Open[StopReason]
    kept_epoch: int | None = Field(
        default=None,
        description=(
            "The epoch whose weights were kept, exported and evaluated on the test set: the last one, or with "
            "`restore_best_weights` the best by what `early_stopping` monitors. Null in jobs from before it was stored."
        ),
    )
    kept_val_accuracy: float | None = Field(default=None, description="Of the kept network.")
    kept_val_balanced_accuracy: float | None = Field(
        default=None,
        description=(
            "Mean recall of the classes that have validation samples. As the figures below, null in jobs from before "
            "it was kept."
        ),
    )
    kept_val_macro_f1: float | None = Field(
        default=None, description="Mean F1 of the classes that a validation sample has or was given."
    )
    kept_val_cross_entropy: float | None = Field(
        default=None, description="The log loss of the validation samples."
    )
    kept_val_mse: OfNumbers = Field(
        default=None,
        description=(
            "Mean squared error on the validation samples, where numbers are predicted, in the target's own unit; as "
            "the other figures of numbers left out where classes are."
        ),
    )
    kept_val_rmse: OfNumbers = None
    kept_val_mae: OfNumbers = None
    kept_val_r2: OfNumbers = Field(default=None, description="R², against the validation samples' own mean.")
    test_mse: OfNumbers = Field(default=None, description="The same four of the test samples.")
    test_rmse: OfNumbers = None
    test_mae: OfNumbers = None
    test_r2: OfNumbers = None
    beside_mean: Annotated[dict[str, MeanDocument] | None, LEFT_OUT] = Field(
        default=None,
        description=(
            "The squared errors on `test` and `validation` beside those of always answering the mean of the training "
            "rows' targets."
        ),
    )
    best_epoch: int | None = Field(
        description=(
            "The epoch with the highest validation accuracy, or the smallest mean squared error where numbers are "
            "predicted, of those up to the kept one."
        )
    )
    best_val_accuracy: float | None
    test_loss: float | None = Field(description="On the test set, measured once, of the kept network.")
    test_accuracy: float | None
    test_balanced_accuracy: float | None = Field(
        default=None, description="Mean recall of the classes that have test samples."
    )
    test_macro_f1: float | None = Field(
        default=None, description="Mean F1 of the classes that a test sample has or was given."
    )
    majority: dict[str, MajorityDocument] = Field(
        default_factory=dict,
        description="The accuracies on `test` and `validation` beside always answering the most frequent class.",
    )
    population_statistics: PopulationDocument | None = Field(
        default=None, description="Only with batch normalization: the accuracies with settled statistics."
    )
    test_cross_entropy: float | None = Field(
        default=None,
        description="The log loss, which is the plain cross-entropy: `test_loss` without L2 penalty, label smoothing "
        "and focal factor; null in jobs from before it was kept.",
    )
    reached_target_at_epoch: int | None = Field(
        description="The first epoch that reached `target_accuracy`, of those up to the kept one."
    )
    train_seconds: float


class JobTimings(Document):
    """Where the time went, in seconds."""

    waiting_seconds: float | None = Field(default=None, description="In the queue.")
    starting_seconds: float | None = Field(default=None, description="Loading data and building the network.")
    compiling_seconds: float | None = None
    training_seconds: float | None = None
    probing_seconds: float | None = Field(
        default=None,
        description="Measuring inside the network (`probes`), which no clock of the training counts.",
    )
    evaluating_seconds: float | None = None
    exporting_seconds: float | None = None
    total_seconds: float | None = None


class JobError(Document):
    """Why a job failed."""

    code: Open[FailureCode]
    detail: str


class StateChange(Document):
    """One step of a job's way through its states."""

    state: Open[JobState]
    at: datetime
    attempt: int
    reason: str


class JobWarning(Document):
    """Something that went wrong and did not end the job."""

    code: Open[WarningCode]
    detail: str
    at: datetime
    attempt: int


class JobLinks(Document):
    """Where everything else about a job is."""

    self: str
    metrics: str
    probes: str | None = Field(default=None, description="What was measured inside its network.")
    diagnosis: str | None = Field(default=None, description="What those measurements say.")
    events: str
    model: str
    predict: str
    cancel: str
    retry: str


class JobDocument(Document):
    """One training run."""

    id: str
    name: str | None
    tags: tuple[str, ...]
    state: Open[JobState]
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
    environment: JobEnvironment | None = Field(
        description="Versions, machine and executor it was trained with, and how busy the machine was (`load`)."
    )
    digests: JobDigests | None = Field(description="Checksums that prove what was the same between runs.")
    history: tuple[StateChange, ...]
    warnings: tuple[JobWarning, ...]
    links: JobLinks

    @property
    def title(self) -> str:
        """What a person calls it: its name, else its preset, else its id."""
        architecture = self.spec.get("architecture")
        architecture = architecture if isinstance(architecture, dict) else {}
        preset = architecture.get("preset")
        if preset and (normalization := architecture.get("normalization")):
            preset = f"{preset} ({normalization})"
        return self.name or preset or self.id

    @property
    def job_spec(self) -> JobSpec:
        """The spec as an object with typed fields, such as ``job_spec.training.epochs``.

        Raises:
            SpecError: It holds what this version of Normlab does not know.
        """
        return parse_job_spec(self.spec)

    @property
    def preset(self) -> str | None:
        """The preset's name; None for layers of one's own."""
        preset: str | None = self.spec["architecture"].get("preset")
        return preset

    @property
    def dataset(self) -> str:
        """The dataset's name."""
        return str(self.spec["dataset"]["name"])

    @property
    def dataset_version(self) -> int | None:
        """The version of an uploaded dataset; a built-in one never changes."""
        version: int | None = self.spec["dataset"].get("version")
        return version

    @property
    def predicts_numbers(self) -> bool:
        """Whether its network predicts numbers, and not classes."""
        content = self.spec["dataset"].get("content") or {}
        return bool(content.get("task") == Task.REGRESSION)

    @property
    def epochs(self) -> int:
        """How many epochs were asked for; ``result.epochs`` were trained."""
        return int(self.spec["training"]["epochs"])

    @property
    def seed(self) -> int:
        """The seed of the initial weights, the order of the samples, and dropout."""
        return int(self.spec["training"]["seed"])

    @property
    def batch_size(self) -> int:
        """Samples in each training step."""
        return int(self.spec["training"]["batch_size"])

    @property
    def optimizer(self) -> str:
        """The optimizer's name."""
        return str(self.spec["training"]["optimizer"]["name"])

    @property
    def learning_rate(self) -> float:
        """The optimizer's learning rate, before any schedule."""
        return float(self.spec["training"]["optimizer"]["learning_rate"])


class JobList(Document):
    """A page of jobs, newest first."""

    data: tuple[JobDocument, ...]
    has_more: bool
    next: str | None = Field(description="The `cursor` of the next page; null on the last one.")


class SpecWarning(Document):
    """What makes learning hard in a spec that can be built."""

    pointer: str = Field(description="A JSON pointer into the spec.")
    detail: str


class ValidatedJob(Document):
    """What a spec would train, without training it."""

    spec: dict[str, Any] = Field(description="With every default written out.")
    spec_digest: str
    estimate: Estimate
    warnings: tuple[SpecWarning, ...] = ()
