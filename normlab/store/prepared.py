"""Statements that are asked often: written once for each kind of database, and run by the driver with plain values."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Dialect, Executable, FromClause, literal_column
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.orm import Session


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

    def rows(self, where: Session | Connection, **parameters: Any) -> Sequence[Any]:
        """Run it in this transaction. A row is a tuple."""
        connection = where.connection() if isinstance(where, Session) else where
        text, constants = self.written(connection.dialect.name)
        result = connection.exec_driver_sql(text, {**constants, **parameters})
        rows: Sequence[Any] = result.cursor.fetchall()  # SQLAlchemy would make a Row of each
        result.close()
        return rows


def written(value: StrEnum) -> ColumnElement[Any]:
    """A value in the statement itself: a parameter does not show that a partial index has all that is wanted."""
    return literal_column(f"'{value.value}'")
