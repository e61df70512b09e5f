"""The tables of comparisons: arms, the jobs that stand for them, and what happened."""

from typing import Any

from sqlalchemy import BigInteger, Boolean, ForeignKey, ForeignKeyConstraint, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from normlab.store.base import Base
from normlab.store.index_walks import by_age_index
from normlab.store.studies.tables import Study, StudyEvent, StudyMember


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

    __table_args__ = (Index(None, "arm_digest", "comparison_id"),)


class ComparisonJob(StudyMember):
    """The job that trains one arm with one seed."""

    __tablename__ = "comparison_jobs"

    study_id: Mapped[str] = mapped_column("comparison_id", String(40), primary_key=True)
    replicate: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    """Counted from 0; all arms' jobs of a replicate form a pair, as a rule with the same seed."""
    arm: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    """The arm's position."""
    seed: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (
        ForeignKeyConstraint(
            ["comparison_id", "arm"],
            ["comparison_arms.comparison_id", "comparison_arms.position"],
            ondelete="CASCADE",
        ),
        Index(None, "job_id"),
    )


class ComparisonEvent(StudyEvent):
    """Something that happened to a comparison."""

    __tablename__ = "comparison_events"

    study_id: Mapped[str] = mapped_column(
        "comparison_id", ForeignKey("comparisons.id", ondelete="CASCADE"), primary_key=True
    )


class Comparison(Study):
    """Arms that are trained with the same seeds, and what is to be found out about them."""

    __tablename__ = "comparisons"
    noun = "comparison"
    id_prefix = "cmp"
    member_table = ComparisonJob
    event_table = ComparisonEvent

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

    arms: Mapped[list[ComparisonArm]] = relationship(
        lazy="selectin", order_by=ComparisonArm.position, cascade="all, delete-orphan", passive_deletes=True
    )

    __table_args__ = (
        by_age_index("comparisons", None),
        by_age_index("comparisons", "name"),
        Index(None, "id_end", "id"),
    )
