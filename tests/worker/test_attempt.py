"""An attempt's thread against a real database, without a training."""

import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from normlab.settings import Settings
from normlab.spec import JobSpec
from normlab.spec.epochs import EpochMetrics
from normlab.spec.measurements import Measured
from normlab.spec.runs import Phase
from normlab.store import Database, Job, WarningCode
from normlab.store.jobs import endings, events, jobs, leases, reports
from normlab.training.checkpoints import Checkpoint, CheckpointFolder
from normlab.training.context import Progress
from support.epochs import made_up_epoch
from support.postgres import PostgresServer
from support.stored_measurements import measurements_of
from worker.attempt import Attempt
from worker.endings import StopCause, ending_of
from worker.liveness import LivenessTable
from worker.reports import MAX_TEXT
from worker.shutdown import ShutdownFlag

MakeAttempt = Callable[..., Attempt]


def record(epoch: int) -> EpochMetrics:
    return made_up_epoch(epoch, train_seconds=2.0, evaluate_seconds=0.5, elapsed_seconds=4.5 + 2.5 * epoch)


def progress(epoch: int, step: int = 0) -> Progress:
    return Progress(Phase.TRAINING, epoch=epoch, epochs=4, step=step, steps=10, loss=0.5)


def checkpoint() -> Checkpoint:
    """After three epochs and a part of the next."""
    return Checkpoint(
        spec_digest="sha256:0",
        epoch=3,
        step=4,
        loss_sum=0.0,
        cross_entropy_sum=0.0,
        correct=0,
        train_seconds=1.0,
        history=tuple(record(epoch) for epoch in (1, 2, 3)),
        patience=None,
        variables=(),
        best_weights=None,
    )


