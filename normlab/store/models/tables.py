"""The tables of models by name: names, the numbered versions of each, and how the name moved between them."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from normlab.documents.states import ModelChangeKind
from normlab.store.base import Base, text_enum


class NamedModel(Base):
    """A name that stands for one of its versions, and through it for a job's network."""

    __tablename__ = "named_models"

    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    version: Mapped[int] = mapped_column(Integer)
    """The version that the name stands for now."""
    version_count: Mapped[int] = mapped_column(Integer)
    """How many versions were ever made: the number of a deleted one is not given again."""
    change_count: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    versions: Mapped[list["ModelVersion"]] = relationship(
        lazy="selectin", order_by="ModelVersion.version", cascade="all, delete-orphan", passive_deletes=True
    )
    changes: Mapped[list["ModelChange"]] = relationship(
        order_by="ModelChange.number", cascade="all, delete-orphan", passive_deletes=True
    )


class ModelVersion(Base):
    """A job that a name stands for or stood for."""

    __tablename__ = "model_versions"

    name: Mapped[str] = mapped_column(ForeignKey("named_models.name", ondelete="CASCADE"), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    """Counted from 1."""
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id"))
    """A job that a version points at cannot be deleted: the database refuses it."""
    created_at: Mapped[datetime]

    __table_args__ = (Index(None, "job_id"),)


class ModelChange(Base):
    """Something that was done to a name, numbered from 1 without gaps."""

    __tablename__ = "model_changes"

    name: Mapped[str] = mapped_column(ForeignKey("named_models.name", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    kind: Mapped[ModelChangeKind] = mapped_column(text_enum(ModelChangeKind))
    version: Mapped[int] = mapped_column(Integer)
    """The version that it is about."""
    at: Mapped[datetime]
