"""The tables of trials: the jobs that stand for their arms at each setting, and what happened."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Boolean, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from normlab.store.index_walks import by_age_index
from normlab.store.studies.tables import Study, StudyEvent, StudyMember


class TrialJob(StudyMember):
    """The job that trains one arm at one setting with one seed."""

    __tablename__ = "trial_jobs"

    study_id: Mapped[str] = mapped_column(
        "trial_id", String(40), ForeignKey("trials.id", ondelete="CASCADE"), primary_key=True
    )
    replicate: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    """Counted from 0."""
    setting: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    """0: as the arm is; else the number, from 1, of the trial's setting."""
    arm: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    """0: without the change; 1: with it."""
    seed: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (Index(None, "job_id"),)


class TrialEvent(StudyEvent):
    """Something that happened to a trial."""

    __tablename__ = "trial_events"

    study_id: Mapped[str] = mapped_column(
        "trial_id", String(40), ForeignKey("trials.id", ondelete="CASCADE"), primary_key=True
    )


class Trial(Study):
    """Claims about two arms, asked together."""

    __tablename__ = "trials"
    noun = "trial"
    id_prefix = "trl"
    member_table = TrialJob
    event_table = TrialEvent

    question: Mapped[dict[str, Any]]
    """Claims, confidence, target and budget, as the request named them; the store does not read it."""
    arms: Mapped[list[dict[str, Any]]]
    """Both: ``name``, ``spec`` (expanded, without a seed), ``at`` (the same for each setting; None where the arm has it
    anyway), ``arm_digest``, and ``base_seed`` where that is not the trial's."""
    settings: Mapped[list[dict[str, Any]]]
    """Where both arms are run beside their own setting: ``pointer``, ``value`` and
    ``times``."""
    probes: Mapped[list[str]] = mapped_column(JSON(none_as_null=True))
    """What has to measure in the jobs of the arms as they are."""
    base_seed: Mapped[int] = mapped_column(BigInteger)
    """The seed of replicate 0; each further one is higher by 1."""
    replicates: Mapped[int] = mapped_column(Integer)
    """How many have their jobs."""
    max_replicates: Mapped[int] = mapped_column(Integer)
    fresh: Mapped[bool] = mapped_column(Boolean)
    """Whether every job is made for it, also where one of the same spec has succeeded."""
    ends_at: Mapped[datetime | None]
    """When its budget of seconds is used up: what has not ended by then is cancelled."""

    __table_args__ = (
        by_age_index("trials", None),
        by_age_index("trials", "name"),
        Index(None, "id_end", "id"),
    )
