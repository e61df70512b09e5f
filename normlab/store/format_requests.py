"""Formats of trained networks that somebody asked for, and that a worker has yet to make.

A format is asked for once, however often somebody comes for it. A process takes it under a lease; when that runs out,
another one may. The row goes when the file is there; where none can be made it stays, with the reason.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, ForeignKey, Integer, Text, and_, delete, exists, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from normlab.spec.export_formats import ArtifactKind
from normlab.store import artifacts
from normlab.store.artifacts import StoredFile
from normlab.store.base import Base, table_of, text_enum
from normlab.store.clock import database_now, seconds_from_now
from normlab.store.jobs import jobs
from normlab.store.jobs.tables import Job
from normlab.store.upsert import insert

MAX_ATTEMPTS = 3
"""A format over which so many processes have died is given up."""
GIVEN_UP = f"{MAX_ATTEMPTS} processes that were making it ended before it was made"


class FormatRequest(Base):
    """A format that is wanted."""

    __tablename__ = "format_requests"

    job_id: Mapped[str] = mapped_column(ForeignKey(Job.id, ondelete="CASCADE"), primary_key=True)
    kind: Mapped[ArtifactKind] = mapped_column(text_enum(ArtifactKind), primary_key=True)
    asked_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(Integer)
    """How often a process has taken it."""
    lease_expires_at: Mapped[datetime | None]
    """Until then it is one process's."""
    error: Mapped[str | None] = mapped_column(Text)
    """Why the file cannot be made."""


@dataclass(frozen=True)
class TakenRequest:
    """A format that a process is to make."""

    job_id: str
    kind: ArtifactKind
    attempt: int
    """Counted from 1; a later one takes the request from those before."""


_requests = table_of(FormatRequest)
_free = and_(
    _requests.c.error.is_(None),
    or_(_requests.c.lease_expires_at.is_(None), _requests.c.lease_expires_at < database_now()),
)
_first = (
    select(_requests.c.job_id, _requests.c.kind, _requests.c.attempts)
    .where(_free)
    .order_by(_requests.c.asked_at, _requests.c.job_id, _requests.c.kind)
    .limit(1)
    .with_for_update(skip_locked=True)
)


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
    return bool(session.scalar(select(exists().where(_free))))


def take(session: Session, *, lease_seconds: float) -> TakenRequest | None:
    """The format that was asked for first of those that nobody makes; None if there is none."""
    session.execute(
        update(_requests).where(_free, _requests.c.attempts >= MAX_ATTEMPTS).values(error=GIVEN_UP)
    )
    first = session.execute(_first).first()
    if first is None:
        return None
    request = TakenRequest(first.job_id, first.kind, first.attempts + 1)
    values = {"attempts": request.attempt, "lease_expires_at": seconds_from_now(lease_seconds)}
    session.execute(update(_requests).where(*_of(request.job_id, request.kind)).values(values))
    return request


def finish(session: Session, request: TakenRequest, made: StoredFile | str) -> bool:
    """Keep what came of it: the file, or why there is none.

    False: it is another process's by now, or its job is gone.
    """
    mine = (*_of(request.job_id, request.kind), _requests.c.attempts == request.attempt)
    if isinstance(made, str):
        failed = update(_requests).where(*mine).values(error=made, lease_expires_at=None)
        return session.execute(failed.returning(_requests.c.kind)).first() is not None
    if session.execute(delete(_requests).where(*mine).returning(_requests.c.kind)).first() is None:
        return False
    artifacts.record(session, jobs.get(session, request.job_id), [made])
    return True


def put_back(session: Session, request: TakenRequest) -> None:
    """Leave a request for later and do not count the attempt, since what stood in the way is not the network's fault.

    It is taken again when its lease runs out.
    """
    mine = (*_of(request.job_id, request.kind), _requests.c.attempts == request.attempt)
    session.execute(update(_requests).where(*mine).values(attempts=request.attempt - 1))


def _of(job_id: str, kind: ArtifactKind) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return _requests.c.job_id == job_id, _requests.c.kind == kind
