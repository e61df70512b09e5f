"""What somebody asked for and a worker has yet to make, beside training: in a table of each kind.

It is asked for once, however often somebody comes for it. A process takes it under a lease; when that runs out, another
one may. Where it cannot be made it stays, with the reason.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Integer, Table, Text, and_, exists, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from normlab.store.clock import database_now, seconds_from_now

MAX_ATTEMPTS = 3
"""What so many processes have died over is given up."""
GIVEN_UP = f"{MAX_ATTEMPTS} processes that were making it ended before it was made"


class Wanted:
    """The columns of such a table, beside its key."""

    asked_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(Integer)
    """How often a process has taken it."""
    lease_expires_at: Mapped[datetime | None]
    """Until then it is one process's."""
    error: Mapped[str | None] = mapped_column(Text)
    """Why it cannot be made."""


@dataclass(frozen=True)
class Taken:
    """A row that a process is to work on."""

    key: tuple[Any, ...]
    attempt: int
    """Counted from 1; a later one takes the row from those before."""


class Queue:
    """The rows of a table of ``Wanted`` that are yet to be made, in the order in which they were asked for."""

    def __init__(self, table: Table, *open_: ColumnElement[bool]) -> None:
        """``open_`` says which rows are not made yet, where those that are stay in the table."""
        self._table, self._key = table, tuple(table.primary_key)
        columns = table.c
        unleased = or_(columns.lease_expires_at.is_(None), columns.lease_expires_at < database_now())
        self._free = and_(columns.error.is_(None), unleased, *open_)
        self._first = (
            select(columns.attempts, *self._key)
            .where(self._free)
            .order_by(columns.asked_at, *self._key)
            .limit(1)
            .with_for_update(skip_locked=True)
        )

    def is_any_free(self, session: Session) -> bool:
        """Whether ``take`` would give something."""
        return bool(session.scalar(select(exists().where(self._free))))

    def take(self, session: Session, *only: ColumnElement[bool], lease_seconds: float) -> Taken | None:
        """The row that was asked for first of those that nobody makes, and of which ``only`` is true; None if there is
        none."""
        died = self._table.c.attempts >= MAX_ATTEMPTS
        session.execute(update(self._table).where(self._free, died).values(error=GIVEN_UP))
        first = session.execute(self._first.where(*only)).first()
        if first is None:
            return None
        attempts, *key = first
        taken = Taken(tuple(key), attempts + 1)
        values = {"attempts": taken.attempt, "lease_expires_at": seconds_from_now(lease_seconds)}
        session.execute(update(self._table).where(*self.of(taken.key)).values(values))
        return taken

    def renew(self, session: Session, taken: Taken, *, lease_seconds: float) -> bool:
        """Keep a row that was taken for longer. False: it is another process's by now, or gone."""
        values = {"lease_expires_at": seconds_from_now(lease_seconds)}
        kept = update(self._table).where(*self.mine(taken)).values(values)
        return session.execute(kept.returning(self._table.c.attempts)).first() is not None

    def change(self, session: Session, taken: Taken, **values: Any) -> bool:
        """Write into a row that was taken and end its lease. False: it is another process's by now, or gone."""
        changed = update(self._table).where(*self.mine(taken)).values(lease_expires_at=None, **values)
        return session.execute(changed.returning(self._table.c.attempts)).first() is not None

    def put_back(self, session: Session, taken: Taken) -> None:
        """Leave a row for later and do not count the attempt, since what stood in the way is not its fault.

        It is taken again when its lease runs out.
        """
        back = update(self._table).where(*self.mine(taken)).values(attempts=taken.attempt - 1)
        session.execute(back)

    def mine(self, taken: Taken) -> tuple[ColumnElement[bool], ...]:
        """The conditions for a row as it was taken."""
        return *self.of(taken.key), self._table.c.attempts == taken.attempt

    def of(self, key: Sequence[Any]) -> tuple[ColumnElement[bool], ...]:
        """The conditions for a row."""
        return tuple(column == value for column, value in zip(self._key, key, strict=True))
