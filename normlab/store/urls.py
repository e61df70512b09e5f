"""The database's URL as an operator writes it: checked, and brought into the form that the driver takes."""

from typing import Any

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from normlab.errors import SetupError

_EXAMPLES = "sqlite:////folder/normlab.db or postgresql://user:password@host/database"

PREPARE_NEVER = "none"
"""What ``?prepare_threshold=`` says for no prepared statements."""

_CLIENT_SIDE: dict[str, Any] = {
    # A server that vanished without a word must not hold a transaction for the 15 minutes of TCP's default.
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
    # A prepared statement belongs to a session, and behind a pooler the next transaction may be in another one.
    "prepare_threshold": None,
}
"""What we ask of a Postgres connection where the URL says nothing. All of it stays on this side: a pooler such as
PgBouncer refuses options that it would have to pass on."""


def parse(url: str | URL) -> URL:
    """The URL with the one driver that we use for its kind of database. ``postgres://`` is taken as well.

    Raises:
        SetupError: it is no URL of a SQLite file or a Postgres database, or has options that cannot be used.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # whose sentences may hold the password
        raise SetupError(f"the database's URL cannot be read: write {_EXAMPLES}") from None
    match parsed.drivername.partition("+")[0]:
        case "sqlite":
            # SQLAlchemy drops what is behind the question mark when it has no "=".
            return _checked_sqlite(parsed, has_options="?" in str(url))
        case "postgresql" | "postgres":
            return _checked_postgres(parsed.set(drivername="postgresql+psycopg"))
        case other:
            raise SetupError(f"the database cannot be {other!r}: write {_EXAMPLES}")


def connect_args(url: URL) -> dict[str, Any]:
    """What psycopg is told beside a parsed Postgres URL, whose own options go first."""
    given: dict[str, Any] = {name: value for name, value in url.query.items() if name in _CLIENT_SIDE}
    if "prepare_threshold" in given:
        given["prepare_threshold"] = _prepare_threshold(url)
    return _CLIENT_SIDE | given


def _checked_sqlite(url: URL, *, has_options: bool) -> URL:
    if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
        raise SetupError(
            "the SQLite database must be a file, since several processes share it: sqlite:////folder/normlab.db"
        )
    if has_options:
        raise SetupError(
            "a SQLite URL takes no options: a question mark in the name of a folder is written %3F, a percent sign %25"
        )
    return url.set(drivername="sqlite")


def _checked_postgres(url: URL) -> URL:
    # Here: with SQLite a process is 5 MB smaller without them.
    import psycopg  # noqa: PLC0415
    from psycopg.conninfo import make_conninfo  # noqa: PLC0415

    if "autocommit" in url.query:
        raise SetupError(
            "the database's URL must not set autocommit: what is stored together is one transaction"
        )
    _prepare_threshold(url)
    options = {
        name: value for name, value in url.query.items() if name not in ("prepare_threshold", "host", "port")
    }
    try:
        make_conninfo(**{name: str(value) for name, value in options.items()})
    except psycopg.ProgrammingError:
        raise SetupError(
            f"the database's URL has an option that Postgres does not know: {', '.join(sorted(options))}; see "
            "https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS"
        ) from None
    return url


def _prepare_threshold(url: URL) -> int | None:
    """After so many runs psycopg prepares a statement; None: never. In a URL everything is a string."""
    value = url.query.get("prepare_threshold", PREPARE_NEVER)
    if value == PREPARE_NEVER:
        return None
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= 9:
        return int(value)
    raise SetupError(
        f"prepare_threshold in the database's URL must be a whole number, or {PREPARE_NEVER!r} for no prepared "
        "statements (as it is without it, and as PgBouncer before 1.21 needs it)"
    )
