"""A database that holds rows of every table goes through all migrations, up and down, and loses none of them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import text, update
from sqlalchemy.orm import Session

import migrations
from normlab.spec import JobSpec
from normlab.spec.measurements import Measured
from normlab.spec.robustness import RobustnessRequest
from normlab.store import (
    ArtifactKind,
    Database,
    Event,
    EventKind,
    Job,
    evaluations,
    format_requests,
    idempotency,
    measurements,
    robustness,
)
from normlab.store.artifacts import StoredFile
from normlab.store.base import Base
from normlab.store.clock import database_now
from normlab.store.comparisons import comparisons
from normlab.store.comparisons.comparisons import Arm, NewComparison
from normlab.store.datasets import checks, usage, versions
from normlab.store.datasets.versions import Source
from normlab.store.identifiers import new_id
from normlab.store.jobs import endings, events, jobs, leases, reports, workers
from normlab.store.jobs.endings import Outcome
from normlab.store.models import names
from normlab.store.sweeps import points, sweeps
from normlab.store.trials import trials
from normlab.store.trials.trials import NewTrial, TrialArm
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
    "format_requests": "0010",
    "evaluations": "0017",
    "dataset_names": "0015",
    "datasets": "0015",
    "dataset_files": "0015",
    "dataset_uses": "0015",
    "robustness": "0019",
    "sweeps": "0020",
    "sweep_arms": "0020",
    "sweep_points": "0020",
    "sweep_jobs": "0020",
    "sweep_events": "0020",
    "trials": "0021",
    "trial_jobs": "0021",
    "trial_events": "0021",
}
"""By table: the migration that makes it. A table that comes later is added here, with rows of it below."""

OLD_PROGRESS = text(
    "INSERT INTO events (job_id, number, kind, at, attempt, data) "
    "VALUES (:job, :number, 'progress', :at, :attempt, '{}')"
)
"""Before 0009 progress was an event."""

REVISIONS = sorted(file.name[:4] for file in Path(migrations.__file__).parent.glob("versions/[0-9]*.py"))


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
        format_requests.ask(session, job.id, ArtifactKind.LITERT)
        evaluations.ask(session, job.id, "mnist")
        robustness.ask(session, job.id, "0" * 64, RobustnessRequest())
        names.point(session, "clothes", job.id)
        workers.announce(session, "host/1", has_gpu=True)
        arms = [Arm("a", make_spec()), Arm("b", make_spec(training={"batch_size": 32}), base_seed=5)]
        new = NewComparison(arms=arms, question={"metric": "x"}, base_seed=1, replicates=2, max_replicates=9)
        comparisons.create(session, comparisons.prepare(new))
        sweep = sweeps.begin(sweeps.NewSweep([("a", make_spec())], {}, base_seed=1, seeds=2))
        smaller = make_spec(training={"batch_size": 16})
        values = {"/training/batch_size": 16}
        point = points.new_point(sweep, (0, 0), values, smaller, epochs=2, max_attempts=1)
        sweeps.create(session, sweep, [point], [smaller])
        asked = [TrialArm(name, make_spec(), [make_spec(training={"batch_size": 2})]) for name in ("a", "b")]
        at = [{"pointer": "/training/batch_size", "value": 2, "times": False}]
        trials.create(session, trials.prepare(NewTrial(asked, {}, at, ["gradient"], 1, 1, 1, seconds=60.0)))
        dataset_id = new_id("ds")
        versions.create(session, dataset_id, "parts", Source("uploads/x", "0" * 64, 9), {"seed": 1})
        taken = checks.take(session, worker="host/1", lease_seconds=60)
        assert taken is not None
        array = checks.StoredArray("decoded/x_train.npy", f"{dataset_id}/1/x_train.npy", "0" * 64, 7)
        checks.finish(session, taken, checks.Checked({"digest": "sha256:0"}, {}, {"findings": []}, [array]))
        usage.record(session, job.id, "parts", 1)


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


def test_the_newest_progress_of_an_earlier_versions_events_stays_in_the_jobs_row(
    empty: Database, make_spec: Callable[..., JobSpec]
) -> None:
    migrations.upgrade(empty.url.render_as_string(hide_password=False))
    with empty.write() as session:
        job_id = jobs.create(session, make_spec()).id
        leases.claim(session, job_id, worker="w", lease_seconds=60)
        ended = jobs.create(session, make_spec()).id
    with alembic(empty) as configuration:
        command.downgrade(configuration, "0008")
    told = {"phase": "training", "step": 2}
    with empty.write() as session:
        for number, at in ((3, "2026-01-01T00:00:01.000Z"), (4, "2026-01-01T00:00:02.250Z")):
            for job, attempt in ((job_id, 1), (ended, 0)):
                session.execute(OLD_PROGRESS, {"job": job, "number": number, "at": at, "attempt": attempt})
        session.execute(update(Job).where(Job.id == job_id).values(progress=told, event_count=4))
        session.execute(update(Job).where(Job.id == ended).values(event_count=4))
    with alembic(empty) as configuration:
        command.upgrade(configuration, "head")
    with empty.write() as session:
        job = jobs.get(session, job_id)
        assert job.progress == told | {"at": "2026-01-01T00:00:02.250000Z", "attempt": 1}
        assert jobs.get(session, ended).progress is None
        assert [event.number for event in events.after(session, ended)] == [1]
        jobs.request_cancel(session, ended)
        assert [event.number for event in events.after(session, ended, 4)] == [5]  # above all that were told
        assert [event.number for event in events.after(session, job_id)] == [1, 2]


def test_of_the_events_that_say_what_was_measured_the_newest_stays(
    empty: Database, make_spec: Callable[..., JobSpec]
) -> None:
    migrations.upgrade(empty.url.render_as_string(hide_password=False))
    with alembic(empty) as configuration:
        command.downgrade(configuration, "0013")
    with empty.write() as session:
        first, second = (jobs.create(session, make_spec()).id for _ in range(2))
        for job_id, numbers in ((first, (2, 3, 5)), (second, (4,))):
            for number in numbers:
                session.add(
                    Event(
                        job_id=job_id,
                        number=number,
                        kind=EventKind.MEASURED,
                        at=database_now(),
                        attempt=1,
                        data={},
                    )
                )
    with alembic(empty) as configuration:
        command.upgrade(configuration, "head")
    with empty.read() as session:
        assert [event.number for event in events.after(session, first)] == [1, 5]
        assert [event.number for event in events.after(session, second)] == [1, 4]
