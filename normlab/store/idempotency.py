"""``Idempotency-Key``: the same key and body get the first answer again."""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Executable, Index, String, Text, bindparam, cast, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from normlab.errors import IdempotencyError
from normlab.store.base import Base, table_of
from normlab.store.clock import database_now, seconds_from_now
from normlab.store.json_text import to_json
from normlab.store.prepared import Prepared, Transaction


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


def _reserve(insert: Callable[[type[Base]], Any]) -> Executable:
    values = {
        "key": bindparam("key"),
        "request_digest": bindparam("request_digest"),
        "created_at": database_now(),
    }
    new = insert(IdempotencyKey).values(values).on_conflict_do_nothing()
    reserving: Executable = new.returning(IdempotencyKey.key)
    return reserving


_keys = table_of(IdempotencyKey)
_RESERVE = Prepared({"sqlite": _reserve(sqlite.insert), "postgresql": _reserve(postgresql.insert)})
_KNOWN = Prepared(
    select(_keys.c.request_digest, cast(_keys.c.response, Text)).where(_keys.c.key == bindparam("key"))
)
_REMEMBER = Prepared(
    update(_keys)
    .where(_keys.c.key == bindparam("of"))
    .values(response=bindparam("answer"), resource=bindparam("about"))
)


def begin(where: Transaction, key: str, request_digest: str) -> dict[str, Any] | None:
    """Reserve the key, or give the answer that was remembered for it.

    None: the key is new, and the caller creates what was asked for and calls ``remember`` in this same
    transaction. A second request with the key waits here until the first one's transaction has ended.

    Raises:
        IdempotencyError: the key was used with another body.
    """
    if _RESERVE.rows(where, key=key, request_digest=request_digest):
        return None
    known = _KNOWN.rows(where, key=key)
    if not known:  # it was deleted since: with what it had made, or for its age
        return begin(where, key, request_digest)
    ((digest, answered),) = known
    if digest != request_digest:
        raise IdempotencyError(
            "this Idempotency-Key was used before with another body; use a new key for a new request"
        )
    response: dict[str, Any] | None = answered and orjson.loads(answered)
    return response


def remember(where: Transaction, key: str, response: dict[str, Any]) -> None:
    """Keep the answer, which has an ``id``, for the next request with this key."""
    _REMEMBER.rows(where, of=key, answer=to_json(response), about=response["id"])


def forget(session: Session, resources: Collection[str]) -> None:
    """Delete the keys that were answered with these resources, which are being deleted: they are free again."""
    gone = IdempotencyKey.resource.in_(resources)
    session.execute(delete(IdempotencyKey).where(gone), execution_options={"synchronize_session": False})


def forget_old(session: Session) -> None:
    """Delete the keys that are older than ``KEPT_SECONDS``."""
    too_old = IdempotencyKey.created_at < seconds_from_now(-KEPT_SECONDS)
    session.execute(delete(IdempotencyKey).where(too_old), execution_options={"synchronize_session": False})
