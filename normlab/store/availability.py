"""Whose fault an error of the database is: ours, or the database's own.

The database may say no for reasons of its own: it is away, restarts, has no connection, memory or disk left, was
switched to a standby that only reads, broke a deadlock, or a pooler before it lost the session. None of that says
anything about the job or the request, so none may end a job as ``internal`` or be answered with 500. What is left,
a statement that no database would take (a constraint, a value out of range, a misspelt column), is a fault of ours.
"""

import sqlite3

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

_OWN_REASONS = (
    "08",  # the connection failed; also most of what PgBouncer says itself
    "25006",  # it only reads: a standby, after a failover
    "25P03",  # a time limit has ended the transaction
    "25P04",
    "26",  # a prepared statement that is not in this session: a pooler lost it
    "28",  # the password or the role was changed
    "3D",  # there is no such database (yet)
    "40",  # rolled back to break a deadlock
    "42501",  # the role may not do it
    "42P05",  # a prepared statement that is in this session already: a pooler kept it
    "53",  # no connections, memory or disk left
    "55",  # an object is locked or not ready
    "57",  # shutting down or starting, or a time limit has ended the statement
    "58",  # the server's own files failed
    "XX",  # damaged data, or an error inside the server
)
"""Beginnings of SQLSTATE codes (https://www.postgresql.org/docs/current/errcodes-appendix.html)."""

_SQLITE_OWN_REASONS = {
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_NOTADB,
}
"""Primary result codes (https://www.sqlite.org/rescode.html)."""


_TOO_LONG = {"57014", sqlite3.SQLITE_INTERRUPT}
_NO_TABLE = "42P01"


def is_unavailable(error: BaseException) -> bool:
    """Whether the database said no for reasons of its own, so that the same statement can succeed later."""
    return why_unavailable(error) is not None


def why_unavailable(error: BaseException) -> str | None:
    """The database's own reason for its no, as half a sentence; None: it was no reason of its own."""
    if isinstance(error, PoolTimeoutError):
        return "all connections to the database are in use"
    if not isinstance(error, DBAPIError):
        return None
    code = _code(error)
    if code in _TOO_LONG:
        return "the database takes too long"
    if code == _NO_TABLE:
        return "tables are missing in the database: run `normlab-migrate`"
    if error.connection_invalidated or _is_own_reason(error, code):
        return "the database does not answer"
    return None


def _code(error: DBAPIError) -> str | int | None:
    """Postgres's SQLSTATE or SQLite's primary result code; None: the error is the driver's own."""
    driver_error = error.orig
    if not isinstance(driver_error, sqlite3.Error):
        sqlstate: str | None = getattr(driver_error, "sqlstate", None)
        return sqlstate
    code: int | None = getattr(driver_error, "sqlite_errorcode", None)
    if code == sqlite3.SQLITE_ERROR and "no such table" in str(driver_error):
        return _NO_TABLE  # SQLite has no code of its own for it
    return None if code is None else code & 0xFF


def _is_own_reason(error: DBAPIError, code: str | int | None) -> bool:
    if isinstance(error.orig, sqlite3.Error):
        return code in _SQLITE_OWN_REASONS
    if code is None:
        return isinstance(error, OperationalError | InterfaceError)
    return str(code).startswith(_OWN_REASONS)
