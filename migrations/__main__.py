"""``normlab-migrate``: bring the configured database to its newest form."""

import argparse
import sys

from alembic import command
from alembic.util import CommandError
from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError

from migrations import configuration, upgrade
from normlab.errors import SetupError
from normlab.settings import Settings
from normlab.store import Database


def main() -> None:
    """Upgrade, or with ``--new`` write a migration of what the models have and the database has not."""
    parser = argparse.ArgumentParser(
        prog="normlab-migrate", description="Make or upgrade the database's tables."
    )
    parser.add_argument(
        "--new", metavar="MESSAGE", help="write the migration that brings the models' changes"
    )
    arguments = parser.parse_args()
    try:
        url = Settings().resolved_database_url
        _migrate(url, arguments.new)
    except SetupError as error:
        sys.exit(f"Error: {error}")
    except CommandError as error:  # a version that is not among ours
        sys.exit(f"Error: The database {_public(url)} is of another version of Normlab: {error}.")
    except DBAPIError as error:
        sys.exit(f"Error: The database {_public(url)} cannot be used: {error.orig}.")
    except OSError as error:
        sys.exit(f"Error: The database {_public(url)} cannot be used: {error.strerror}.")


def _migrate(url: str, new: str | None) -> None:
    upgrade(url)
    if new:
        with Database(url, pooled=False).write() as session:
            command.revision(configuration(session.connection()), new, autogenerate=True)


def _public(url: str) -> str:
    return make_url(url).render_as_string(hide_password=True)


if __name__ == "__main__":
    main()
