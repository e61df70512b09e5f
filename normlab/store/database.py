"""One database, SQLite or Postgres, and its transactions."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Connection, NullPool, create_engine, event, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

BUSY_TIMEOUT_SECONDS = 30
"""How long a SQLite statement waits for another process's transaction to end."""


class Database:
    """The jobs' database.

    ``read()`` and ``write()`` give a session that is one transaction: it commits at the end of ``write()``
    and is rolled back when an exception leaves it. Rows stay usable after the transaction. A ``Database`` may
    be shared by threads, never by a fork; with ``pooled=False`` no connection stays open between
    transactions, so a process that forks can have one.
    """

    def __init__(self, url: str, *, pooled: bool = True) -> None:
        parsed = make_url(url)
        if parsed.get_backend_name() == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        self.url = parsed
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        options: dict[str, Any] = {} if pooled else {"poolclass": NullPool}
        if self.is_sqlite:
            if not parsed.database or parsed.database == ":memory:":
                raise ValueError(
                    "the SQLite database must be a file, since several processes share it: sqlite:////folder/normlab.db"
                )
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
            options["connect_args"] = {"timeout": BUSY_TIMEOUT_SECONDS}
        elif pooled:
            options |= {"pool_pre_ping": True, "pool_size": 10, "max_overflow": 20}
        if not self.is_sqlite:
            # A server that vanished without a word must not hold a transaction for the 15 minutes of TCP's
            # default.
            options["connect_args"] = {
                "connect_timeout": 5,
                "keepalives_idle": 10,
                "keepalives_interval": 5,
                "keepalives_count": 3,
                "tcp_user_timeout": 20_000,
            }
        self.engine = create_engine(
            parsed, json_serializer=_to_json, json_deserializer=orjson.loads, **options
        )
        self._writing_engine = self.engine.execution_options(sqlite_begin="BEGIN IMMEDIATE")
        if self.is_sqlite:
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """One reading transaction."""
        with Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One writing transaction, committed at the end."""
        with Session(self._writing_engine, expire_on_commit=False) as session, session.begin():
            yield session

    def ping(self) -> None:
        """Raise SQLAlchemy's error if the database does not answer."""
        with self.engine.connect() as connection:
            connection.execute(text("SELECT 1"))

    def checkpoint(self) -> bool:
        """Bring SQLite's write-ahead log into the database file, unless another process is at it.

        SQLite before 3.51.3 can corrupt the file, rarely, when two connections checkpoint at once; therefore
        automatic checkpoints are off and a lock file lets one process at a time do it. Returns whether it was
        done.
        """
        if not self.is_sqlite:
            return False
        import fcntl  # noqa: PLC0415 - not there on Windows, where the client must still import this package

        handle = os.open(f"{self.url.database}-checkpoint.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text("PRAGMA wal_checkpoint(PASSIVE)"))
        except BlockingIOError:
            return False
        finally:
            os.close(handle)
        return True

    def close(self) -> None:
        """Close all pooled connections."""
        self.engine.dispose()


def is_unavailable(error: BaseException) -> bool:
    """Whether the database was away or too busy, so that the same statement can succeed later."""
    return isinstance(error, OperationalError | InterfaceError) or (
        isinstance(error, DBAPIError) and error.connection_invalidated
    )


def _to_json(value: Any) -> str:
    # orjson writes NaN as null: JSON has no NaN, and Postgres refuses it.
    return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY).decode()


def _prepare_sqlite(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
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


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("sqlite_begin", "BEGIN"))
