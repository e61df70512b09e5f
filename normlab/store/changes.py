"""Whether anything in the database has changed, without asking it for anything."""

import asyncio
import sqlite3
from typing import Protocol

from normlab.store.database import Database


class Changes(Protocol):
    """A number that is another one after every commit, of this process or of others.

    What was read from the database can be kept and used as long as the number stays, and is never out of date. The
    event loop's thread alone may use it.
    """

    @property
    def number(self) -> object:
        """As the last look found it; None: it cannot be told now whether something has changed."""

    @property
    def is_current(self) -> bool:
        """Whether that look saw all that was committed before the request was sent that is being answered."""

    async def look(self) -> None:
        """Find the number of a moment after the call. One look serves all that ask in the same turn of the loop."""

    def close(self) -> None:
        """Close the connection."""


def changes_of(database: Database) -> Changes:
    """The database's."""
    if database.is_sqlite:
        return SqliteChanges(database)
    from normlab.store.snapshots import PostgresChanges  # noqa: PLC0415 - psycopg is loaded where it is needed only

    return PostgresChanges(database.engine)


class SqliteChanges:
    """Takes some microseconds (https://www.sqlite.org/pragma.html#pragma_data_version)."""

    def __init__(self, database: Database) -> None:
        self.number: int | None = None
        self.is_current = False
        # Its own connection: a commit of the one that reads the number does not change it.
        self._connection = sqlite3.connect(
            database.url.database or "", timeout=0, isolation_level=None, check_same_thread=False
        )

    async def look(self) -> None:
        """Look at once: whatever came in this turn of the loop was sent before the turn began."""
        try:
            self.number = self._connection.execute("PRAGMA data_version").fetchone()[0]
        except sqlite3.OperationalError:
            self.number = None
            return
        self.is_current = True
        asyncio.get_running_loop().call_soon(self._turn_ends)

    def _turn_ends(self) -> None:
        self.is_current = False

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
