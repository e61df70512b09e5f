"""The tables of uploaded datasets: names, their numbered versions, the versions' files, and who uses them."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from normlab.documents.states import DatasetState
from normlab.store.base import Base, text_enum


class NamedDataset(Base):
    """A name under which datasets were uploaded."""

    __tablename__ = "dataset_names"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    version_count: Mapped[int] = mapped_column(Integer)
    """How many versions were ever made: the number of a deleted one is not given again."""


class DatasetVersion(Base):
    """One upload. What it holds does not change once it is ready."""

    __tablename__ = "datasets"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    """``ds_`` and a number that sorts by time."""
    name: Mapped[str] = mapped_column(ForeignKey(NamedDataset.name))
    version: Mapped[int] = mapped_column(Integer)
    """Counted from 1 for each name."""
    state: Mapped[DatasetState] = mapped_column(text_enum(DatasetState))
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    options: Mapped[dict[str, Any]]
    """How it is to be read, as ``DatasetOptions`` has it."""
    source: Mapped[dict[str, Any]]
    """The uploaded file: ``path`` in the artifact store, ``sha256``, ``bytes``, and its ``name`` if one was given.
    The file itself is kept until it is checked."""

    attempt: Mapped[int] = mapped_column(Integer)
    """The attempt that may write; 0 before the first. Only ever grows, so it fences off the ones before."""
    lost_attempts: Mapped[int] = mapped_column(Integer)
    """Attempts whose process died or fell silent."""
    worker: Mapped[str | None] = mapped_column(Text)
    """Which process checks it."""
    lease_expires_at: Mapped[datetime | None]
    """Until then it is one process's."""
    cancel_requested_at: Mapped[datetime | None]

    progress: Mapped[dict[str, Any] | None]
    content: Mapped[dict[str, Any] | None]
    """What a spec needs to know of it, as ``DatasetContent`` has it."""
    content_digest: Mapped[str | None] = mapped_column(String(80))
    """The digest in ``content``."""
    reading: Mapped[dict[str, Any] | None]
    """What the file was, and how its parts came about."""
    card: Mapped[dict[str, Any] | None]
    reason: Mapped[str | None] = mapped_column(Text)
    """Why it was refused."""

    __table_args__ = (
        UniqueConstraint("name", "version"),
        Index(None, "state", "created_at"),
        Index(None, "content_digest"),
    )


class DatasetFile(Base):
    """A file in the artifact store that belongs to a version that is ready: a decoded array, or a picture."""

    __tablename__ = "dataset_files"

    dataset_id: Mapped[str] = mapped_column(
        ForeignKey(DatasetVersion.id, ondelete="CASCADE"), primary_key=True
    )
    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    """``decoded/x_train.npy``, ``pictures/mean.png``."""
    path: Mapped[str] = mapped_column(Text)
    """Below the artifact store's root."""
    sha256: Mapped[str] = mapped_column(String(64))
    """Hexadecimal."""
    bytes: Mapped[int] = mapped_column(BigInteger)


class DatasetUse(Base):
    """A job or a comparison whose spec names a version, which is therefore not to be deleted."""

    __tablename__ = "dataset_uses"

    used_by: Mapped[str] = mapped_column(String(40), primary_key=True)
    """The id of the job or comparison."""
    dataset_id: Mapped[str] = mapped_column(ForeignKey(DatasetVersion.id), primary_key=True)

    __table_args__ = (Index(None, "dataset_id"),)
