"""The tables of sweeps: arms, their points, the jobs that stand for them, and what happened."""

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

from normlab.store.base import Base
from normlab.store.index_walks import by_age_index
from normlab.store.studies.tables import Study, StudyEvent, StudyMember


class SweepArm(Base):
    """A network that is swept."""

    __tablename__ = "sweep_arms"

    sweep_id: Mapped[str] = mapped_column(ForeignKey("sweeps.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(Text)
    spec: Mapped[dict[str, Any]]
    """The expanded spec without its seed, before any value of the space is put into it."""
    arm_digest: Mapped[str] = mapped_column(String(80))


class SweepPoint(Base):
    """A point of the space that an arm has."""

    __tablename__ = "sweep_points"

    sweep_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    arm: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    """The arm's position."""
    round: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    """In which it was made, counted from 0. A point that goes on with more epochs is in several."""
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    values: Mapped[dict[str, Any]]
    """By JSON pointer into the spec."""
    epochs: Mapped[int | None] = mapped_column(Integer)
    """For how long it is trained, where not as the arm's spec says."""

    __table_args__ = (
        ForeignKeyConstraint(
            ["sweep_id", "arm"], ["sweep_arms.sweep_id", "sweep_arms.position"], ondelete="CASCADE"
        ),
    )


class SweepJob(StudyMember):
    """The job that trains a point with one seed."""

    __tablename__ = "sweep_jobs"

    study_id: Mapped[str] = mapped_column("sweep_id", String(40), primary_key=True)
    round: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    arm: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    seed: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)

    __table_args__ = (
        ForeignKeyConstraint(
            ["sweep_id", "arm", "round", "number"],
            ["sweep_points.sweep_id", "sweep_points.arm", "sweep_points.round", "sweep_points.number"],
            ondelete="CASCADE",
        ),
        Index(None, "job_id"),
    )


class SweepEvent(StudyEvent):
    """Something that happened to a sweep."""

    __tablename__ = "sweep_events"

    study_id: Mapped[str] = mapped_column(
        "sweep_id", ForeignKey("sweeps.id", ondelete="CASCADE"), primary_key=True
    )


class Sweep(Study):
    """Networks that are trained at the points of a space."""

    __tablename__ = "sweeps"
    noun = "sweep"
    id_prefix = "swp"
    member_table = SweepJob
    event_table = SweepEvent

    question: Mapped[dict[str, Any]]
    """Space, strategy, budget, metric and the like, as the request named them; the store does not read it."""
    base_seed: Mapped[int] = mapped_column(BigInteger)
    """The first seed of every point."""
    seeds: Mapped[int] = mapped_column(Integer)
    """With so many each point is trained."""
    rounds: Mapped[int] = mapped_column(Integer)
    """How many have their jobs."""
    fresh: Mapped[bool] = mapped_column(Boolean)
    """Whether every job is made for it, also where one of the same spec has succeeded."""
    widened: Mapped[list[dict[str, Any]]]
    """Each end of the space that was moved outwards, in order."""
    sentences: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    """Its answer in words, when it has ended."""

    arms: Mapped[list[SweepArm]] = relationship(
        lazy="selectin", order_by=SweepArm.position, cascade="all, delete-orphan", passive_deletes=True
    )

    __table_args__ = (
        by_age_index("sweeps", None),
        by_age_index("sweeps", "name"),
        Index(None, "id_end", "id"),
    )
