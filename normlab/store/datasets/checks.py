"""Who checks a version: taken under a lease, given back, ended.

Only the present attempt may write, and only while the version is being checked: every function that takes a
``Taken`` changes nothing, and says so, once that attempt has lost it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_, select, update
from sqlalchemy.orm import Session

from normlab.documents.states import DatasetState
from normlab.errors import StateError
from normlab.store.base import table_of
from normlab.store.clock import database_now, seconds_from_now
from normlab.store.datasets import versions
from normlab.store.datasets.tables import DatasetFile, DatasetVersion
from normlab.store.datasets.versions import Source

MAX_LOST_ATTEMPTS = 3
"""A version over which so many processes have died is refused."""
GIVEN_UP = (
    f"{MAX_LOST_ATTEMPTS} processes that were checking it ended before it was checked: it may need more memory than "
    "there is, or be damaged in a way that its reader does not survive"
)


@dataclass(frozen=True)
class Taken:
    """A version that a process is to check."""

    id: str
    name: str
    version: int
    attempt: int
    """Counted from 1; a later one takes the version from those before."""
    options: dict[str, Any]
    source: Source
    lost_attempts: int = 0
    """Of those before."""


@dataclass(frozen=True)
class StoredArray:
    """A file that was put into the artifact store for a version."""

    name: str
    path: str
    sha256: str
    bytes: int


@dataclass(frozen=True)
class Checked:
    """What a check has found of a version that is ready."""

    content: dict[str, Any]
    """As ``DatasetContent`` has it, with its ``digest``."""
    reading: dict[str, Any]
    """What the file was, and how its parts came about."""
    card: dict[str, Any]
    files: Iterable[StoredArray]


_versions = table_of(DatasetVersion)
_is_checking = _versions.c.state == DatasetState.CHECKING
_is_silent = and_(_versions.c.lease_expires_at.is_not(None), _versions.c.lease_expires_at < database_now())
_free = and_(_is_checking, or_(_versions.c.lease_expires_at.is_(None), _is_silent))
_first = (
    select(_versions)
    .where(_free)
    .order_by(_versions.c.created_at, _versions.c.id)
    .limit(1)
    .with_for_update(skip_locked=True)
)
_ENDED: dict[str, Any] = {
    "finished_at": database_now(),
    "lease_expires_at": None,
    "worker": None,
    "progress": None,
}
_LOST = {"lost_attempts": _versions.c.lost_attempts + 1, "lease_expires_at": None, "worker": None}


def is_any_free(session: Session) -> bool:
    """Whether ``take`` has something to do."""
    return bool(session.scalar(select(exists().where(_free))))


def take(session: Session, *, worker: str, lease_seconds: float) -> Taken | None:
    """The version that was uploaded first of those that nobody checks; None if there is none."""
    lose_silent(session)
    first = session.execute(_first).first()
    if first is None:
        return None
    taken = Taken(
        first.id,
        first.name,
        first.version,
        first.attempt + 1,
        first.options,
        Source(**first.source),
        first.lost_attempts,
    )
    values = {
        "attempt": taken.attempt,
        "worker": worker,
        "lease_expires_at": seconds_from_now(lease_seconds),
        "progress": None,
    }
    session.execute(update(_versions).where(_versions.c.id == taken.id).values(values))
    return taken


def lose_silent(session: Session) -> None:
    """Take back what is held by processes that fell silent; what too many were lost over is refused."""
    _lose(session, _is_silent)


def lose_of(session: Session, worker: str) -> None:
    """The same of a process that is known to be dead."""
    _lose(session, _versions.c.worker == worker)


def put_back(session: Session, worker: str) -> None:
    """Leave what a process holds to another one, without counting the attempt: it was told to end."""
    mine = and_(_is_checking, _versions.c.worker == worker)
    session.execute(update(_versions).where(mine).values(lease_expires_at=None, worker=None))
    _end_cancelled(session)


def heartbeat(
    session: Session, taken: Taken, *, lease_seconds: float, progress: dict[str, Any] | None
) -> bool | None:
    """Renew the lease, and tell how far it is. Gives whether it is to be cancelled; None: this attempt has lost it."""
    values = {"lease_expires_at": seconds_from_now(lease_seconds), "progress": progress}
    renewed = update(_versions).where(_owned(taken)).values(values)
    row = session.execute(renewed.returning(_versions.c.cancel_requested_at)).first()
    return None if row is None else row[0] is not None


def finish(session: Session, taken: Taken, found: Checked | str) -> DatasetState | None:
    """End the check: with what was found, or with the reason why it is refused.

    Gives the state afterwards, which is ``cancelled`` if that was asked for meanwhile. None: this attempt has lost it,
    or it is deleted, and its files are nobody's.
    """
    asked = select(_versions.c.cancel_requested_at).where(_owned(taken)).with_for_update()
    row = session.execute(asked).first()
    if row is None:
        return None
    values: dict[str, Any]
    if row.cancel_requested_at is not None:
        values = {"state": DatasetState.CANCELLED}
    elif isinstance(found, Checked):
        values = {
            "state": DatasetState.READY,
            "content": found.content,
            "content_digest": found.content["digest"],
            "reading": found.reading,
            "card": found.card,
        }
        session.add_all(DatasetFile(dataset_id=taken.id, **vars(file)) for file in found.files)
        session.flush()
    else:
        values = {"state": DatasetState.REFUSED, "reason": found}
    session.execute(update(_versions).where(_versions.c.id == taken.id).values(values | _ENDED))
    ended: DatasetState = values["state"]
    return ended


def give_back(session: Session, taken: Taken, *, counts: bool) -> None:
    """Leave it for later. It is taken again when its lease runs out, so not at once; the attempt is then lost, and only
    ``counts`` as one where it may be the file's fault."""
    lost = 0 if counts else 1
    session.execute(
        update(_versions)
        .where(_owned(taken))
        .values(lost_attempts=_versions.c.lost_attempts - lost, worker=None)
    )
    _end_cancelled(session)


