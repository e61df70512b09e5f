"""Builds of Normlab side by side: each as an API process of its own, with a database of its own."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import servers
import sqlalchemy as sa

ROOT = Path(__file__).resolve().parents[1]
NO_BROKER = "redis://127.0.0.1:1/0"


@dataclass(frozen=True)
class Build:
    """A checkout whose API answers from the database at ``database``."""

    server: servers.Server
    database: str

    @property
    def name(self) -> str:
        """What it is called in tables."""
        return self.server.name

    @property
    def url(self) -> str:
        """Where it answers."""
        return self.server.url

    @property
    def pid(self) -> int:
        """Its process."""
        return self.server.pid

    def cpu_ms(self) -> float:
        """CPU milliseconds of all its threads so far."""
        return 1000 * self.server.cpu_seconds()


@contextmanager
def running(
    name: str,
    checkout: Path,
    folder: Path,
    database: str | None = None,
    *,
    broker: str = NO_BROKER,
    more: Mapping[str, str] | None = None,
) -> Iterator[Build]:
    """The API of a checkout; without a database's URL, on SQLite in the folder.

    By default without a broker, since nobody is to work on what is asked for. ``more`` is put into its environment.
    """
    folder.mkdir(parents=True, exist_ok=True)
    database = database or f"sqlite:///{folder / 'normlab.db'}"
    environment = {
        "PYTHONPATH": str(checkout),
        "NORMLAB_DATA_DIR": str(folder),
        "NORMLAB_DATABASE_URL": database,
        "NORMLAB_BROKER_URL": broker,
        **(more or {}),
    }
    python = [sys.executable, "-P", "-m"]
    subprocess.run([*python, "migrations"], cwd=checkout, env={**os.environ, **environment}, check=True)
    port = servers.free_port()
    command = [*python, "api", "--port", str(port)]
    with servers.running(name, command, port, "/healthz", environment=environment, folder=checkout) as server:
        yield Build(server, database)


def new_database(server: str, name: str) -> str:
    """The URL of an empty database that a Postgres has now; one of the same name is deleted."""
    url = sa.make_url(server)
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f'DROP DATABASE IF EXISTS "bench_{name}"'))
        connection.execute(sa.text(f'CREATE DATABASE "bench_{name}"'))
    engine.dispose()
    return url.set(database=f"bench_{name}").render_as_string(hide_password=False)
