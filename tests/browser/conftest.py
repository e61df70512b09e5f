"""A fresh service whose worker the test starts itself."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from normlab.local.redis import EmbeddedRedis
from normlab.settings import Settings
from support.databases import SqliteDatabases
from support.serving import serving
from support.workers import Service


@dataclass
class FreshService:
    """The API, and what starts a worker for it."""

    http: httpx.Client
    work: Service


@pytest.fixture
def fresh_service(sqlite_databases: SqliteDatabases, tmp_path: Path) -> Iterator[FreshService]:
    with (
        tempfile.TemporaryDirectory(prefix="normlab-redis-") as socket_folder,
        EmbeddedRedis(Path(socket_folder)) as broker,
        sqlite_databases.fresh(tmp_path) as database,
    ):
        work = Service(database, broker.broker_url, tmp_path)
        settings = Settings(
            data_dir=tmp_path,
            database_url=database.url.render_as_string(hide_password=False),
            broker_url=broker.broker_url,
            maintenance_seconds=1,
        )
        with serving(settings) as http:
            yield FreshService(http, work)
        work.close()
