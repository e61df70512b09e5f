import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Column, Index, Integer, inspect, select, text
from sqlalchemy.schema import CreateIndex

import migrations
from normlab.errors import SetupError
from normlab.spec.epochs import EpochMetrics
from normlab.store import Database, Epoch, Job, JobState
from normlab.store.base import AnyFloat, Base
from normlab.store.jobs import leases, queue
from normlab.store.jobs.queue import RUN_SECONDS
from support.postgres import PostgresServer


def test_migrations_make_what_the_models_describe(database: Database) -> None:
    directed = {index.name for index in _indexes() if not all(_is_column(item) for item in index.expressions)}

    def compared(_item: object, name: str | None, kind: str, *_: object) -> bool:
        return not (database.is_sqlite and kind == "index" and name in directed)

    with database.read() as session:
        options = {"compare_type": True, "include_object": compared}
        context = MigrationContext.configure(session.connection(), opts=options)
        assert compare_metadata(context, Base.metadata) == []


def test_sqlites_indexes_have_the_described_directions_and_conditions(sqlite_database: Database) -> None:
    """SQLAlchemy does not see them there."""
    with sqlite_database.read() as session:
        rows = session.execute(text("SELECT name, sql FROM sqlite_master WHERE sql LIKE 'CREATE INDEX%'"))
        made = dict(list(rows))
    described = {index.name: str(CreateIndex(index).compile(sqlite_database.engine)) for index in _indexes()}
    assert made == described


def _indexes() -> list[Index]:
    return [index for table in Base.metadata.tables.values() for index in table.indexes]


def _is_column(expression: object) -> bool:
    return isinstance(expression, Column)


def test_the_head_of_the_queue_and_who_is_ahead_are_found_in_the_index(sqlite_database: Database) -> None:
    """Else each claim sorts, and each answer about a waiting job reads, the whole queue."""
    waiting = Job.state == JobState.QUEUED
    head = select(Job.id).where(waiting).order_by(*leases.QUEUE_ORDER).limit(1)
    sql = str(head.compile(sqlite_database.engine, compile_kwargs={"literal_binds": True}))
    values = {"priority": 0, "queued_at": "", "id": "", "limit": 5, "param_1": 5, "param_2": 0, "param_3": 0}
    with sqlite_database.read() as session:
        for statement in (sql, *(each.written("sqlite")[0] for each in queue.IN_QUEUE)):
            explained = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
            plan = [row[3] for row in explained]
            assert any("jobs USING COVERING INDEX ix_jobs_queue" in step for step in plan), plan
            scans = [step for step in plan if step.startswith("SCAN jobs") or "FOR ORDER BY" in step]
            assert scans == [step for step in scans if "ix_jobs_last_runs" in step], plan


def test_the_last_run_times_are_read_from_the_end_of_their_index(sqlite_database: Database) -> None:
    """Without statistics, which a new database lacks; else each submission sorts all jobs that have succeeded."""
    sql = RUN_SECONDS.compile(sqlite_database.engine, compile_kwargs={"literal_binds": True})
    with sqlite_database.read() as session:
        plan = [row[3] for row in session.execute(text(f"EXPLAIN QUERY PLAN {sql}"))]
    assert "SCAN jobs USING INDEX ix_jobs_last_runs" in plan
    assert "USE TEMP B-TREE FOR ORDER BY" not in plan


def test_migrations_know_whether_a_database_is_current(database: Database, tmp_path: Path) -> None:
    assert migrations.is_current(database)
    empty = Database(f"sqlite:///{tmp_path / 'empty.db'}")
    assert not migrations.is_current(empty)
    empty.close()


def upgrade_at_once(url: str, processes: int = 4) -> None:
    program = f"import migrations; migrations.upgrade({url!r})"
    running = [subprocess.Popen([sys.executable, "-c", program]) for _ in range(processes)]
    assert [process.wait(60) for process in running] == [0] * processes


@pytest.mark.nightly
def test_several_processes_may_migrate_sqlite_at_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'folder' / 'new.db'}"
    upgrade_at_once(url)
    database = Database(url)
    assert migrations.is_current(database)
    database.close()


def test_several_processes_may_migrate_postgres_at_once(postgres_server: PostgresServer) -> None:
    name = postgres_server.create()
    upgrade_at_once(postgres_server.url(name))
    database = Database(postgres_server.url(name))
    assert migrations.is_current(database)
    database.close()
    postgres_server.drop(name)


def test_constraints_have_names(database: Database) -> None:
    inspector = inspect(database.engine)
    for table in Base.metadata.tables:
        assert inspector.get_pk_constraint(table)["name"] == f"pk_{table}"
        assert all(key["name"] for key in inspector.get_foreign_keys(table))


def test_sqlite_is_set_up_to_lose_nothing(sqlite_database: Database) -> None:
    with sqlite_database.read() as session:
        found = {
            name: session.scalar(text(f"PRAGMA {name}"))
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout", "wal_autocheckpoint")
        }
    assert found == {
        "journal_mode": "wal",
        "synchronous": 2,  # FULL
        "foreign_keys": 1,
        "busy_timeout": 30_000,
        "wal_autocheckpoint": 0,
    }


def test_a_checkpoint_is_left_to_the_process_that_is_at_it(sqlite_database: Database) -> None:
    import fcntl  # noqa: PLC0415 - not on every platform

    with sqlite_database.write() as session:
        session.execute(text("CREATE TABLE filled (x)"))
    assert sqlite_database.checkpoint()
    with Path(f"{sqlite_database.url.database}-checkpoint.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert not sqlite_database.checkpoint()
    assert (
        sqlite3.connect(f"file:{sqlite_database.url.database}?immutable=1", uri=True)
        .execute("SELECT * FROM filled")
        .fetchall()
        == []
    )


def test_a_database_in_memory_is_refused() -> None:
    with pytest.raises(SetupError, match="the SQLite database must be a file"):
        Database("sqlite://")


def test_an_epochs_columns_are_the_numbers_that_the_trainer_measures() -> None:
    columns = {column.name: column for column in Epoch.__table__.columns}
    for name in ("job_id", "attempt", "recorded_at"):  # where and when, not what
        del columns[name]
    assert list(columns) == list(EpochMetrics.model_fields)
    for name, field in EpochMetrics.model_fields.items():
        kind = field.annotation
        assert columns[name].nullable == (kind == float | None), name
        assert isinstance(columns[name].type, Integer if kind is int else AnyFloat), name
