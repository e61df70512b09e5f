"""No answer grows with what it does not show: counted in steps of SQLite's virtual machine, which no load changes."""

from collections.abc import Callable

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from normlab.documents.jobs import JobOrder
from normlab.spec import JobSpec
from normlab.spec.epochs import EpochMetrics
from normlab.spec.measurements import Measured
from normlab.store import Database, EventKind, JobState, measurements
from normlab.store.jobs import events, jobs, leases, listing, reports
from normlab.store.jobs.listing import JobFilter

FEW, MANY = 100, 100_000
COUNT = 20_000
DEEP = [
    (JobFilter(id_part=part, states=states), order, number)
    for part in ("job_0", "zzzzzz")
    for states in ((), (JobState.FAILED,))
    for order, number in ((JobOrder.NEWEST, 10), (JobOrder.OLDEST, COUNT - 10), (JobOrder.OLDEST, 10))
]
"""Pages far from the beginning of lists of jobs whose ids have a part."""
TOLD = (EventKind.STATE, EventKind.WARNING)
"""What an answer about a job tells of its events."""

EVENTS = """
WITH RECURSIVE numbers(n) AS (SELECT 3 UNION ALL SELECT n + 1 FROM numbers WHERE n < :count)
INSERT INTO events (job_id, number, kind, at, attempt, data)
SELECT :job_id, n, CASE n % 2 WHEN 0 THEN 'epoch' ELSE 'measured' END, '2026-01-01T00:00:00.000Z', 1, '{}' FROM numbers
"""
JOBS = """
WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :count)
INSERT INTO jobs (id, name, state, created_at, queued_at, updated_at, spec, spec_digest, arm_digest, priority,
  attempt, lost_attempts, max_attempts, event_count)
SELECT printf('job_0%025d', n), 'other', 'failed', at, at, at, '{}', 'other', 'other', 0, 1, 0, 3, 2
FROM numbers, (SELECT '2026-01-01T00:00:00.000Z' AS at)
"""
MEASUREMENTS = """
WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :count)
INSERT INTO measurements (job_id, probe, layer, statistic, step, epoch, attempt, value)
SELECT :job_id, 'rank', 'dense', 'mean', n, 1, 1, 0.5 FROM numbers
"""


def steps(database: Database, transaction: Callable[[Session], object], *, write: bool = False) -> int:
    """How many steps a transaction takes, in hundreds."""
    count = 0

    def note() -> None:
        nonlocal count
        count += 1

    with (database.write if write else database.read)() as session:
        driver = session.connection().connection.driver_connection
        assert driver is not None
        driver.set_progress_handler(note, 100)
        transaction(session)
        session.flush()
        driver.set_progress_handler(None, 0)
    return count


@pytest.fixture
def untimed(sqlite_database: Database) -> Database:
    """Without the time limit, which counts steps itself."""
    return Database(sqlite_database.url, statement_seconds=None)


def test_what_a_running_job_writes_and_a_follower_reads_does_not_grow_with_its_events(
    untimed: Database,
    make_spec: Callable[..., JobSpec],
    make_metrics: Callable[..., EpochMetrics],
) -> None:
    progress = {"phase": "training", "epoch": 1, "epochs": 2, "step": 1, "steps": 2}
    taken = []
    for count in (FEW, MANY):
        with untimed.write() as session:
            job_id = jobs.create(session, make_spec()).id
            leases.claim(session, job_id, worker="w", lease_seconds=60)
            session.execute(text(EVENTS), {"job_id": job_id, "count": count})
            session.execute(
                text("UPDATE jobs SET event_count = :count WHERE id = :id"), {"count": count, "id": job_id}
            )
        taken.append(
            [
                steps(
                    untimed,
                    lambda session, id_=job_id: leases.heartbeat(session, id_, 1, lease_seconds=60),
                    write=True,
                ),
                steps(
                    untimed,
                    lambda session, id_=job_id: reports.report_epoch(session, id_, 1, make_metrics(1)),
                    write=True,
                ),
                steps(
                    untimed,
                    lambda session, id_=job_id: reports.report_progress(session, id_, 1, progress),
                    write=True,
                ),
                steps(untimed, lambda session, id_=job_id, last=count: events.after(session, id_, last)),
                steps(untimed, lambda session, id_=job_id: events.after(session, id_, 50, limit=20)),
                steps(untimed, lambda session, id_=job_id: events.histories(session, [id_], TOLD)),
                steps(untimed, lambda session: listing.page(session, limit=5)),
            ]
        )
    untimed.close()
    assert all(many <= few + 2 for few, many in zip(*taken, strict=True)), taken


def test_what_is_asked_of_few_jobs_does_not_grow_with_the_others(
    untimed: Database, make_spec: Callable[..., JobSpec]
) -> None:
    with untimed.write() as session:
        jobs.create(session, make_spec(name="mine", tags=["a", "b"]))

    def look() -> list[int]:
        return [
            steps(untimed, lambda session: listing.page(session, limit=5)),
            steps(untimed, lambda session: listing.page(session, JobFilter(tags=["a", "b"]), limit=5)),
            steps(untimed, lambda session: listing.page(session, JobFilter(name="mine"), limit=5)),
            steps(
                untimed, lambda session: listing.page(session, JobFilter(states=[JobState.QUEUED]), limit=5)
            ),
            *(
                steps(
                    untimed,
                    lambda session, wanted=wanted, order=order, number=number: listing.page(
                        session, wanted, order=order, limit=5, cursor=f"job_0{number:025d}"
                    ),
                )
                for wanted, order, number in DEEP
            ),
        ]

    few = look()
    with untimed.write() as session:
        session.execute(text(JOBS), {"count": COUNT})
    many = look()
    untimed.close()
    assert all(after <= before + 20 for before, after in zip(few, many, strict=True)), (few, many)


def test_the_measurements_of_one_probe_do_not_grow_with_those_of_others(
    untimed: Database, make_spec: Callable[..., JobSpec]
) -> None:
    with untimed.write() as session:
        job_id = jobs.create(session, make_spec()).id
        mine = [
            Measured(step=step, epoch=1, probe="signal", layer="dense", statistic="mean", value=0.5)
            for step in range(20)
        ]
        measurements.store(session, job_id, 1, mine)

    def look() -> list[int]:
        wanted = measurements.MeasurementFilter(probes=["signal"])
        return [
            steps(untimed, lambda session: measurements.rows_of_jobs(session, [job_id], ["signal"])),
            steps(untimed, lambda session: measurements.page(session, job_id, wanted, limit=100)),
        ]

    few = look()
    with untimed.write() as session:
        session.execute(text(MEASUREMENTS), {"job_id": job_id, "count": MANY})
    many = look()
    untimed.close()
    assert all(after <= before + 2 for before, after in zip(few, many, strict=True)), (few, many)
