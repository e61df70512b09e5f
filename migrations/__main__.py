"""``python -m migrations``: bring the configured database to its newest form."""

import argparse

from alembic import command

from migrations import configuration, upgrade
from normlab.settings import Settings
from normlab.store import Database


def main() -> None:
    """Upgrade, or with ``--new`` write a migration of what the models have and the database has not."""
    parser = argparse.ArgumentParser(
        prog="python -m migrations", description="Make or upgrade the database's tables."
    )
    parser.add_argument(
        "--new", metavar="MESSAGE", help="write the migration that brings the models' changes"
    )
    arguments = parser.parse_args()
    url = Settings().resolved_database_url
    upgrade(url)
    if arguments.new:
        with Database(url, pooled=False).write() as session:
            command.revision(configuration(session.connection()), arguments.new, autogenerate=True)


if __name__ == "__main__":
    main()
