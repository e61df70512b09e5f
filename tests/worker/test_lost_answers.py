"""Commits of an attempt whose answer never comes: nothing is stored or told twice, and no file is deleted."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from normlab.settings import Settings
from normlab.spec import JobSpec
from normlab.store import Database, EventKind, Job, JobState
from normlab.store.jobs import endings, events, jobs, leases, reports
from normlab.training.checkpoints import CheckpointFolder
from support.cut_connections import CutConnections, cut_connections
from support.epochs import made_up_epoch
from worker.attempt import Attempt, UnansweredError
from worker.liveness import LivenessTable
from worker.shutdown import ShutdownFlag

OUTCOME = endings.Outcome({"epochs": 2}, {}, {}, {}, [])


@pytest.fixture
def cuttable(postgres_database: Database) -> Iterator[tuple[Database, CutConnections]]:
    with cut_connections(postgres_database) as found:
        yield found


@pytest.fixture
def shutdown() -> ShutdownFlag:
    return ShutdownFlag()


@pytest.fixture
def attempt(
    cuttable: tuple[Database, CutConnections],
    make_spec: Callable[..., JobSpec],
    shutdown: ShutdownFlag,
    tmp_path: Path,
) -> Attempt:
    """Has two epochs to tell, and no thread, so that its commits can be counted."""
    database, _ = cuttable
    with database.write() as session:
        job_id = jobs.create(session, make_spec()).id
        leases.claim(session, job_id, worker="w", lease_seconds=60)
    made = Attempt(
        database,
        Settings(data_dir=tmp_path),
        shutdown,
        LivenessTable(1).of_child(0),
        CheckpointFolder(tmp_path / "checkpoints"),
        job_id=job_id,
        number=1,
        max_runtime_seconds=None,
    )
    for epoch in (1, 2):
        made.report(made_up_epoch(epoch))
    return made


@pytest.mark.parametrize("lost", [(1,), (2,), (1, 3)])  # the epochs' commit, the finish's, both
def test_epochs_and_the_end_are_told_once(
    cuttable: tuple[Database, CutConnections], attempt: Attempt, lost: tuple[int, ...]
) -> None:
    database, way = cuttable
    way.lose(*lost)
    ended = attempt.conclude(lambda session: endings.finish(session, attempt.job_id, 1, OUTCOME))
    assert ended is not None  # so that the files of this attempt stay
    assert (ended.state, ended.attempt) == (JobState.SUCCEEDED, 1)
    with database.read() as session:
        told = events.after(session, attempt.job_id)
        assert [row.epoch for row in reports.epochs(session, attempt.job_id)] == [1, 2]
    assert [event.data["epoch"] for event in told if event.kind is EventKind.EPOCH] == [1, 2]
    assert [event.data["state"] for event in told if event.kind is EventKind.STATE] == [
        "queued",
        "running",
        "succeeded",
    ]


def test_whoever_cannot_wait_for_the_answer_does_not_take_the_job_for_lost(
    cuttable: tuple[Database, CutConnections], attempt: Attempt, shutdown: ShutdownFlag
) -> None:
    database, way = cuttable
    way.lose(2)
    shutdown.set()
    with pytest.raises(UnansweredError):
        attempt.conclude(lambda session: endings.finish(session, attempt.job_id, 1, OUTCOME))
    with database.read() as session:
        assert jobs.get(session, attempt.job_id).state is JobState.SUCCEEDED


def test_an_attempt_that_did_lose_its_job_is_told_so(
    cuttable: tuple[Database, CutConnections], attempt: Attempt
) -> None:
    database, way = cuttable
    with database.write() as session:
        leases.lose(session, attempt.job_id, 1, reason="lease_expired")
        leases.claim(session, attempt.job_id, worker="other", lease_seconds=60)
        endings.finish(session, attempt.job_id, 2, OUTCOME)
    way.lose(1)
    assert attempt.conclude(lambda session: endings.finish(session, attempt.job_id, 1, OUTCOME)) is None


@pytest.mark.parametrize(
    "refusal",
    [
        "SET TRANSACTION READ ONLY",  # as on a standby, after a failover
        "EXECUTE lost_by_a_pooler",
        "SET LOCAL statement_timeout = 1; SELECT pg_sleep(1)",
        "SELECT * FROM not_restored_yet",
    ],
)
def test_an_end_that_the_database_refuses_for_reasons_of_its_own_is_told_again(
    cuttable: tuple[Database, CutConnections], attempt: Attempt, refusal: str
) -> None:
    """Behind a pooler such a job ended as ``failed: internal``."""
    refusals = [refusal]

    def finish(session: Session) -> Job | None:
        if refusals:
            session.execute(text(refusals.pop()))
        return endings.finish(session, attempt.job_id, 1, OUTCOME)

    ended = attempt.conclude(finish)
    assert refusals == []
    assert ended is not None
    assert ended.state is JobState.SUCCEEDED
    with cuttable[0].read() as session:
        assert len(reports.epochs(session, attempt.job_id)) == 2
