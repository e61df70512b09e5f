"""What the tables of all kinds of study have in common: the study, its members, its events."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, Boolean, ForeignKey, Integer, String, Text
from sqlalchemy.orm import Mapped, declared_attr, mapped_column, relationship

from normlab.documents.events import EventKind
from normlab.documents.states import JobState, StudyState, StudyStopReason
from normlab.store.base import Base, text_enum
from normlab.store.jobs.tables import Job


class StudyMember(Base):
    """A job that a study needs. Its kind adds the study's id, as ``study_id``, and the member's place in the study;
    both are the primary key. It goes with its study (``ON DELETE CASCADE``), as an event does."""

    __abstract__ = True

    study_id: Mapped[str]
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id"))
    """A job that is used here cannot be deleted: the database refuses it."""
    reused: Mapped[bool] = mapped_column(Boolean)
    """Whether the job was there before, or was made for this study."""
    ended: Mapped[JobState | None] = mapped_column(text_enum(JobState))
    """The final state of the job when the study last looked, which its events have recorded. When the study has
    ended it stays, whatever becomes of the job."""

    @declared_attr
    @classmethod
    def job(cls) -> Mapped[Job]:
        """The job; read by ``members.of``."""
        return relationship(Job, lazy="raise")


class StudyEvent(Base):
    """Something that happened to a study, numbered from 1 without gaps. Its kind adds the study's id, as
    ``study_id``."""

    __abstract__ = True

    study_id: Mapped[str]
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    kind: Mapped[EventKind] = mapped_column(text_enum(EventKind))
    at: Mapped[datetime]
    data: Mapped[dict[str, Any]]


class Study(Base):
    """A question that is answered by jobs."""

    __abstract__ = True

    noun: ClassVar[str]
    """What a study of this kind is called in a sentence."""
    id_prefix: ClassVar[str]
    member_table: ClassVar[type[StudyMember]]
    event_table: ClassVar[type[StudyEvent]]

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    """The kind's prefix and a number that sorts by time."""
    id_end: Mapped[str | None] = mapped_column(String(2))
    """The id's last letters, by which a list finds ids that end with something."""
    name: Mapped[str | None] = mapped_column(Text)
    state: Mapped[StudyState] = mapped_column(text_enum(StudyState))
    stop_reason: Mapped[StudyStopReason | None] = mapped_column(text_enum(StudyStopReason))
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]
    """When this row or its events last changed."""
    event_count: Mapped[int] = mapped_column(Integer)
    """The number of the newest event. Every change of a study is an event, so this is also its version."""
    result: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """What was found, as the application that decided it wrote it; None while it runs, and of studies that ended
    before this column was there. Not JSONB, which would lose the order of an object's keys."""
