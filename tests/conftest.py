"""What tests of several folders use: real databases and a real broker, started when the first test asks for
them.

Each xdist worker has its own; all of them end with the tests, also when these are interrupted or killed.
"""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

import normlab.training  # noqa: F401 - decides how TensorFlow computes, before a test module imports it
from at_night import CASES
from normlab.local.redis import EmbeddedRedis
from normlab.spec import JobSpec, parse_job_spec
from normlab.store import Database
from support.databases import PostgresDatabases, SqliteDatabases
from support.postgres import PostgresServer

pytest_plugins = ["support.local_service"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the cases that are left to the night."""
    for item in items:
        if item.nodeid.startswith(CASES):
            item.add_marker(pytest.mark.nightly)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    server = PostgresServer()
    try:
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture(scope="session")
def postgres_databases(postgres_server: PostgresServer) -> PostgresDatabases:
    return PostgresDatabases(postgres_server)


@pytest.fixture(scope="session")
def sqlite_databases(tmp_path_factory: pytest.TempPathFactory) -> SqliteDatabases:
    return SqliteDatabases(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture
def sqlite_database(sqlite_databases: SqliteDatabases, tmp_path: Path) -> Iterator[Database]:
    """A migrated SQLite database without rows."""
    with sqlite_databases.fresh(tmp_path) as database:
        yield database


@pytest.fixture
def postgres_database(postgres_databases: PostgresDatabases) -> Iterator[Database]:
    """A migrated Postgres database without rows."""
    with postgres_databases.fresh() as database:
        yield database


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> Database:
    """A migrated database without rows; the test runs once on each kind."""
    found: Database = request.getfixturevalue(f"{request.param}_database")
    return found


@pytest.fixture(scope="session")
def redis_server() -> Iterator[EmbeddedRedis]:
    # Not in pytest's own folder, whose path can be too long for a socket.
    with (
        tempfile.TemporaryDirectory(prefix="normlab-redis-") as folder,
        EmbeddedRedis(Path(folder)) as server,
    ):
        yield server


@pytest.fixture
def broker_url(redis_server: EmbeddedRedis) -> str:
    """The URL of an empty Redis."""
    with redis.Redis(unix_socket_path=str(redis_server.socket_path)) as client:
        client.flushall()
    return redis_server.broker_url


@pytest.fixture(scope="session")
def make_spec() -> Callable[..., JobSpec]:
    """Makes small specs of the ``digits`` dataset; what is given goes over that, ``training`` by fields."""

    def make(training: dict[str, object] | None = None, **given: object) -> JobSpec:
        body = {"architecture": "baseline", "dataset": {"name": "digits"}, "probes": "off"} | given
        return parse_job_spec(body | {"training": {"epochs": 2, "batch_size": 64} | (training or {})})

    return make
