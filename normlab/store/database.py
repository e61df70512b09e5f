"""One database, SQLite or Postgres, and its transactions."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import URL, Connection, NullPool, create_engine, event, text
from sqlalchemy.orm import Session

from normlab.store import sqlite, urls
from normlab.store.driver import DriverTransaction
from normlab.store.json_text import to_json

STATEMENT_SECONDS = 60.0
"""A statement that works or waits longer than this is ended, as if the database were away."""


class Database:
    """The jobs' database.

    ``read()`` and ``write()`` give a session that is one transaction: it commits at the end of ``write()``
    and is rolled back when an exception leaves it. All that one ``read()`` sees is of one moment. Rows stay usable
    after the transaction. A ``Database`` may be shared by threads, never by a fork; with ``pooled=False`` no
    connection stays open between transactions, so a process that forks can have one.

    Nothing outlives a transaction in the database's session (no SET, no lock, no prepared statement, no temporary
    table, no LISTEN), so a pooler may stand between, PgBouncer in transaction mode for instance.

    Raises:
        SetupError: the URL is not one of a database that can be used.
    """

    def __init__(
        self, url: str | URL, *, pooled: bool = True, statement_seconds: float | None = STATEMENT_SECONDS
    ) -> None:
        self.url = urls.parse(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        options: dict[str, Any] = {} if pooled else {"poolclass": NullPool}
        if self.is_sqlite:
            Path(self.url.database or "").parent.mkdir(parents=True, exist_ok=True)
            options["connect_args"] = {"timeout": sqlite.BUSY_TIMEOUT_SECONDS}
        else:
            options["connect_args"] = urls.connect_args(self.url)
            if pooled:
                options |= {"pool_pre_ping": True, "pool_size": 10, "max_overflow": 20}
        reading, writing = (
            sqlite.begin_statements() if self.is_sqlite else _postgres_begin_statements(statement_seconds)
        )
        self.engine = create_engine(
            self.url,
            json_serializer=to_json,
            json_deserializer=orjson.loads,
            execution_options={"begin_statement": reading},
            **options,
        )
        self._writing_engine = self.engine.execution_options(begin_statement=writing)
        self._reading, self._writing = ([one] if one else [] for one in (reading, writing))
        self._before = (
            sqlite.time_limit(statement_seconds) if self.is_sqlite and statement_seconds is not None else None
        )
        event.listen(self.engine, "begin", _begin)
        if self.is_sqlite:
            sqlite.prepare(self.engine, statement_seconds=statement_seconds)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """One reading transaction."""
        with Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def reading(self) -> Iterator[DriverTransaction]:
        """One reading transaction of the driver: a session costs more than a statement that is asked often."""
        transaction = DriverTransaction(self.engine, self._reading, self._before)
        try:
            yield transaction
        finally:
            transaction.close()

    @contextmanager
    def glancing(self) -> Iterator[DriverTransaction]:
        """The same for a single statement, which by itself sees one moment."""
        transaction = DriverTransaction(self.engine, () if self.is_sqlite else self._reading, self._before)
        try:
            yield transaction
        finally:
            transaction.close()

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One writing transaction, committed at the end."""
        with Session(self._writing_engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def writing(self) -> Iterator[DriverTransaction]:
        """One writing transaction of the driver, committed at the end."""
        transaction = DriverTransaction(self.engine, self._writing, self._before)
        try:
            yield transaction
            transaction.commit()
        finally:
            transaction.close()

    def ping(self) -> None:
        """Raise SQLAlchemy's error if the database does not answer."""
        with self.engine.connect() as connection:
            connection.execute(text("SELECT 1"))

    def checkpoint(self) -> bool:
        """Bring SQLite's write-ahead log into the database file; whether it was done."""
        return self.is_sqlite and sqlite.checkpoint(self.engine, self.url)

    def close(self) -> None:
        """Close all pooled connections."""
        self.engine.dispose()


def _begin(connection: Connection) -> None:
    statement = connection.get_execution_options()["begin_statement"]
    if statement == sqlite.BEGIN_READING:
        # By the driver, in a fraction of SQLAlchemy's time: it waits for nothing, and so cannot fail.
        connection.connection.cursor().execute(statement)
    elif statement is not None:
        connection.exec_driver_sql(statement)


def _postgres_begin_statements(statement_seconds: float | None) -> tuple[str | None, str | None]:
    """What follows BEGIN in a reading and in a writing transaction, each one trip to the server.

    Within the transaction, since behind a pooler the session is not ours; as an option of the connection PgBouncer
    would refuse it.
    """
    of_one_moment = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
    if statement_seconds is None:
        return of_one_moment, None
    limit = f"SET LOCAL statement_timeout = {round(statement_seconds * 1000)}"
    return f"{of_one_moment}; {limit}", limit