def request_cancel(session: Session, name: str, version: int | None = None) -> DatasetVersion:
    """Cancel a version's check: at once if no process is at it, else as soon as that one notices.

    Raises:
        NotFoundError: there is no such version.
        StateError: it is checked to the end, and was not cancelled.
    """
    found = versions.get(session, name, version)
    locked = select(DatasetVersion).where(DatasetVersion.id == found.id).with_for_update()
    found = session.scalars(locked.execution_options(populate_existing=True)).one()
    if found.state is DatasetState.CANCELLED:
        return found
    if found.state.final:
        raise StateError(
            f"version {found.version} of dataset {name} is {found.state}: there is nothing to cancel"
        )
    session.execute(
        update(_versions)
        .where(_versions.c.id == found.id, _versions.c.cancel_requested_at.is_(None))
        .values(cancel_requested_at=database_now())
    )
    _end_cancelled(session)
    session.refresh(found)
    return found


def _end_cancelled(session: Session) -> None:
    """End what was to be cancelled and is in nobody's hands."""
    waiting = and_(_free, _versions.c.cancel_requested_at.is_not(None))
    session.execute(update(_versions).where(waiting).values(state=DatasetState.CANCELLED, **_ENDED))


def _lose(session: Session, which: ColumnElement[bool]) -> None:
    session.execute(update(_versions).where(_is_checking, which).values(_LOST))
    _end_cancelled(session)
    too_many = and_(_is_checking, _versions.c.lost_attempts >= MAX_LOST_ATTEMPTS)
    session.execute(
        update(_versions).where(too_many).values(state=DatasetState.REFUSED, reason=GIVEN_UP, **_ENDED)
    )


def _owned(taken: Taken) -> ColumnElement[bool]:
    """The fence."""
    return and_(_versions.c.id == taken.id, _versions.c.attempt == taken.attempt, _is_checking)
