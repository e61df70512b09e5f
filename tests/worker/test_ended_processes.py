"""Trainings that do not stop by themselves, or need too much memory: their process is ended, and their job with it."""

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from normlab.spec import JobSpec
from normlab.store import Database, FailureCode, JobState
from normlab.store.jobs import jobs
from worker.memory_guard import MemoryGuard

PROGRAM = """
import sys, time
from pathlib import Path
from normlab.settings import Settings
from normlab.store import Database
from normlab.store.jobs import leases
from normlab.training.checkpoints import CheckpointFolder
from worker.attempt import Attempt
from worker.memory_guard import MemoryGuard
from worker.liveness import LivenessTable
from worker.shutdown import ShutdownFlag

url, folder, limit, max_runtime = sys.argv[1:]
database = Database(url)
with database.write() as session:
    job = leases.claim_next(session, worker="w", lease_seconds=60)
settings = Settings(data_dir=Path(folder), heartbeat_seconds=0.1, hang_seconds=0.5)
checkpoints = CheckpointFolder(Path(folder) / "checkpoints")
attempt = Attempt(
    database, settings, ShutdownFlag(), LivenessTable(1).of_child(0), checkpoints,
    job_id=job.id, number=job.attempt, max_runtime_seconds=float(max_runtime),
)
with attempt, MemoryGuard(int(limit), attempt.end_for_memory):
    print("training", flush=True)
    time.sleep(60)  # never asks whether it should stop
"""


def start(
    database: Database, folder: Path, *, limit: int = 1 << 40, max_runtime: float = 1e6
) -> subprocess.Popen[str]:
    url = database.url.render_as_string(hide_password=False)
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, url, str(folder), str(limit), str(max_runtime)],
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def job_id(database: Database, make_spec: Callable[..., JobSpec]) -> str:
    with database.write() as session:
        return jobs.create(session, make_spec()).id


def ended(
    database: Database, job_id: str, process: subprocess.Popen[str]
) -> tuple[JobState, FailureCode | None]:
    process.communicate(timeout=60)
    assert process.returncode == 70  # EX_SOFTWARE: the pool starts another one
    with database.read() as session:
        job = jobs.get(session, job_id)
    return job.state, job.error_code


def test_a_training_that_hangs_is_cancelled_all_the_same(
    database: Database, job_id: str, tmp_path: Path
) -> None:
    process = start(database, tmp_path)
    assert process.stdout is not None
    assert process.stdout.readline() == "training\n"
    with database.write() as session:
        jobs.request_cancel(session, job_id)
    assert ended(database, job_id, process) == (JobState.CANCELLED, None)


def test_a_training_that_hangs_meets_its_deadline(database: Database, job_id: str, tmp_path: Path) -> None:
    process = start(database, tmp_path, max_runtime=0.1)
    assert ended(database, job_id, process) == (JobState.FAILED, FailureCode.DEADLINE_EXCEEDED)


def test_a_training_that_needs_too_much_memory_fails(database: Database, job_id: str, tmp_path: Path) -> None:
    process = start(database, tmp_path, limit=1)
    assert ended(database, job_id, process) == (JobState.FAILED, FailureCode.OUT_OF_MEMORY)


def test_memory_within_the_limit_disturbs_nobody() -> None:
    exceeded = threading.Event()
    with MemoryGuard(1 << 40, lambda _used: exceeded.set()):
        assert not exceeded.wait(0.3)
