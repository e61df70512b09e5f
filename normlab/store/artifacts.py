"""Files that jobs leave behind: in a folder or a bucket, each with its checksum in the database."""

import contextlib
import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

import fsspec
from fsspec.implementations.local import LocalFileSystem
from sqlalchemy import BigInteger, ForeignKey, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from normlab.errors import ArtifactError
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


_CHUNK = 1 << 20


@dataclass(frozen=True)
class StoredFile:
    """A file in the artifact store: where, its SHA-256 in hexadecimal, and its size in bytes."""

    kind: ArtifactKind
    path: str
    sha256: str
    bytes: int
    media_type: str


class ArtifactStore:
    """A folder or any other place that fsspec knows (``s3://bucket/prefix``).

    Each attempt writes below ``{job}/{attempt}/``, so one that has lost its job cannot touch the files of the
    next.
    """

    def __init__(self, url: str) -> None:
        self._files, self._root = fsspec.core.url_to_fs(url)
        self._is_local = isinstance(self._files, LocalFileSystem)

    def put(self, job_id: str, attempt: int, kind: ArtifactKind, source: Path, media_type: str) -> StoredFile:
        """Copy ``source`` into the store; when this returns, it survives a power cut."""
        path = f"{job_id}/{attempt}/{source.name}"
        target = self._locate(path)
        digest, size = hashlib.sha256(), 0
        self._files.makedirs(target.rpartition("/")[0], exist_ok=True)
        with source.open("rb") as reading, self._files.open(target, "wb") as writing:
            while chunk := reading.read(_CHUNK):
                digest.update(chunk)
                size += writing.write(chunk)
            if self._is_local:
                writing.flush()
                os.fsync(writing.fileno())
        return StoredFile(kind=kind, path=path, sha256=digest.hexdigest(), bytes=size, media_type=media_type)

    @contextlib.contextmanager
    def open(self, artifact: Artifact | StoredFile) -> Iterator[IO[bytes]]:
        """The file, to be read in binary; its content is not compared with its checksum.

        Raises:
            ArtifactError: it is not there.
        """
        try:
            handle = self._files.open(self._locate(artifact.path), "rb")
        except FileNotFoundError:
            raise ArtifactError(
                f"the stored {artifact.kind} file is not in the artifact store any more"
            ) from None
        with handle:
            yield handle

    def read(self, artifact: Artifact | StoredFile) -> bytes:
        """The file's content, compared with its checksum.

        Raises:
            ArtifactError: it is not there, or not what was stored.
        """
        with self.open(artifact) as handle:
            content: bytes = handle.read()
        if hashlib.sha256(content).hexdigest() != artifact.sha256:
            raise ArtifactError(f"the stored {artifact.kind} file does not match its checksum")
        return content

    def delete(self, job_id: str, attempt: int | None = None) -> None:
        """Delete all files of a job, or of one of its attempts; nothing there is no error."""
        target = self._locate(job_id if attempt is None else f"{job_id}/{attempt}")
        with contextlib.suppress(FileNotFoundError):
            self._files.rm(target, recursive=True)

    def delete_before(self, job_id: str, attempt: int) -> None:
        """Delete what earlier attempts of a job left, which were killed before they could do so."""
        for earlier in range(1, attempt):
            self.delete(job_id, earlier)

    def _locate(self, path: str) -> str:
        if ".." in path.split("/") or path.startswith("/"):
            raise ArtifactError("an artifact's path must lie below the artifact store's root")
        return f"{self._root}/{path}"


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
