"""Statements that are asked often: written once for each kind of database, and run by the driver with plain values."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Dialect, Executable, FromClause, literal_column
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.orm import Session

from normlab.store.driver import DriverTransaction


class _WithHints(SQLiteCompiler):
    """Writes ``INDEXED BY …`` where a statement has it as a hint, which SQLAlchemy does for other databases only."""

    def get_from_hint_text(self, table: FromClause, text: str | None) -> str | None:  # noqa: ARG002 - SQLAlchemy's
        """The hint behind a table's name."""
        return text


def _sqlite_dialect() -> Dialect:
    dialect: Dialect = sqlite.dialect(paramstyle="named")
    dialect.statement_compiler = _WithHints
    return dialect


_DIALECTS: dict[str, Dialect] = {
    "sqlite": _sqlite_dialect(),
    "postgresql": postgresql.dialect(paramstyle="pyformat"),  # type: ignore[no-untyped-call]  # SQLAlchemy's
}


Transaction = Session | Connection | DriverTransaction
"""In which a statement is run."""


class Prepared:
    """A statement whose parameters are texts and numbers.

    SQLAlchemy's own way takes longer than SQLite takes to answer: it looks the statement up anew each time, and makes
    Python's types of all values. Here the rows are as the driver gives them: on SQLite times and JSON are texts.
    """

    def __init__(self, statement: Executable | Mapping[str, Executable]) -> None:
        self._statement = statement
        """Perhaps another one for each dialect."""
        self._written: dict[str, tuple[str, dict[str, Any]]] = {}

    def written(self, dialect: str) -> tuple[str, dict[str, Any]]:
        """The statement in SQL, and the parameters whose values are part of it."""
        written = self._written.get(dialect)
        if written is None:
            statement = self._statement
            if isinstance(statement, Mapping):
                statement = statement[dialect]
            compiled = statement.compile(dialect=_DIALECTS[dialect])  # type: ignore[attr-defined]  # all have it
            constants = {name: value for name, value in compiled.params.items() if value is not None}
            written = self._written[dialect] = (str(compiled), constants)
        return written

    def rows(self, where: Transaction, **parameters: Any) -> Sequence[Any]:
        """Run it in this transaction. A row is a tuple; there are none if the statement gives nothing."""
        if isinstance(where, DriverTransaction):
            text, constants = self.written(where.dialect_name)
            return where.rows(text, {**constants, **parameters})
        connection = where.connection() if isinstance(where, Session) else where
        text, constants = self.written(connection.dialect.name)
        result = connection.exec_driver_sql(text, {**constants, **parameters})
        if not result.returns_rows:
            return ()
        rows: Sequence[Any] = result.cursor.fetchall()  # SQLAlchemy would make a Row of each
        result.close()
        return rows

    def run_many(self, where: Transaction, parameters: Sequence[Mapping[str, Any]]) -> None:
        """Run it once for each of the parameters, of which there are some; it gives nothing and has no constants."""
        if isinstance(where, DriverTransaction):
            where.run_many(self.written(where.dialect_name)[0], parameters)
            return
        connection = where.connection() if isinstance(where, Session) else where
        connection.exec_driver_sql(self.written(connection.dialect.name)[0], list(parameters))


def written(value: StrEnum) -> ColumnElement[Any]:
    """A value in the statement itself: a parameter does not show that a partial index has all that is wanted."""
    return literal_column(f"'{value.value}'")
