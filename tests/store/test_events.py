from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from normlab.spec.epochs import EpochMetrics
from normlab.store import Database, EventKind, Job, JobState, WarningCode
from normlab.store.jobs import events, jobs, reports

ClaimJob = Callable[..., Job]
MakeMetrics = Callable[..., EpochMetrics]


def test_events_are_numbered_without_gaps_however_many_write(
    database: Database, claim_job: ClaimJob, make_metrics: MakeMetrics, threads: ThreadPoolExecutor
) -> None:
    job = claim_job()

    def report(number: int) -> bool:
        with database.write() as session:
            if number % 3:
                return reports.report_warning(session, job.id, 1, WarningCode.CHECKPOINT_DAMAGED, str(number))
            return reports.report_epoch(session, job.id, 1, make_metrics(number + 1))

    seen: list[int] = []
    running = [threads.submit(report, number) for number in range(60)]
    while len(seen) < 62:  # a reader that follows sees each number once and in order, at any moment
        with database.read() as session:
            seen += [event.number for event in events.after(session, job.id, len(seen), limit=7)]
        assert seen == list(range(1, len(seen) + 1))
    assert all(future.result() for future in running)


def test_an_epoch_that_is_trained_again_overwrites_its_row(
    database: Database, claim_job: ClaimJob, make_metrics: MakeMetrics
) -> None:
    job = claim_job()
    with database.write() as session:
        assert reports.report_epoch(session, job.id, 1, make_metrics(1, loss=0.9))
        assert reports.report_epoch(session, job.id, 1, make_metrics(2, loss=0.8))
        assert reports.report_epoch(session, job.id, 1, make_metrics(2, loss=0.7))
    with database.read() as session:
        rows = reports.epochs(session, job.id)
        assert [(row.epoch, row.loss, row.val_loss, row.val_accuracy) for row in rows] == [
            (1, 0.9, 0.6, None),
            (2, 0.7, 0.6, None),
        ]
        told = [
            event.data["epoch"] for event in events.after(session, job.id) if event.kind is EventKind.EPOCH
        ]
        assert told == [1, 2, 2]


def test_progress_is_stored_with_an_estimated_end(database: Database, claim_job: ClaimJob) -> None:
    job = claim_job()
    progress = {
        "phase": "training",
        "epoch": 1,
        "epochs": 2,
        "step": 5,
        "steps": 20,
        "loss": float("nan"),
        "fraction": 0.125,
    }
    with database.write() as session:
        assert reports.report_progress(session, job.id, 1, progress, remaining_seconds=30)
    with database.read() as session:
        stored = jobs.get(session, job.id)
    assert stored.progress is not None
    at, end = (datetime.fromisoformat(stored.progress.pop(name)) for name in ("at", "estimated_end_at"))
    assert (at, end - at) == (stored.updated_at, timedelta(seconds=30))
    assert stored.progress == progress | {"loss": None, "attempt": 1}  # JSON has no NaN


def test_progress_is_no_event_and_the_newest_alone_is_kept(database: Database, claim_job: ClaimJob) -> None:
    job = claim_job()
    for step in range(3):
        with database.write() as session:
            assert reports.report_progress(session, job.id, 1, {"phase": "training", "step": step})
            assert not reports.report_progress(session, job.id, 2, {"phase": "training", "step": 99})
    with database.read() as session:
        stored = jobs.get(session, job.id)
        assert (stored.progress or {})["step"] == 2
        assert stored.event_count == len(events.after(session, job.id)) == 2


def test_times_are_utc_and_from_the_databases_clock(claim_job: ClaimJob) -> None:
    job = claim_job()
    for moment in (job.created_at, job.started_at, job.updated_at):
        assert moment is not None
        assert moment.tzinfo is UTC
        assert abs(moment - datetime.now(UTC)) < timedelta(seconds=30)


def test_the_history_tells_each_state_with_its_reason(database: Database, claim_job: ClaimJob) -> None:
    first, second = claim_job(), claim_job()
    with database.write() as session:
        jobs.request_cancel(session, second.id)
    with database.read() as session:
        found = events.histories(session, [first.id, second.id, "job_unknown"])
    assert [(event.data["state"], event.data["reason"], event.attempt) for event in found[first.id]] == [
        (JobState.QUEUED, "created", 0),
        (JobState.RUNNING, "claimed", 1),
    ]
    assert len(found[second.id]) == 2
    assert found["job_unknown"] == []
