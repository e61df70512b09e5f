"""The rows of files that jobs leave behind, each with its checksum; the files are in the ``ArtifactStore``."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from normlab.spec.export_formats import ArtifactKind
from normlab.store.base import Base, text_enum
from normlab.store.jobs.tables import Job


class Artifact(Base):
    """A file that a succeeded job left in the artifact store."""

    __tablename__ = "artifacts"

    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[ArtifactKind] = mapped_column(text_enum(ArtifactKind), primary_key=True)
    path: Mapped[str] = mapped_column(Text)
    """Below the artifact store's root."""
    sha256: Mapped[str] = mapped_column(String(64))
    """Hexadecimal."""
    bytes: Mapped[int] = mapped_column(BigInteger)
    media_type: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[datetime]


@dataclass(frozen=True)
class StoredFile:
    """A file in the artifact store: where, its SHA-256 in hexadecimal, and its size in bytes."""

    kind: ArtifactKind
    path: str
    sha256: str
    bytes: int
    media_type: str


def record(session: Session, job: Job, files: Iterable[StoredFile]) -> None:
    """Write the rows of files that were put into the store."""
    for file in files:
        session.add(Artifact(job_id=job.id, recorded_at=job.updated_at, **vars(file)))


def of_job(session: Session, job_id: str) -> Sequence[Artifact]:
    """The rows of a job's files."""
    return session.scalars(select(Artifact).where(Artifact.job_id == job_id).order_by(Artifact.kind)).all()


def get(session: Session, job_id: str, kind: ArtifactKind) -> Artifact | None:
    """The row of one of a job's files, or None."""
    return session.get(Artifact, (job_id, kind))
