import math
from collections.abc import Callable

import pytest
from sqlalchemy import text

from normlab.spec.epochs import EpochMetrics
from normlab.spec.measurements import WHOLE_NETWORK, Measured
from normlab.store import Database, FailureCode, Job, deletion, measurements
from normlab.store.jobs import endings, jobs, leases, reports
from support.stored_measurements import measurements_of

ClaimJob = Callable[..., Job]

VALUES = [0.1, 0.0, math.nan, math.inf, -math.inf, 5e-324, 1.7976931348623157e308]


def measured(step: int = 0, value: float = 0.5, **other: object) -> Measured:
    usual = {"step": step, "epoch": min(step, 1), "probe": "signal", "layer": "dense", "statistic": "mean"}
    return Measured(**usual | {"value": value} | other)  # type: ignore[arg-type]  # any field


def as_row(item: Measured) -> tuple[object, ...]:
    return item.epoch, item.step, item.probe, item.layer, item.statistic, item.value


def test_every_number_comes_back_as_it_went_in(database: Database, claim_job: ClaimJob) -> None:
    job = claim_job()
    given = [measured(step, value) for step, value in enumerate(VALUES)]
    with database.write() as session:
        assert reports.report_measurements(session, job.id, 1, given)
    with database.read() as session:
        found = [row.value for row in measurements_of(session, job.id)]
    assert [value.hex() for value in found] == [value.hex() for value in VALUES]


def test_an_epoch_with_a_number_that_is_none_is_stored(
    database: Database, claim_job: ClaimJob, make_metrics: Callable[..., EpochMetrics]
) -> None:
    job = claim_job()
    with database.write() as session:
        assert reports.report_epoch(session, job.id, 1, make_metrics(1, loss=math.nan))
    with database.read() as session:
        (row,) = reports.epochs(session, job.id)
    assert math.isnan(row.loss)


def test_an_attempt_writes_as_long_as_it_has_the_job(database: Database, claim_job: ClaimJob) -> None:
    job = claim_job()
    with database.write() as session:
        assert reports.report_measurements(session, job.id, 1, [measured(1, 0.25), measured(2, 0.5)])
        leases.lose(session, job.id, 1, reason="lease_expired")
    with database.write() as session:
        leases.claim(session, job.id, worker="w", lease_seconds=60)
        assert not reports.report_measurements(session, job.id, 1, [measured(1, 9.0)])
        assert reports.report_measurements(session, job.id, 2, [measured(2, 0.75)])
    with database.read() as session:
        rows = measurements_of(session, job.id)
        assert [(row.step, row.attempt, row.value) for row in rows] == [(1, 1, 0.25), (2, 2, 0.75)]


def test_they_are_read_by_probe_and_over_jobs(database: Database, claim_job: ClaimJob) -> None:
    first, second = claim_job(), claim_job()
    given = [
        *(measured(step) for step in (0, 1, 2)),
        measured(1, layer=WHOLE_NETWORK),
        measured(1, statistic="variance"),
    ]
    with database.write() as session:
        for job in (first, second):
            assert reports.report_measurements(
                session, job.id, 1, [measured(1, probe="rank"), *reversed(given)]
            )
    with database.read() as session:
        assert len(measurements_of(session, first.id)) == 6
        found = measurements.rows_of_jobs(session, [second.id, first.id], ["signal"])
        for job in (first, second):
            assert {tuple(row)[:6] for row in found[job.id]} == {as_row(item) for item in given}


def test_they_go_with_the_run_they_are_of(database: Database, claim_job: ClaimJob) -> None:
    kept, retried, deleted = claim_job(), claim_job(), claim_job()
    with database.write() as session:
        for job in (kept, retried, deleted):
            reports.report_measurements(session, job.id, 1, [measured(0), measured(1), measured(9, epoch=2)])
            if job is not kept:
                endings.fail(session, job.id, 1, FailureCode.NAN_LOSS, "the loss became NaN")
        jobs.retry(session, retried.id)
        deletion.delete_job(session, deleted.id)
    with database.read() as session:
        left = {job.id: [row.step for row in measurements_of(session, job.id)] for job in (kept, retried)}
        assert left == {kept.id: [0, 1, 9], retried.id: []}
        assert session.scalar(text("SELECT count(*) FROM measurements")) == 3


@pytest.mark.parametrize(
    ("beginning", "epochs", "steps"),
    [(reports.ANEW, [], []), (reports.Beginning(epochs=1, updates=14), [1], [0, 10, 14])],
)
def test_what_lies_beyond_where_an_attempt_begins_goes(
    *,
    beginning: reports.Beginning,
    epochs: list[int],
    steps: list[int],
    database: Database,
    claim_job: ClaimJob,
    make_metrics: Callable[..., EpochMetrics],
) -> None:
    """While it trains these epochs again, nobody is shown those of the attempt before it."""
    job, other = claim_job(), claim_job()
    points = [(0, 0), (10, 1), (14, 2), (16, 2), (20, 2)]
    with database.write() as session:
        for one in (job, other):
            for epoch in (1, 2):
                reports.report_epoch(session, one.id, 1, make_metrics(epoch))
            reports.report_measurements(session, one.id, 1, [measured(s, epoch=e) for s, e in points])
        leases.lose(session, job.id, 1, reason="lease_expired")
    with database.write() as session:
        leases.claim(session, job.id, worker="w", lease_seconds=60)
        before = jobs.get(session, job.id).updated_at
    with database.write() as session:
        assert reports.begin(session, job.id, 2, beginning)
    with database.read() as session:
        assert [row.epoch for row in reports.epochs(session, job.id)] == epochs
        assert [row.step for row in measurements_of(session, job.id)] == steps
        assert jobs.get(session, job.id).updated_at > before  # so no answer's ETag outlives it
        assert len(reports.epochs(session, other.id)) == 2
        assert len(measurements_of(session, other.id)) == len(points)


def test_a_jobs_probe_is_read_by_the_primary_key(sqlite_database: Database) -> None:
    condition = "job_id = 'a' AND probe = 'b'"
    with sqlite_database.read() as session:
        plan = session.execute(text(f"EXPLAIN QUERY PLAN SELECT * FROM measurements WHERE {condition}")).all()
    assert "USING PRIMARY KEY" in str(plan)
