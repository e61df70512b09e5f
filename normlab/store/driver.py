"""Transactions of the database's driver itself, for what is asked so often that SQLAlchemy's way would be most of it.

The connection is one of SQLAlchemy's pool, statements are ``Prepared``, and errors are SQLAlchemy's.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import PoolProxiedConnection

Before = Callable[[PoolProxiedConnection], None]
"""What is done before each statement."""


class DriverTransaction:
    """A connection that is in a transaction. It belongs to one thread."""

    __slots__ = ("_before", "_connection", "_cursor", "_engine", "_error", "dialect_name")

    def __init__(self, engine: Engine, begin: Sequence[str], before: Before | None = None) -> None:
        """Take a connection, and begin with these statements."""
        self.dialect_name = engine.dialect.name
        self._engine = engine
        self._before = before
        self._error = engine.dialect.loaded_dbapi.Error
        self._connection: PoolProxiedConnection | None = None
        try:
            self._connection = engine.raw_connection()
            self._cursor = self._connection.cursor()
            for statement in begin:
                self._cursor.execute(statement)
        except self._error as error:
            try:
                self._fail(error, None)
            finally:
                self.close()

    def rows(self, statement: str, parameters: Mapping[str, Any]) -> Sequence[Any]:
        """What a statement gives, as tuples; nothing if it gives none."""
        try:
            self._prepare()
            self._cursor.execute(statement, parameters)
            return self._cursor.fetchall() if self._cursor.description else ()
        except self._error as error:
            self._fail(error, statement)

    def run_many(self, statement: str, parameters: Sequence[Mapping[str, Any]]) -> None:
        """A statement that gives nothing, once for each of the parameters."""
        try:
            self._prepare()
            if len(parameters) == 1:  # psycopg would set up a pipeline for it
                self._cursor.execute(statement, parameters[0])
            else:
                self._cursor.executemany(statement, parameters)
        except self._error as error:
            self._fail(error, statement)

    def commit(self) -> None:
        """Make what was written last."""
        if self._connection is not None:
            try:
                self._connection.commit()
            except self._error as error:
                self._fail(error, "COMMIT")

    def close(self) -> None:
        """Give the connection back, which undoes what was not committed."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _prepare(self) -> None:
        if self._before is not None and self._connection is not None:
            self._before(self._connection)

    def _fail(self, error: Exception, statement: str | None) -> NoReturn:
        """As SQLAlchemy fails: with an error of its own, and without a connection that is lost."""
        connection, dialect = self._connection, self._engine.dialect
        driver: Any = None if connection is None else connection.driver_connection
        is_lost = dialect.is_disconnect(error, driver, None)  # type: ignore[arg-type]  # it is one of the driver's
        if is_lost and connection is not None:
            self._connection = None
            connection.invalidate(error)
        raise DBAPIError.instance(
            statement, None, error, self._error, connection_invalidated=is_lost, dialect=dialect
        ) from error
