"""What SQLite needs to be shared by several processes, and to lose nothing."""

import os
import time
from typing import Any

from sqlalchemy import URL, Connection, Engine, event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from normlab.store.driver import Before

BUSY_TIMEOUT_SECONDS = 30
"""How long a statement waits for another process's transaction to end."""

BEGIN_READING = "BEGIN"

_DEADLINE = "deadline"
"""In a connection's ``info``: when the statement that it runs is to be ended."""
_STEPS_BETWEEN_LOOKS = 1_000_000
"""So many steps of SQLite's virtual machine, some 10 ms, lie between two looks at the clock."""


def begin_statements() -> tuple[str, str]:
    """How a reading transaction begins, which sees one moment, and a writing one, which waits for its turn here."""
    return BEGIN_READING, "BEGIN IMMEDIATE"


def prepare(engine: Engine, *, statement_seconds: float | None) -> None:
    """Set up each connection of the engine; a statement that works longer than ``statement_seconds`` is ended."""
    event.listen(engine, "connect", _set_pragmas)
    if statement_seconds is not None:
        _limit_statements(engine, statement_seconds)


def time_limit(seconds: float) -> Before:
    """What is done before each statement, so that it is ended if it works longer than that."""

    def begins(connection: PoolProxiedConnection) -> None:
        # Time spent waiting for a lock takes no steps, and has a limit of its own.
        connection.info[_DEADLINE] = time.monotonic() + seconds

    return begins


def checkpoint(engine: Engine, url: URL) -> bool:
    """Bring the write-ahead log into the database file, unless another process is at it.

    SQLite before 3.51.3 can corrupt the file, rarely, when two connections checkpoint at once; therefore
    automatic checkpoints are off and a lock file lets one process at a time do it. Returns whether it was
    done.
    """
    import fcntl  # noqa: PLC0415 - not there on Windows, where the client must still import this package

    handle = os.open(f"{url.database}-checkpoint.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("PRAGMA wal_checkpoint(PASSIVE)"))
    except BlockingIOError:
        return False
    finally:
        os.close(handle)
    return True


def _set_pragmas(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    # Python's own transaction handling begins a transaction at the first write, where a lock cannot be waited
    # for.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout = {BUSY_TIMEOUT_SECONDS * 1000}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        "wal_autocheckpoint = 0",
        "journal_size_limit = 67108864",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _limit_statements(engine: Engine, seconds: float) -> None:
    begins = time_limit(seconds)

    def connected(connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
        def is_late() -> bool:
            deadline: float = record.info[_DEADLINE]
            return time.monotonic() > deadline

        record.info[_DEADLINE] = float("inf")
        connection.set_progress_handler(is_late, _STEPS_BETWEEN_LOOKS)  # true ends the statement

    def executing(connection: Connection, *_: Any) -> None:
        begins(connection.connection)

    event.listen(engine, "connect", connected)
    event.listen(engine, "before_cursor_execute", executing)
