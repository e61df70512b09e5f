"""Sweeps whose jobs are ended by the test, without training."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from normlab.local.redis import EmbeddedRedis
from normlab.settings import Settings
from normlab.spec import Limits
from normlab.store import Database, Sweep, SweepJob, SweepPoint
from normlab.store.studies import members, studies
from normlab.store.sweeps import sweeps
from normlab.store.sweeps.points import points_of
from normlab.sweeps import advance, parse_sweep
from normlab.sweeps.start import prepare
from support.databases import PostgresDatabases, SqliteDatabases
from support.ended_jobs import end_job
from support.serving import serving

DAILY_ON_POSTGRES = {
    "test_a_grid_makes_a_job_for_each_point_and_seed",
    "test_a_sweep_goes_on_to_its_answer",
    "test_a_sweep_is_deleted_with_its_jobs",
    "test_a_new_sweep_says_what_is_missing",
    "test_sweeps_are_listed_newest_first_and_found_by_name",
}
"""What asks another question of each database; the rest is made of rows that these have read from both."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave the others on Postgres to the night."""
    for item in items:
        if not isinstance(item, pytest.Function) or item.path.parent.name != "sweeps":
            continue
        on_postgres = "postgres" in getattr(getattr(item, "callspec", None), "params", {}).values()
        if on_postgres and item.originalname not in DAILY_ON_POSTGRES:
            item.add_marker(pytest.mark.nightly)


RATE = "/training/optimizer/learning_rate"
Surface = Callable[[dict[str, Any], int], float | None]


def body(**given: Any) -> dict[str, Any]:
    """A request to sweep the learning rate of a preset on ``digits``."""
    spec = {
        "architecture": "baseline",
        "dataset": "digits",
        "training": {"epochs": 2, "batch_size": 64},
    }
    return {
        "arms": [{"name": "baseline", "spec": spec}],
        "space": {"training.optimizer.learning_rate": {"log": [1e-3, 1], "per_decade": 2}},
    } | given


def hill(values: dict[str, Any], seed: int) -> float | None:
    """Best at a rate of 0.1; above 0.5 the loss is no number."""
    rate = values[RATE]
    if rate > 0.5:
        return None
    return 0.9 - 0.1 * (math.log10(rate) + 1) ** 2 + 0.001 * math.sin(seed * 7)


@dataclass
class Laboratory:
    """A store with sweeps in it."""

    database: Database

    def create(self, request: dict[str, Any] | None = None, **given: Any) -> Sweep:
        """Store a sweep as the API does."""
        asked, specs = parse_sweep(request or body(**given))
        prepared = prepare(asked, specs, limits=Limits())
        with self.database.write() as session:
            return sweeps.create(session, prepared.sweep, prepared.points, prepared.specs)

    def get(self, sweep: str | Sweep) -> Sweep:
        with self.database.read() as session:
            return studies.get(session, Sweep, getattr(sweep, "id", sweep))

    def points(self, sweep: str | Sweep) -> Sequence[SweepPoint]:
        with self.database.read() as session:
            return points_of(session, getattr(sweep, "id", sweep))

    def members(self, sweep: str | Sweep) -> Sequence[SweepJob]:
        with self.database.read() as session:
            return members.of(session, SweepJob, getattr(sweep, "id", sweep))

    def advance(self) -> list[str]:
        return advance(self.database, Limits(), max_attempts=3)

    def end_all(self, sweep: str | Sweep, surface: Surface = hill) -> None:
        """End every queued job of a sweep with what the surface says of its point and seed."""
        for member in self.members(sweep):
            if not member.job.state.final:
                spec = member.job.spec
                values = {RATE: spec["training"]["optimizer"]["learning_rate"], "spec": spec}
                epochs = spec["training"]["epochs"]
                end_job(self.database, member.job_id, surface(values, member.seed), epochs=epochs)

    def run(self, sweep: str | Sweep, surface: Surface = hill, *, most: int = 60) -> Sweep:
        """End its jobs round by round until it has ended."""
        for _ in range(most):
            self.end_all(sweep, surface)
            self.advance()
            now = self.get(sweep)
            if now.state.final:
                return now
        raise AssertionError("the sweep still runs")


@pytest.fixture
def laboratory(database: Database) -> Laboratory:
    """A store of the test's own, once in SQLite and once in Postgres."""
    return Laboratory(database)


@dataclass
class ServedLaboratory(Laboratory):
    """The same with an API in front."""

    http: httpx.Client

    def submit(self, request: dict[str, Any]) -> str:
        response = self.http.post("/sweeps", json=request)
        assert response.status_code == 202, response.text
        found: str = response.json()["id"]
        return found


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def served(
    request: pytest.FixtureRequest, redis_server: EmbeddedRedis, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServedLaboratory]:
    """One API for all tests of a kind of database; no worker runs, so the tests end the jobs themselves."""
    folder = tmp_path_factory.mktemp("sweeps")
    databases: SqliteDatabases | PostgresDatabases = request.getfixturevalue(f"{request.param}_databases")
    with databases.fresh(folder) if isinstance(databases, SqliteDatabases) else databases.fresh() as database:
        settings = Settings(
            data_dir=folder,
            database_url=database.url.render_as_string(hide_password=False),
            broker_url=redis_server.broker_url,
            maintenance_seconds=3600,
        )
        with serving(settings) as http:
            yield ServedLaboratory(database, http)
