"""Which corrupted pictures trained networks got right, which a worker measures when it is asked for
(``normlab.store.wanted``). The row stays, with the file (``normlab.spec.correct_answers``).

Networks that are asked about the same pictures are taken together: these are then corrupted once for all.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import BigInteger, ForeignKey, String, Text, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from normlab.spec.export_formats import ArtifactKind
from normlab.spec.robustness import RobustnessRequest
from normlab.store.artifacts import StoredFile
from normlab.store.base import Base, table_of
from normlab.store.clock import database_now
from normlab.store.jobs.tables import Job
from normlab.store.upsert import insert
from normlab.store.wanted import Queue, Taken, Wanted


class Robustness(Base, Wanted):
    """What a network makes of corrupted pictures: wanted, measured, or impossible."""

    __tablename__ = "robustness"

    job_id: Mapped[str] = mapped_column(ForeignKey(Job.id, ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    """Of the request and the test set."""
    request: Mapped[str] = mapped_column(Text)
    """What was asked for, as JSON."""
    path: Mapped[str | None] = mapped_column(Text)
    """Of the file, as of an ``Artifact``: None until it is made, as the two below."""
    sha256: Mapped[str | None] = mapped_column(String(64))
    bytes: Mapped[int | None] = mapped_column(BigInteger)

    @property
    def file(self) -> StoredFile | None:
        """The file, if it is made."""
        if self.path is None or self.sha256 is None or self.bytes is None:
            return None
        kind = ArtifactKind.ROBUSTNESS
        return StoredFile(kind, self.path, self.sha256, self.bytes, kind.media_type)


@dataclass(frozen=True)
class TakenRobustness:
    """A network that a process is to ask about corrupted pictures."""

    job_id: str
    key: str
    attempt: int
    """Counted from 1; a later one takes it from those before."""
    request: RobustnessRequest

    @property
    def taken(self) -> Taken:
        """The row."""
        return Taken((self.job_id, self.key), self.attempt)


_robustness = table_of(Robustness)
_queue = Queue(_robustness, _robustness.c.path.is_(None))


def ask(session: Session, job_id: str, key: str, request: RobustnessRequest) -> None:
    """Ask for it of a job that has succeeded. Asking again changes nothing."""
    wanted = insert(session, Robustness).values(
        job_id=job_id, key=key, request=request.model_dump_json(), asked_at=database_now(), attempts=0
    )
    session.execute(wanted.on_conflict_do_nothing())


def of_jobs(session: Session, job_ids: Collection[str], key: str) -> Mapping[str, Robustness]:
    """What was asked for of these jobs, by their ids."""
    query = select(Robustness).where(Robustness.job_id.in_(job_ids), Robustness.key == key)
    return {row.job_id: row for row in session.scalars(query)}


def take_error(session: Session, job_id: str, key: str) -> str | None:
    """Why it could not be measured; None where it was not tried. The row goes, so that who asks again has it tried
    again: data that could not be had may come.
    """
    failed = delete(_robustness).where(*_queue.of((job_id, key)), _robustness.c.error.is_not(None))
    return session.scalar(failed.returning(_robustness.c.error))


def is_any_free(session: Session) -> bool:
    """Whether ``take`` would give something."""
    return _queue.is_any_free(session)


def take(session: Session, *, at_most: int, lease_seconds: float) -> list[TakenRobustness]:
    """The network that was asked about first of those that nobody asks, and others that were asked the same."""
    found: list[TakenRobustness] = []
    while len(found) < at_most:
        same = (_robustness.c.key == found[0].key,) if found else ()
        taken = _queue.take(session, *same, lease_seconds=lease_seconds)
        if taken is None:
            break
        job_id, key = taken.key
        row = session.get_one(Robustness, (job_id, key))
        request = RobustnessRequest.model_validate_json(row.request)
        found.append(TakenRobustness(job_id, key, taken.attempt, request))
    return found


def renew(session: Session, one: TakenRobustness, *, lease_seconds: float) -> bool:
    """Keep it longer. False: it is another process's by now, or its job is gone."""
    return _queue.renew(session, one.taken, lease_seconds=lease_seconds)


def finish(session: Session, one: TakenRobustness, made: StoredFile | str) -> bool:
    """Keep what came of it: the file, or why there is none.

    False: it is another process's by now, or its job is gone.
    """
    if isinstance(made, str):
        return _queue.change(session, one.taken, error=made)
    return _queue.change(session, one.taken, path=made.path, sha256=made.sha256, bytes=made.bytes)


def put_back(session: Session, one: TakenRobustness) -> None:
    """Leave it for later and do not count the attempt, since what stood in the way is not the network's fault."""
    _queue.put_back(session, one.taken)
