"""Formats of trained networks that somebody asked for, and that a worker has yet to make (``normlab.store.wanted``).

The row goes when the file is there.
"""

from dataclasses import dataclass

from sqlalchemy import ForeignKey, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from normlab.spec.export_formats import ArtifactKind
from normlab.store import artifacts
from normlab.store.artifacts import StoredFile
from normlab.store.base import Base, table_of, text_enum
from normlab.store.clock import database_now
from normlab.store.jobs import jobs
from normlab.store.jobs.tables import Job
from normlab.store.upsert import insert
from normlab.store.wanted import Queue, Taken, Wanted


class FormatRequest(Base, Wanted):
    """A format that is wanted."""

    __tablename__ = "format_requests"

    job_id: Mapped[str] = mapped_column(ForeignKey(Job.id, ondelete="CASCADE"), primary_key=True)
    kind: Mapped[ArtifactKind] = mapped_column(text_enum(ArtifactKind), primary_key=True)


@dataclass(frozen=True)
class TakenRequest:
    """A format that a process is to make."""

    job_id: str
    kind: ArtifactKind
    attempt: int
    """Counted from 1; a later one takes the request from those before."""

    @property
    def taken(self) -> Taken:
        """The row."""
        return Taken((self.job_id, self.kind), self.attempt)


_requests = table_of(FormatRequest)
_queue = Queue(_requests)


def ask(session: Session, job_id: str, kind: ArtifactKind) -> None:
    """Ask for a format of a job that has succeeded. Asking again changes nothing."""
    wanted = insert(session, FormatRequest).values(
        job_id=job_id, kind=kind, asked_at=database_now(), attempts=0
    )
    session.execute(wanted.on_conflict_do_nothing())


def of_job(session: Session, job_id: str) -> dict[ArtifactKind, FormatRequest]:
    """What was asked for of a job and is not there."""
    wanted = select(FormatRequest).where(FormatRequest.job_id == job_id)
    return {request.kind: request for request in session.scalars(wanted)}


def is_any_free(session: Session) -> bool:
    """Whether ``take`` would give something."""
    return _queue.is_any_free(session)


def take(session: Session, *, lease_seconds: float) -> TakenRequest | None:
    """The format that was asked for first of those that nobody makes; None if there is none."""
    taken = _queue.take(session, lease_seconds=lease_seconds)
    if taken is None:
        return None
    job_id, kind = taken.key
    return TakenRequest(job_id, kind, taken.attempt)


def finish(session: Session, request: TakenRequest, made: StoredFile | str) -> bool:
    """Keep what came of it: the file, or why there is none.

    False: it is another process's by now, or its job is gone.
    """
    if isinstance(made, str):
        return _queue.change(session, request.taken, error=made)
    gone = delete(_requests).where(*_queue.mine(request.taken)).returning(_requests.c.kind)
    if session.execute(gone).first() is None:
        return False
    artifacts.record(session, jobs.get(session, request.job_id), [made])
    return True


def put_back(session: Session, request: TakenRequest) -> None:
    """Leave a request for later and do not count the attempt, since what stood in the way is not the network's
    fault."""
    _queue.put_back(session, request.taken)
