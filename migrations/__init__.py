"""The schema's history: ``upgrade(url)`` brings a database to its newest form.

``python -m migrations`` does it for the configured database.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from normlab.store import Database

# Postgres's number for "somebody migrates": "normlab" in ASCII. Any that nobody else uses would do.
_ADVISORY_LOCK = 0x6E6F726D6C6162


def upgrade(url: str) -> None:
    """Make or upgrade the tables.

    Any number of processes may do it at once: the first one works, the others wait and find nothing to do.
    All of it is one transaction, so a database is never left between two versions.
    """
    database = Database(url, pooled=False)
    with database.write() as session:
        connection = session.connection()
        if not database.is_sqlite:  # on SQLite the transaction itself lets nobody else write
            connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _ADVISORY_LOCK})
        command.upgrade(configuration(connection), "head")


def is_current(database: Database) -> bool:
    """Whether the tables have the form that this version of Normlab expects."""
    with database.read() as session:
        found = MigrationContext.configure(session.connection()).get_current_heads()
    return set(found) == set(ScriptDirectory.from_config(configuration()).get_heads())


def configuration(connection: Connection | None = None) -> Config:
    """Alembic's configuration, to work on this connection."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
