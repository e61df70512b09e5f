"""Times in the database, and the database's own clock.

Processes on several machines share the jobs, and their clocks differ. Leases, queue times and everything else
that is compared therefore come from one clock, the database's: ``database_now()`` and ``seconds_from_now(n)``
are SQL expressions, never values of this process.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Dialect, Float, String
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine

_SQLITE_FORMAT = "%Y-%m-%dT%H:%M:%fZ"


class UtcTime(TypeDecorator[datetime]):
    """A moment, timezone-aware UTC in Python.

    Postgres keeps it as ``timestamptz``. SQLite has no type for it and gets RFC 3339 text of a fixed width,
    to the millisecond, which sorts as the times do and which a person can read.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Text on SQLite, ``timestamptz`` elsewhere."""
        return dialect.type_descriptor(String(24) if dialect.name == "sqlite" else DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Bring an aware time to UTC; a naive one is a mistake of the caller."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"the time {value!r} has no time zone; times in the database are UTC")
        value = value.astimezone(UTC)
        if dialect.name != "sqlite":
            return value
        return value.strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03d}Z"

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Give an aware time in UTC."""
        if value is None:
            return None
        return moment(value)


Moment = str | datetime
"""A time as the driver gives and takes it: text on SQLite, aware on Postgres."""


def moment(given: Moment) -> datetime:
    """A time that the driver gave, aware and in UTC."""
    return (datetime.fromisoformat(given) if isinstance(given, str) else given).astimezone(UTC)


def rfc3339(moment: datetime) -> str:
    """An aware UTC time as answers and events write it (RFC 3339), with ``Z``."""
    return moment.isoformat().replace("+00:00", "Z")


class database_now(FunctionElement[datetime]):  # noqa: N801 - reads as the SQL function that it is
    """The database's clock at the moment the statement runs."""

    type = UtcTime()
    inherit_cache = True


class seconds_from_now(FunctionElement[datetime]):  # noqa: N801 - reads as the SQL function that it is
    """The database's clock plus a number of seconds, which may be negative."""

    type = UtcTime()
    inherit_cache = True


class seconds_between(FunctionElement[float]):  # noqa: N801 - reads as the SQL function that it is
    """The seconds from one column's time to another's, to the millisecond."""

    type = Float(53)
    inherit_cache = True


@compiles(database_now, "sqlite")
def _now_sqlite(_element: database_now, _compiler: SQLCompiler, **_options: Any) -> str:
    return f"strftime('{_SQLITE_FORMAT}', 'now')"


@compiles(database_now, "postgresql")
def _now_postgres(_element: database_now, _compiler: SQLCompiler, **_options: Any) -> str:
    # now() would be the transaction's start, which can lie a lock's wait back.
    return "clock_timestamp()"


@compiles(seconds_from_now, "sqlite")
def _later_sqlite(element: seconds_from_now, compiler: SQLCompiler, **options: Any) -> str:
    seconds = compiler.process(element.clauses, **options)
    return f"strftime('{_SQLITE_FORMAT}', 'now', printf('%+.3f seconds', {seconds}))"


@compiles(seconds_between, "sqlite")
def _between_sqlite(element: seconds_between, compiler: SQLCompiler, **options: Any) -> str:
    # Julian days are numbers of double precision: 40 microseconds apart.
    earlier, later = (compiler.process(clause, **options) for clause in element.clauses)
    return f"round((julianday({later}) - julianday({earlier})) * 86400, 3)"


@compiles(seconds_between, "postgresql")
def _between_postgres(element: seconds_between, compiler: SQLCompiler, **options: Any) -> str:
    earlier, later = (compiler.process(clause, **options) for clause in element.clauses)
    return f"CAST(extract(epoch FROM {later} - {earlier}) AS double precision)"


@compiles(seconds_from_now, "postgresql")
def _later_postgres(element: seconds_from_now, compiler: SQLCompiler, **options: Any) -> str:
    return f"(clock_timestamp() + make_interval(secs => {compiler.process(element.clauses, **options)}))"
