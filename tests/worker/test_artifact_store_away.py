"""An artifact store that does not take a trained network's files: that is no fault of the job."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from normlab.settings import Settings
from normlab.spec import JobSpec
from normlab.store import ArtifactStore, Database, Job, JobState
from normlab.store.jobs import events, jobs, leases
from worker import runner
from worker.liveness import LivenessTable
from worker.runner import Child, run_attempt
from worker.shutdown import ShutdownFlag

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where the store should be is a file, so that nothing can be put there."""
    place = tmp_path / "artifacts"
    place.write_text("in the way")
    return place


@pytest.fixture
def child(database: Database, place: Path, tmp_path: Path) -> Child:
    return Child(
        Settings(data_dir=tmp_path),
        database,
        ArtifactStore(str(place)),
        ShutdownFlag(),
        LivenessTable(1).of_child(0),
        name="w",
        has_gpu=False,
        memory_bytes=1 << 40,
    )


@pytest.fixture
def job(database: Database, make_spec: Callable[..., JobSpec]) -> Job:
    with database.write() as session:
        jobs.create(session, make_spec(architecture={"layers": [{"type": "flatten"}]}))
    with database.write() as session:
        claimed = leases.claim_next(session, worker="w", lease_seconds=60)
    assert claimed is not None
    return claimed


def test_it_is_waited_for(
    child: Child, job: Job, place: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(runner, "STORE_RETRY_SECONDS", 0.05)

    def come_back() -> None:
        while "the artifact store does not answer" not in caplog.text:
            if ended.wait(0.05):
                return
        place.unlink()

    ended = threading.Event()
    coming_back = threading.Thread(target=come_back)
    coming_back.start()
    try:
        assert run_attempt(child, job) is JobState.SUCCEEDED
    finally:
        ended.set()
        coming_back.join()
    assert len(list((place / job.id / "1").iterdir())) > 1


def test_when_it_stays_away_the_job_goes_back_into_the_queue(
    child: Child, job: Job, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "STORE_SECONDS", 0.0)
    assert run_attempt(child, job) is JobState.QUEUED
    with database.read() as session:
        after = jobs.get(session, job.id)
        *_, last = events.history(session, job.id)
    assert (after.lost_attempts, after.error_code) == (1, None)
    assert last.data["reason"] == "artifact_store_away"
