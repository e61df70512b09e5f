"""Migrated databases for tests, each a fast copy of one that was migrated once."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import migrations
from normlab.store import Database
from support.postgres import PostgresServer


class PostgresDatabases:
    """Fresh databases in one Postgres server."""

    def __init__(self, server: PostgresServer) -> None:
        self.server = server
        self._template = server.create()
        migrations.upgrade(server.url(self._template))

    @contextmanager
    def fresh(self) -> Iterator[Database]:
        """A migrated database without rows."""
        name = self.server.create(self._template)
        database = Database(self.server.url(name))
        yield database
        database.close()
        self.server.drop(name)


class SqliteDatabases:
    """Fresh SQLite files."""

    def __init__(self, folder: Path) -> None:
        self._template = folder / "template.db"
        migrations.upgrade(f"sqlite:///{self._template}")

    @contextmanager
    def fresh(self, folder: Path) -> Iterator[Database]:
        """A migrated database without rows."""
        path = folder / "normlab.db"
        shutil.copyfile(self._template, path)
        database = Database(f"sqlite:///{path}")
        yield database
        database.close()
