import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from normlab.local.process import Process
from normlab.local.redis import EmbeddedRedis
from normlab.spec import JobSpec
from support.databases import SqliteDatabases
from support.workers import Service

MakeSpec = Callable[..., JobSpec]


@contextmanager
def running_service(databases: SqliteDatabases, folder: Path) -> Iterator[Service]:
    """SQLite, a Redis of its own and a data folder."""
    with (
        tempfile.TemporaryDirectory(prefix="normlab-redis-") as socket_folder,
        EmbeddedRedis(Path(socket_folder)) as broker,
        databases.fresh(folder) as database,
    ):
        shared = Service(database, broker.broker_url, folder)
        yield shared
        shared.close()


@pytest.fixture(scope="session")
def service(sqlite_databases: SqliteDatabases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """What the worker of most tests works for. Tests that use it belong to the xdist group "worker"."""
    with running_service(sqlite_databases, tmp_path_factory.mktemp("service")) as shared:
        yield shared


@pytest.fixture(scope="module")
def own_service(
    sqlite_databases: SqliteDatabases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """For tests that run workers of their own."""
    with running_service(sqlite_databases, tmp_path_factory.mktemp("service")) as shared:
        yield shared


@pytest.fixture(scope="session")
def worker(service: Service) -> Iterator[Process]:
    """A worker with one child that all tests share, because starting it takes seconds."""
    with service.worker() as process:
        yield process


@pytest.fixture(scope="session")
def endless(make_spec: MakeSpec) -> JobSpec:
    """Minutes of training, of which no test waits for the end."""
    return make_spec(training={"epochs": 10_000})


@pytest.fixture(scope="session")
def some_seconds(make_spec: MakeSpec) -> JobSpec:
    """A training that lasts long enough to be disturbed."""
    return make_spec(training={"epochs": 300, "batch_size": 16})