def eventually(what: Callable[[], object], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def claimed(database: Database, make_spec: Callable[..., JobSpec]) -> Job:
    with database.write() as session:
        jobs.create(session, make_spec())
    with database.write() as session:
        job = leases.claim_next(session, worker="w", lease_seconds=60)
    assert job is not None
    return job


@pytest.fixture
def liveness_table() -> LivenessTable:
    return LivenessTable(1)


@pytest.fixture
def make_attempt(
    database: Database, claimed: Job, tmp_path: Path, liveness_table: LivenessTable
) -> MakeAttempt:
    def make(
        shutdown: ShutdownFlag | None = None, max_runtime_seconds: float | None = None, number: int = 1
    ) -> Attempt:
        return Attempt(
            database,
            Settings(data_dir=tmp_path, heartbeat_seconds=0.1, checkpoint_seconds=0.2),
            shutdown or ShutdownFlag(),
            liveness_table.of_child(0),
            CheckpointFolder(tmp_path / "checkpoints"),
            job_id=claimed.id,
            number=number,
            max_runtime_seconds=max_runtime_seconds,
        )

    return make


def test_what_is_reported_is_stored_without_the_loop_waiting(
    database: Database, claimed: Job, make_attempt: MakeAttempt
) -> None:
    with make_attempt() as attempt:
        attempt.report(record(1))
        attempt.report(Measured(10, 1, "norms", "dense_1", "rms", 0.25))
        attempt.report(progress(2, step=5))

        def stored() -> bool:
            with database.read() as session:
                job = jobs.get(session, claimed.id)
                return (
                    len(reports.epochs(session, job.id)) == 1
                    and [row.value for row in measurements_of(session, job.id)] == [0.25]
                    and (job.progress or {}).get("fraction") == 0.375
                )

        eventually(stored)
        assert attempt.stop_cause is None
        assert not attempt.should_stop()


def test_an_attempt_that_lost_its_job_learns_it(
    database: Database, claimed: Job, make_attempt: MakeAttempt
) -> None:
    with make_attempt() as attempt:
        with database.write() as session:
            leases.lose(session, claimed.id, 1, reason="lease_expired")
        eventually(attempt.should_stop)
        assert attempt.stop_cause is StopCause.LOST
        attempt.report(record(1))
        assert attempt.conclude(lambda session: endings.cancel(session, claimed.id, 1)) is None
    with database.read() as session:
        assert reports.epochs(session, claimed.id) == []


def test_a_cancellation_is_learned_with_the_heartbeat_and_outweighs_a_shutdown(
    database: Database, claimed: Job, make_attempt: MakeAttempt
) -> None:
    shutdown = ShutdownFlag()
    with make_attempt(shutdown) as attempt:
        shutdown.set()
        assert attempt.stop_cause is StopCause.SHUTDOWN
        with database.write() as session:
            jobs.request_cancel(session, claimed.id)
        eventually(lambda: attempt.stop_cause is StopCause.CANCELLED)


def test_signs_of_life_go_on_while_the_database_holds_up_a_statement(
    database: Database, claimed: Job, make_attempt: MakeAttempt, liveness_table: LivenessTable
) -> None:
    def beats() -> int:
        return sum(liveness_table.read().values())

    with make_attempt() as attempt:
        with database.write() as session:
            jobs.request_cancel(session, claimed.id)  # holds the row, and in SQLite the database
            attempt.report(progress(1))
            begun = beats()
            eventually(lambda: beats() > begun + 2)
        eventually(lambda: attempt.stop_cause is StopCause.CANCELLED)
    assert beats() == 0


TOO_LARGE = 2**70
"""A number that no database takes."""


def test_an_epoch_that_the_database_refuses_ends_the_job_and_not_its_lease(
    database: Database, claimed: Job, make_attempt: MakeAttempt
) -> None:
    with make_attempt() as attempt:
        attempt.report(record(1))
        attempt.report(record(2).model_copy(update={"epoch": TOO_LARGE}))
        attempt.report(record(3))
        eventually(lambda: attempt.stop_cause is StopCause.REFUSED)

        def lease_end() -> datetime:
            with database.read() as session:
                end = jobs.get(session, claimed.id).lease_expires_at
            assert end is not None
            return end

        before = lease_end()
        eventually(lambda: lease_end() > before)  # for as long as the training needs to stop
        ending = ending_of(attempt.stop_cause, claimed.id, 1)
        assert ending is not None
        ended = attempt.conclude(ending)
    assert ended is not None
    assert (ended.state, ended.attempt, ended.error_code) == ("failed", 1, "internal")
    assert "the database refuses" in str(ended.error_detail)
    with database.read() as session:
        assert [row.epoch for row in reports.epochs(session, claimed.id)] == [1]


def test_progress_and_measurements_that_the_database_refuses_are_left_out(
    database: Database, claimed: Job, make_attempt: MakeAttempt
) -> None:
    with make_attempt() as attempt:
        attempt.report(progress(1, step=TOO_LARGE))
        attempt.report(Measured(TOO_LARGE, 1, "gradients", "output", "norm", 0.5))
        attempt.report(Measured(5, 1, "gradients", "output", "norm", 0.5))
        attempt.report(record(1))
        attempt.conclude(lambda _session: None)
        assert attempt.stop_cause is None
    with database.read() as session:
        assert [row.epoch for row in reports.epochs(session, claimed.id)] == [1]
        assert [row.step for row in measurements_of(session, claimed.id)] == [5]


def test_a_warning_has_only_characters_that_every_database_takes(
    database: Database, claimed: Job, make_attempt: MakeAttempt
) -> None:
    with make_attempt() as attempt:
        attempt.warn(WarningCode.EXPORT_FAILED, "no\0file \udc80" + "x" * 5000)
        attempt.conclude(lambda _session: None)
    with database.read() as session:
        (warning,) = (event.data for event in events.after(session, claimed.id) if event.kind == "warning")
    assert warning["detail"].startswith("no?file ?xx")
    assert len(warning["detail"]) == MAX_TEXT


def test_a_deadline_is_a_cause_to_stop(make_attempt: MakeAttempt) -> None:
    with make_attempt(max_runtime_seconds=0.2) as attempt:
        eventually(lambda: attempt.stop_cause is StopCause.DEADLINE)


def test_what_was_measured_before_a_checkpoint_is_stored_before_it(
    database: Database, claimed: Job, make_attempt: MakeAttempt, tmp_path: Path
) -> None:
    """A run that goes on from the checkpoint does not measure it again."""
    attempt = make_attempt()  # its threads do not run: only what the loop's own thread does is seen
    attempt.report(Measured(30, 3, "norms", "dense_1", "rms", 0.25))
    attempt.save(checkpoint())
    assert CheckpointFolder(tmp_path / "checkpoints").latest() is not None
    with database.read() as session:
        assert [row.step for row in measurements_of(session, claimed.id)] == [30]


def test_while_measurements_cannot_be_stored_the_older_checkpoint_stays(
    database: Database, make_attempt: MakeAttempt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise OperationalError("SELECT 1", None, sqlite3.OperationalError("database is locked"))

    attempt, folder = make_attempt(), CheckpointFolder(tmp_path / "checkpoints")
    attempt.report(progress(4))
    with monkeypatch.context() as outage:
        outage.setattr(database, "write", away)
        attempt.save(replace(checkpoint(), step=1))  # nothing was measured, so nobody waits for the database
        attempt.report(Measured(30, 3, "norms", "dense_1", "rms", 0.25))
        attempt.save(checkpoint())
    kept = folder.latest()
    assert kept is not None
    assert kept.step == 1
    attempt.save(checkpoint())
    kept = folder.latest()
    assert kept is not None
    assert kept.step == 4


@pytest.fixture
def claimed_again(database: Database, claimed: Job) -> Job:
    """The first attempt was lost when it had stored five epochs, the first of them with other seconds."""
    with database.write() as session:
        reports.report_epoch(session, claimed.id, 1, record(1).model_copy(update={"elapsed_seconds": 99.0}))
        for epoch in (2, 4, 5):
            reports.report_epoch(session, claimed.id, 1, record(epoch))
        points = ((0, 0), (30, 3), (34, 4), (40, 4), (50, 5))
        measured = [Measured(step, epoch, "norms", "dense_1", "rms", 0.25) for step, epoch in points]
        reports.report_measurements(session, claimed.id, 1, measured)
        leases.lose(session, claimed.id, 1, reason="lease_expired")
    with database.write() as session:
        again = leases.claim_next(session, worker="w", lease_seconds=60)
    assert again is not None
    return again


def test_a_resumed_attempt_stores_epochs_that_the_one_before_could_not(
    database: Database, claimed_again: Job, make_attempt: MakeAttempt
) -> None:
    """An epoch that an attempt of another run stored is the checkpoint's again, and later ones go."""
    with make_attempt(number=2) as attempt:
        attempt.begin(checkpoint(), steps_per_epoch=10)
        assert 7 + 2.5 + 2.5 + 1 <= attempt.elapsed_seconds < 60
        attempt.conclude(lambda _session: None)
    with database.read() as session:
        found = reports.epochs(session, claimed_again.id)
        assert [row.step for row in measurements_of(session, claimed_again.id)] == [0, 30, 34]
    assert [(row.epoch, row.attempt) for row in found] == [(1, 2), (2, 1), (3, 2)]
    assert [row.elapsed_seconds for row in found] == [7.0, 9.5, 12.0]


def test_an_attempt_that_begins_anew_shows_nothing_of_the_one_before(
    database: Database, claimed_again: Job, make_attempt: MakeAttempt
) -> None:
    make_attempt(number=2).begin(None, steps_per_epoch=10)
    with database.read() as session:
        assert reports.epochs(session, claimed_again.id) == []
        assert measurements_of(session, claimed_again.id) == []


@pytest.mark.usefixtures("claimed_again")
def test_an_attempt_that_has_lost_its_job_clears_nothing(
    database: Database, claimed: Job, make_attempt: MakeAttempt
) -> None:
    attempt = make_attempt(number=1)
    attempt.begin(checkpoint(), steps_per_epoch=10)
    assert attempt.stop_cause is StopCause.LOST
    with database.read() as session:
        assert [row.epoch for row in reports.epochs(session, claimed.id)] == [1, 2, 4, 5]


def test_checkpoints_are_due_every_so_often_and_a_disk_error_costs_only_the_checkpoint(
    make_attempt: MakeAttempt, tmp_path: Path
) -> None:
    attempt = make_attempt()
    assert not attempt.checkpoint_due()
    time.sleep(0.25)
    assert attempt.checkpoint_due()
    (tmp_path / "checkpoints").write_text("not a folder")
    attempt.save(Checkpoint("sha256:0", 1, 0, 0.0, 0.0, 0, 0.0, (), None, (), None))
    assert not attempt.checkpoint_due()


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
def test_epochs_wait_in_memory_while_the_database_is_away(
    database: Database, claimed: Job, make_attempt: MakeAttempt, postgres_server: PostgresServer
) -> None:
    with make_attempt() as attempt:
        postgres_server.stop()
        try:
            for epoch in (1, 2, 3):
                attempt.report(record(epoch))
                time.sleep(0.3)
            ended = threading.Event()

            def finish() -> None:
                outcome = endings.Outcome({"epochs": 3}, {}, {}, {}, [])
                attempt.conclude(lambda session: endings.finish(session, claimed.id, 1, outcome))
                ended.set()

            finishing = threading.Thread(target=finish)
            finishing.start()
            assert not ended.wait(0.5)
        finally:
            postgres_server.start()
        finishing.join(30)
    with database.read() as session:
        assert [row.epoch for row in reports.epochs(session, claimed.id)] == [1, 2, 3]
        assert jobs.get(session, claimed.id).state == "succeeded"


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
def test_a_database_that_is_away_while_a_training_is_resumed_does_not_fail_it(
    make_attempt: MakeAttempt, postgres_server: PostgresServer, caplog: pytest.LogCaptureFixture
) -> None:
    attempt = make_attempt()
    postgres_server.stop()
    try:
        resuming = threading.Thread(target=attempt.begin, args=[checkpoint(), 10])
        resuming.start()
        eventually(lambda: "the database does not answer; its training waits for it" in caplog.text)
    finally:
        postgres_server.start()
    resuming.join(30)
    assert attempt.elapsed_seconds >= 3 * 2.5 + 1  # what the three epochs and the begun one took
