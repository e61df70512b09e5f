"""``Idempotency-Key``: the same key and body get the first answer again."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Index, String, delete, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from normlab.errors import IdempotencyError
from normlab.store.base import Base
from normlab.store.clock import database_now, seconds_from_now
from normlab.store.upsert import insert


class IdempotencyKey(Base):
    """An ``Idempotency-Key`` that was used, with the answer it got."""

    __tablename__ = "idempotency_keys"

    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    request_digest: Mapped[str] = mapped_column(String(80))
    response: Mapped[dict[str, Any] | None]
    """Written in the transaction that also writes what was asked for."""
    resource: Mapped[str | None] = mapped_column(String(40))
    """The id of what the answer is about: the key goes with it."""
    created_at: Mapped[datetime]

    __table_args__ = (Index(None, "created_at"), Index(None, "resource"))


KEPT_SECONDS = 7 * 24 * 3600
"""So long a key is remembered."""


def begin(session: Session | Connection, key: str, request_digest: str) -> dict[str, Any] | None:
    """Reserve the key, or give the answer that was remembered for it.

    None: the key is new, and the caller creates what was asked for and calls ``remember`` in this same
    transaction. A second request with the key waits here until the first one's transaction has ended.

    Raises:
        IdempotencyError: the key was used with another body.
    """
    reserved = session.scalar(
        insert(session, IdempotencyKey)
        .values(key=key, request_digest=request_digest, created_at=database_now())
        .on_conflict_do_nothing()
        .returning(IdempotencyKey.key)
    )
    if reserved is not None:
        return None
    answered = select(IdempotencyKey.request_digest, IdempotencyKey.response).where(IdempotencyKey.key == key)
    known = session.execute(answered).one_or_none()
    if known is None:  # it was deleted since: with what it had made, or for its age
        return begin(session, key, request_digest)
    if known.request_digest != request_digest:
        raise IdempotencyError(
            "this Idempotency-Key was used before with another body; use a new key for a new request"
        )
    response: dict[str, Any] | None = known.response
    return response


def remember(session: Session | Connection, key: str, response: dict[str, Any]) -> None:
    """Keep the answer, which has an ``id``, for the next request with this key."""
    values = {"response": response, "resource": response["id"]}
    session.execute(update(IdempotencyKey).where(IdempotencyKey.key == key).values(values))


def forget(session: Session, resources: Collection[str]) -> None:
    """Delete the keys that were answered with these resources, which are being deleted: they are free again."""
    gone = IdempotencyKey.resource.in_(resources)
    session.execute(delete(IdempotencyKey).where(gone), execution_options={"synchronize_session": False})


def forget_old(session: Session) -> None:
    """Delete the keys that are older than ``KEPT_SECONDS``."""
    too_old = IdempotencyKey.created_at < seconds_from_now(-KEPT_SECONDS)
    session.execute(delete(IdempotencyKey).where(too_old), execution_options={"synchronize_session": False})
