"""What each epoch of a job came to."""

from datetime import datetime

from pydantic import Field

from normlab.documents.base import Document
from normlab.documents.jobs import JobWarning
from normlab.documents.states import JobState
from normlab.spec.epochs import EpochMetrics
from normlab.spec.open_enum import Open


class EpochDocument(Document, EpochMetrics):
    """One epoch. Accuracies are fractions, 0 to 1; times are seconds."""

    recorded_at: datetime


class MetricTotals(Document):
    """Sums over the epochs so far."""

    epochs: int
    train_seconds: float
    evaluate_seconds: float
    run_seconds: float = Field(description="From the start of the run to the end of the last epoch.")


class MetricsDocument(Document):
    """A job's epochs."""

    job: str
    state: Open[JobState]
    kept_epoch: int | None = Field(
        description="The epoch whose weights the job's network has. Null until the job has succeeded."
    )
    warnings: tuple[JobWarning, ...] = Field(description="What to know before reading the numbers.")
    epochs: tuple[EpochDocument, ...]
    totals: MetricTotals
