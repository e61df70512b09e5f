"""A database that holds rows of every table goes through all migrations, up and down, and loses none of them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import text
from sqlalchemy.orm import Session

import migrations
from normlab.spec import JobSpec
from normlab.spec.measurements import Measured
from normlab.store import ArtifactKind, Database, idempotency, measurements
from normlab.store.artifacts import StoredFile
from normlab.store.base import Base
from normlab.store.comparisons import comparisons
from normlab.store.comparisons.comparisons import Arm, NewComparison
from normlab.store.jobs import endings, jobs, leases, reports, workers
from normlab.store.jobs.endings import Outcome
from normlab.store.models import names
from support.postgres import PostgresServer

FIRST_REVISION = {
    "idempotency_keys": "0001",
    "jobs": "0001",
    "artifacts": "0001",
    "epochs": "0001",
    "events": "0001",
    "job_tags": "0001",
    "comparisons": "0002",
    "comparison_arms": "0002",
    "comparison_jobs": "0002",
    "comparison_events": "0002",
    "worker_children": "0003",
    "named_models": "0004",
    "model_versions": "0004",
    "model_changes": "0004",
    "measurements": "0007",
}
"""By table: the migration that makes it. A table that comes later is added here, with rows of it below."""

REVISIONS = [f"{number:04d}" for number in range(1, int(migrations.NEWEST) + 1)]


@pytest.fixture(params=["sqlite", "postgres"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database without tables."""
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'normlab.db'}")
        yield database
        database.close()
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    name = server.create()
    database = Database(server.url(name))
    yield database
    database.close()
    server.drop(name)


@contextmanager
def alembic(database: Database) -> Iterator[Any]:
    with database.write() as session:
        yield migrations.configuration(session.connection())


def fill(
    database: Database,
    make_spec: Callable[..., JobSpec],
    make_metrics: Callable[..., Any],
) -> None:
    """Rows of every table."""
    with database.write() as session:
        assert idempotency.begin(session, "key", "digest") is None
        job = jobs.create(session, make_spec(name="first", tags=["a", "b"], priority=3))
        idempotency.remember(session, "key", {"id": job.id})
        leases.claim(session, job.id, worker="w", lease_seconds=60)
        reports.report_epoch(session, job.id, 1, make_metrics(1))
        measured = Measured(
            step=1, epoch=1, probe="signal", layer="dense", statistic="mean", value=float("nan")
        )
        measurements.store(session, job.id, 1, [measured])
        file = StoredFile(
            ArtifactKind.ONNX, f"{job.id}/1/model.onnx", "0" * 64, 7, "application/octet-stream"
        )
        outcome = Outcome(
            result={"epochs": 1},
            timings={"total_seconds": 1.5},
            environment={"normlab": "1"},
            digests={},
            layers=[{"name": "output"}],
            artifacts=[file],
        )
        endings.finish(session, job.id, 1, outcome)
        names.point(session, "clothes", job.id)
        workers.announce(session, "host/1", has_gpu=True)
        arms = [Arm("a", make_spec()), Arm("b", make_spec(training={"batch_size": 32}), base_seed=5)]
        new = NewComparison(arms=arms, question={"metric": "x"}, base_seed=1, replicates=2, max_replicates=9)
        comparisons.create(session, new)


def rows(database: Database, revision: str = migrations.NEWEST) -> dict[str, list[list[tuple[str, str]]]]:
    """The rows of all tables that are there at a revision, each as text by column."""
    there = [table for table, first in FIRST_REVISION.items() if first <= revision]
    with database.read() as session:
        return {table: sorted(_rows(session, table)) for table in there}


def _rows(session: Session, table: str) -> Iterator[list[tuple[str, str]]]:
    for row in session.execute(text(f"SELECT * FROM {table}")).mappings():
        yield sorted((column, str(value)) for column, value in row.items())


def test_every_table_is_filled(
    empty: Database, make_spec: Callable[..., JobSpec], make_metrics: Callable[..., Any]
) -> None:
    migrations.upgrade(empty.url.render_as_string(hide_password=False))
    fill(empty, make_spec, make_metrics)
    assert set(FIRST_REVISION) == set(Base.metadata.tables)
    assert [table for table, content in rows(empty).items() if not content] == []


@pytest.mark.parametrize("lowest", ["0001", "0006"])
def test_no_row_is_lost_on_the_way_down_and_up(
    empty: Database, make_spec: Callable[..., JobSpec], make_metrics: Callable[..., Any], lowest: str
) -> None:
    migrations.upgrade(empty.url.render_as_string(hide_password=False))
    fill(empty, make_spec, make_metrics)
    before = rows(empty)
    steps = REVISIONS[REVISIONS.index(lowest) :]
    for revision in reversed(steps[:-1]):
        with alembic(empty) as configuration:
            command.downgrade(configuration, revision)
        now = rows(empty, revision)
        assert {table: len(content) for table, content in now.items()} == {
            table: len(before[table]) for table in now
        }
    for revision in steps[1:]:
        with alembic(empty) as configuration:
            command.upgrade(configuration, revision)
    assert migrations.is_current(empty)
    after = rows(empty)
    kept = [table for table, first in FIRST_REVISION.items() if first <= lowest]
    assert {table: after[table] for table in kept} == {table: before[table] for table in kept}
