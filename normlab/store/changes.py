"""Whether anything in the database has changed, without asking it for anything."""

import sqlite3

from normlab.store.database import Database


class ChangeCounter:
    """A number that is another one after every commit of any other connection, of this process or of others.

    On SQLite reading it takes some microseconds (https://www.sqlite.org/pragma.html#pragma_data_version), so what
    was read from the database can be kept and used until it changes, and is never out of date. Postgres has
    nothing that is as cheap and as exact: there it is always None, which means "ask".

    One thread at a time may use it.
    """

    def __init__(self, database: Database) -> None:
        self._connection: sqlite3.Connection | None = None
        if database.is_sqlite and database.url.database:
            # Its own connection: a commit of the one that reads the number does not change it.
            self._connection = sqlite3.connect(
                database.url.database, timeout=0, isolation_level=None, check_same_thread=False
            )

    def read(self) -> int | None:
        """The number, or None: it cannot be told now whether something has changed."""
        if self._connection is None:
            return None
        try:
            number: int = self._connection.execute("PRAGMA data_version").fetchone()[0]
        except sqlite3.OperationalError:
            return None
        return number

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
