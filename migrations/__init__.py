"""The schema's history: ``upgrade(url)`` brings a database to its newest form.

``normlab-migrate`` does it for the configured database.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from normlab.store import Database

if TYPE_CHECKING:
    from alembic.config import Config

_FOLDER = Path(__file__).parent

NEWEST = max(file.name.partition("_")[0] for file in (_FOLDER / "versions").glob("[0-9]*.py"))
"""The revision that this version of Normlab expects; files are named by their revision, which count up."""

# Postgres's number for "somebody migrates": "normlab" in ASCII. Any that nobody else uses would do.
_ADVISORY_LOCK = 0x6E6F726D6C6162


def upgrade(url: str, revision: str = "head") -> None:
    """Make or upgrade the tables.

    Any number of processes may do it at once: the first one works, the others wait and find nothing to do.
    All of it is one transaction, so a database is never left between two versions.
    """
    from alembic import command  # noqa: PLC0415 - takes a tenth of a second, and is_current needs none of it

    database = Database(url, pooled=False, statement_seconds=None)
    with database.write() as session:
        connection = session.connection()
        if not database.is_sqlite:  # on SQLite the transaction itself lets nobody else write
            connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _ADVISORY_LOCK})
        command.upgrade(configuration(connection), revision)


def is_current(database: Database) -> bool:
    """Whether the tables have the form that this version of Normlab expects. One short query."""
    try:
        with database.read() as session:
            return session.scalars(text("SELECT version_num FROM alembic_version")).all() == [NEWEST]
    except DBAPIError:
        database.ping()  # raises if the database is away; else it was the table that is missing
        return False


def configuration(connection: Connection | None = None) -> "Config":
    """Alembic's configuration, to work on this connection."""
    from alembic.config import Config  # noqa: PLC0415 - as above

    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
