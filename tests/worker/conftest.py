from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from normlab.embedded_redis import EmbeddedRedis
from normlab.processes import Process
from normlab.spec import JobSpec
from normlab.store import Database
from support.databases import SqliteDatabases
from support.workers import Service

MakeSpec = Callable[..., JobSpec]


@pytest.fixture(scope="module")
def service(
    redis_server: EmbeddedRedis, sqlite_databases: SqliteDatabases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """SQLite, Redis and a data folder that the tests of a file share."""
    folder = tmp_path_factory.mktemp("service")
    with sqlite_databases.fresh(folder) as database:
        shared = Service(database, redis_server.broker_url, folder)
        yield shared
        shared.close()


@pytest.fixture(scope="module")
def worker(service: Service) -> Iterator[Process]:
    """A worker with one child that the tests of a file share, because starting it takes seconds."""
    with service.worker() as process:
        yield process


@pytest.fixture
def own_service(sqlite_database: Database, broker_url: str, tmp_path: Path) -> Iterator[Service]:
    """SQLite, Redis and a data folder of a test's own."""
    own = Service(sqlite_database, broker_url, tmp_path)
    yield own
    own.close()


@pytest.fixture
def postgres_service(postgres_database: Database, broker_url: str, tmp_path: Path) -> Iterator[Service]:
    """Postgres, Redis and a data folder of a test's own."""
    own = Service(postgres_database, broker_url, tmp_path)
    yield own
    own.close()


@pytest.fixture(scope="session")
def endless(make_spec: MakeSpec) -> JobSpec:
    """Minutes of training, of which no test waits for the end."""
    return make_spec(training={"epochs": 10_000})


@pytest.fixture(scope="session")
def some_seconds(make_spec: MakeSpec) -> JobSpec:
    """A training that lasts long enough to be disturbed."""
    return make_spec(training={"epochs": 300, "batch_size": 16})
