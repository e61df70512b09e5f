"""A hint for SQLite's planner, which without statistics takes any equality for a rare one."""

from typing import Any

from sqlalchemy import ColumnElement, TextClause
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class likely(FunctionElement[bool]):  # noqa: N801 - reads as the SQL function that it is
    """A condition that most rows fulfil (https://www.sqlite.org/lang_corefunc.html#likely)."""

    inherit_cache = (
        True  # it has no type: SQLAlchemy would compare a boolean with 1, and the planner see no hint
    )

    def __init__(self, condition: ColumnElement[bool] | TextClause) -> None:
        super().__init__(condition)


@compiles(likely, "sqlite")
def _likely_sqlite(element: likely, compiler: SQLCompiler, **options: Any) -> str:
    return f"likely({compiler.process(element.clauses, **options)})"


@compiles(likely, "postgresql")
def _likely_postgres(element: likely, compiler: SQLCompiler, **options: Any) -> str:
    return f"({compiler.process(element.clauses, **options)})"
