"""The tables. ``migrations/`` makes them; a test holds the two together."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from normlab.documents.events import EventKind
from normlab.documents.states import FailureCode, JobState
from normlab.spec.epochs import EpochMetrics
from normlab.store.base import Base, text_enum
from normlab.store.index_walks import partial
from normlab.store.jobs.figures import Figures, indexes

SUCCEEDED = f"state = '{JobState.SUCCEEDED.value}'"
"""The condition as partial indexes have it, written out: databases use these for no parameter."""


class Job(Base, Figures):
    """One training run of a spec; this row is the truth about it."""

    __tablename__ = "jobs"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    """``job_`` and a number that sorts by time."""
    id_end: Mapped[str | None] = mapped_column(String(2))
    """The id's last letters, by which a list finds ids that end with something."""
    name: Mapped[str | None] = mapped_column(Text)
    tags: Mapped[list["JobTag"]] = relationship(
        lazy="selectin", order_by="JobTag.position", cascade="all, delete-orphan"
    )

    state: Mapped[JobState] = mapped_column(text_enum(JobState))
    created_at: Mapped[datetime]
    queued_at: Mapped[datetime]
    """When it was handed in, or retried by hand. Within a priority the queue is ordered by it, so a job that was
    taken back from a worker goes before those that came later.
    """
    started_at: Mapped[datetime | None]
    """When the first attempt began."""
    finished_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]
    """When this row, its epochs or its events last changed."""

    spec: Mapped[dict[str, Any]]
    """The expanded spec, as ``JobSpec.to_document()`` gives it."""
    dataset: Mapped[str | None] = mapped_column(String(64))
    """The name in ``spec``, for lists."""
    preset: Mapped[str | None] = mapped_column(String(64))
    """The preset in ``spec``, if it has one, for lists."""
    spec_digest: Mapped[str] = mapped_column(String(80))
    arm_digest: Mapped[str] = mapped_column(String(80))
    """The digest of the spec without its seed."""
    priority: Mapped[int] = mapped_column(Integer)
    """-10 to 10; higher goes first."""
    max_runtime_seconds: Mapped[float | None]

    attempt: Mapped[int] = mapped_column(Integer)
    """The attempt that may write; 0 before the first. Only ever grows, so it fences off the ones before."""
    lost_attempts: Mapped[int] = mapped_column(Integer)
    """Attempts that ended in silence. An attempt that was put back by a worker's shutdown is not counted."""
    max_attempts: Mapped[int] = mapped_column(Integer)
    """The job fails when so many attempts were lost."""
    worker: Mapped[str | None] = mapped_column(Text)
    """Which process has the job: host, worker and child."""
    lease_expires_at: Mapped[datetime | None]
    cancel_requested_at: Mapped[datetime | None]
    """Set while running: from then on the job can only end as ``cancelled``."""
    event_count: Mapped[int] = mapped_column(Integer)
    """The number of the newest event."""

    progress: Mapped[dict[str, Any] | None]
    """What an attempt has last reported, with its number as ``attempt`` and the moment as ``at``."""
    result: Mapped[dict[str, Any] | None]
    timings: Mapped[dict[str, Any] | None]
    environment: Mapped[dict[str, Any] | None]
    digests: Mapped[dict[str, Any] | None]
    layers: Mapped[list[dict[str, Any]] | None]
    """The trained network's layers and variables."""
    error_code: Mapped[FailureCode | None] = mapped_column(text_enum(FailureCode))
    error_detail: Mapped[str | None] = mapped_column(Text)

    @property
    def tag_names(self) -> list[str]:
        """The tags as they were given."""
        return [tag.tag for tag in self.tags]

    __table_args__ = (
        # Whoever takes the head of the queue or counts who is ahead reads nothing but this.
        Index("ix_jobs_queue", "state", text("priority DESC"), "queued_at", "id", "arm_digest"),
        # The mean run times of the jobs that succeeded last: nothing but this is read.
        Index("ix_jobs_last_runs", "finished_at", "started_at", "arm_digest", **partial(SUCCEEDED)),
        Index(None, "spec_digest"),
        Index(None, "arm_digest"),
        Index(None, "id_end", "id"),
        *indexes("jobs", None),
        *(index for column in ("name", "dataset", "preset") for index in indexes("jobs", column)),
    )


class JobTag(Base, Figures):
    """One of a job's tags, with copies of what lists of the jobs with a tag are filtered and sorted by."""

    __tablename__ = "job_tags"

    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    tag: Mapped[str] = mapped_column(String(200), primary_key=True)
    position: Mapped[int] = mapped_column(Integer)
    state: Mapped[JobState] = mapped_column(text_enum(JobState))
    """The job's."""

    __table_args__ = tuple(indexes("job_tags", "tag", "job_id"))


class Epoch(Base):
    """One epoch's ``EpochMetrics``. A later attempt that trains the epoch again overwrites them."""

    __tablename__ = "epochs"

    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    epoch: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    """Counted from 1."""
    attempt: Mapped[int] = mapped_column(Integer)
    learning_rate: Mapped[float]
    loss: Mapped[float]
    accuracy: Mapped[float | None]
    val_loss: Mapped[float | None]
    val_accuracy: Mapped[float | None]
    cross_entropy: Mapped[float | None]
    val_cross_entropy: Mapped[float | None]
    val_balanced_accuracy: Mapped[float | None]
    val_macro_f1: Mapped[float | None]
    mse: Mapped[float | None]
    rmse: Mapped[float | None]
    mae: Mapped[float | None]
    r2: Mapped[float | None]
    val_mse: Mapped[float | None]
    val_rmse: Mapped[float | None]
    val_mae: Mapped[float | None]
    val_r2: Mapped[float | None]
    train_seconds: Mapped[float]
    evaluate_seconds: Mapped[float]
    compile_seconds: Mapped[float]
    elapsed_seconds: Mapped[float]
    recorded_at: Mapped[datetime]

    @property
    def metrics(self) -> EpochMetrics:
        """The numbers, apart from where and when they were stored."""
        return EpochMetrics.model_validate(self, from_attributes=True)


TOLD_OF_JOBS = text("kind IN ('state', 'warning')")
"""The events that answers about a job tell. Word for word the condition of their index, which databases want."""
MEASURED = text("kind = 'measured'")
"""The event of a job that says up to where there are measurements; the same holds of its words."""


class Event(Base):
    """Something that happened to a job, numbered from 1 as it happened."""

    __tablename__ = "events"

    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    kind: Mapped[EventKind] = mapped_column(text_enum(EventKind))
    at: Mapped[datetime]
    attempt: Mapped[int] = mapped_column(Integer)
    data: Mapped[dict[str, Any]]

    __table_args__ = (
        # Spares them the many that tell of epochs and measurements.
        Index("ix_events_told", "job_id", "number", sqlite_where=TOLD_OF_JOBS, postgresql_where=TOLD_OF_JOBS),
        # Of which there is one at most.
        Index("ix_events_measured", "job_id", "number", sqlite_where=MEASURED, postgresql_where=MEASURED),
    )


class WorkerChild(Base):
    """A process that trains jobs, as it announced itself."""

    __tablename__ = "worker_children"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    """Host, worker and process, as the jobs' rows name it."""
    has_gpu: Mapped[bool]
    seen_at: Mapped[datetime]
