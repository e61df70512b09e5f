"""The tables of comparisons: arms, the jobs that stand for them, and what happened."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from normlab.documents.events import EventKind
from normlab.documents.states import ComparisonState, ComparisonStopReason, JobState
from normlab.store.base import Base, text_enum
from normlab.store.jobs.tables import Job


class Comparison(Base):
    """Arms that are trained with the same seeds, and what is to be found out about them."""

    __tablename__ = "comparisons"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    """``cmp_`` and a number that sorts by time."""
    name: Mapped[str | None] = mapped_column(Text)
    state: Mapped[ComparisonState] = mapped_column(text_enum(ComparisonState))
    stop_reason: Mapped[ComparisonStopReason | None] = mapped_column(text_enum(ComparisonStopReason))
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]
    """When this row or its events last changed."""

    question: Mapped[dict[str, Any]]
    """Metric, confidence, margin, target and plan, as the request named them; the store does not read it."""
    base_seed: Mapped[int] = mapped_column(BigInteger)
    """The seed of replicate 0 in arms without one of their own; each further one is higher by 1."""
    replicates: Mapped[int] = mapped_column(Integer)
    """How many have their jobs."""
    max_replicates: Mapped[int] = mapped_column(Integer)
    fresh: Mapped[bool] = mapped_column(Boolean)
    """Whether every job is made for it, also where one of the same spec has succeeded."""
    verdicts: Mapped[list[dict[str, Any]] | None]
    """Of each pair of arms, when it has ended."""
    result: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """What was found, as the application that decided it wrote it; None while it runs, and of comparisons that ended
    before this column was there. Not JSONB, which would lose the order of the arms."""
    event_count: Mapped[int] = mapped_column(Integer)
    """The number of the newest event."""

    arms: Mapped[list["ComparisonArm"]] = relationship(
        lazy="selectin", order_by="ComparisonArm.position", cascade="all, delete-orphan", passive_deletes=True
    )

    __table_args__ = (Index(None, "state"),)


class ComparisonArm(Base):
    """One side of a comparison."""

    __tablename__ = "comparison_arms"

    comparison_id: Mapped[str] = mapped_column(
        ForeignKey("comparisons.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(Text)
    spec: Mapped[dict[str, Any]]
    """The expanded spec without its seed."""
    arm_digest: Mapped[str] = mapped_column(String(80))
    base_seed: Mapped[int | None] = mapped_column(BigInteger)
    """Its seed of replicate 0, where that is not the comparison's."""


class ComparisonJob(Base):
    """The job that trains one arm with one seed."""

    __tablename__ = "comparison_jobs"

    comparison_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    replicate: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    """Counted from 0; all arms' jobs of a replicate form a pair, as a rule with the same seed."""
    arm: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    """The arm's position."""
    seed: Mapped[int] = mapped_column(BigInteger)
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id"))
    """A job that is used here cannot be deleted: the database refuses it."""
    job: Mapped[Job] = relationship(lazy="raise")
    reused: Mapped[bool] = mapped_column(Boolean)
    """Whether the job was there before, or was made for this comparison."""
    ended: Mapped[JobState | None] = mapped_column(text_enum(JobState))
    """The final state in which the comparison last found the job, and which its events have told. When the
    comparison has ended it stays, whatever becomes of the job."""

    __table_args__ = (
        ForeignKeyConstraint(
            ["comparison_id", "arm"],
            ["comparison_arms.comparison_id", "comparison_arms.position"],
            ondelete="CASCADE",
        ),
        Index(None, "job_id"),
    )


class ComparisonEvent(Base):
    """Something that happened to a comparison, numbered from 1 without gaps."""

    __tablename__ = "comparison_events"

    comparison_id: Mapped[str] = mapped_column(
        ForeignKey("comparisons.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    kind: Mapped[EventKind] = mapped_column(text_enum(EventKind))
    at: Mapped[datetime]
    data: Mapped[dict[str, Any]]
