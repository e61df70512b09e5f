"""Disks that fill up, and checkpoints that are not what was written."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from faults.conftest import DIVERGING, SECONDS_LONG, TINY, Accepted, judged
from normlab.store import FailureCode, JobState
from support.measured import note
from support.plant import Plant

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]


@contextmanager
def disk_of_3_mib(folder: Path) -> Iterator[None]:
    folder.mkdir(exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", folder]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("only root may mount a small disk; tests/training has a full disk for everybody")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture
def small_disk(with_sqlite: Plant) -> Iterator[Plant]:
    """The checkpoints' folder is a small disk, on which checkpoints and exports of a small network fit."""
    with disk_of_3_mib(with_sqlite.checkpoints_dir):
        yield with_sqlite


@pytest.fixture
def small_disk_for_the_database(accepted: Accepted, tmp_path: Path) -> Iterator[Plant]:
    """A service of its own whose SQLite file is on a small disk, and nothing else."""
    with disk_of_3_mib(tmp_path / "database"):
        plant = Plant(postgres=False, database_folder=tmp_path / "database")
        try:
            yield from judged(plant, accepted)
        finally:
            plant.close()


def fill(folder: Path) -> None:
    with (folder / "filler").open("wb", buffering=0) as filler:
        try:
            while True:
                filler.write(b"x" * 1024)
        except OSError:
            pass


def test_the_disk_is_full_at_a_checkpoint(small_disk: Plant, accepted: Accepted) -> None:
    plant = small_disk
    accepted.append(plant.submit(**SECONDS_LONG))
    plant.wait_until(lambda: list(plant.checkpoints_dir.rglob("*.ckpt")), "there is a checkpoint")
    fill(plant.checkpoints_dir)
    plant.wait_until(lambda: warnings(plant, accepted[0]), "the job's owner is told")
    (first, *_) = warnings(plant, accepted[0])
    assert first["code"] == "checkpoint_not_written"
    assert "No space left on device" in first["detail"]
    (child,) = plant.children()
    child.kill()
    plant.wait_for(accepted[0], lambda job: job.attempt == 2)
    plant.wait_until(lambda: plant.job(accepted[0]).progress, "attempt 2 trains")
    (plant.checkpoints_dir / "filler").unlink(missing_ok=True)
    job = plant.wait_for_end(accepted[0])
    assert (job.state, job.attempt, job.error_code) == (JobState.SUCCEEDED, 2, None)
    log = (plant.folder / "logs" / "worker.log").read_text()
    assert f"{job.id}: goes on after epoch" in log


def test_the_disk_is_full_when_the_network_is_exported(small_disk: Plant, accepted: Accepted) -> None:
    plant = small_disk
    layers = [{"type": "flatten"}, {"type": "dense", "units": 4000}]
    accepted.append(plant.submit(architecture={"layers": layers}, training={"epochs": 1}))
    job = plant.wait_for_end(accepted[0])
    assert (job.state, job.attempt, job.error_code) == (JobState.FAILED, 1, FailureCode.DISK_FULL)
    assert job.error_detail == "the worker's disk is full: free some space and retry the job"
    accepted.append(plant.submit(**TINY))
    assert plant.wait_for_end(accepted[1]).state is JobState.SUCCEEDED


def test_the_databases_disk_is_full(small_disk_for_the_database: Plant, accepted: Accepted) -> None:
    """Nothing can be stored, not even a failure: nothing is accepted, the training goes on, all is there later."""
    plant = small_disk_for_the_database
    accepted.append(plant.submit(**SECONDS_LONG))
    plant.wait_for_epoch(accepted[0], 50)
    folder = plant.database_path.parent
    with plant.down():
        fill(folder)
        # What still fits into the log that SQLite has already made is accepted, and counts.
        body = {"architecture": "baseline", "dataset": "digits"} | DIVERGING
        while (answer := plant.http.post("/jobs", json=body)).status_code == 202:
            accepted.append(answer.json()["id"])
        assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
        # A report of progress is smaller than a job, so some may still fit.
        plant.wait_until(lambda: _stands_still(plant, accepted[0], seconds=1), "no report fits any more")
        before = plant.job(accepted[0]).progress
        assert plant.http.get(f"/jobs/{accepted[0]}").status_code == 200
        time.sleep(4)  # longer than the training would take, and shorter than its lease
        assert plant.job(accepted[0]).state is JobState.RUNNING
        assert plant.job(accepted[0]).progress == before
        (folder / "filler").unlink()
    freed = time.monotonic()
    job = plant.wait_for_end(accepted[0])
    assert (job.state, job.attempt, job.error_code) == (JobState.SUCCEEDED, 1, None)
    note("database's disk full", ended_after_seconds=time.monotonic() - freed)


def _stands_still(plant: Plant, job_id: str, seconds: float) -> bool:
    before = plant.job(job_id).progress
    time.sleep(seconds)
    return plant.job(job_id).progress == before


def test_the_newest_checkpoint_is_corrupted(plant: Plant, accepted: Accepted) -> None:
    job_id = plant.submit(**SECONDS_LONG)
    accepted.append(job_id)
    folder = plant.checkpoints_dir / job_id
    plant.wait_for_epoch(job_id, 50)
    plant.wait_until(lambda: len(list(folder.glob("*.ckpt"))) >= 2, "there are two checkpoints")
    (child,) = plant.children()
    child.suspend()
    *_, newest = sorted(folder.glob("*.ckpt"))
    content = bytearray(newest.read_bytes())
    content[len(content) // 2] ^= 1
    newest.write_bytes(content)
    killed = time.monotonic()
    child.kill()
    job = plant.wait_for_end(job_id)
    assert (job.state, job.attempt) == (JobState.SUCCEEDED, 2)
    (warning,) = warnings(plant, job_id)
    assert warning["code"] == "checkpoint_damaged"
    assert warning["detail"].startswith(f"checkpoint {newest.name} was not used")
    note("newest checkpoint corrupted", ended_after_seconds=time.monotonic() - killed)


def warnings(plant: Plant, job_id: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = plant.http.get(f"/jobs/{job_id}").json()["warnings"]
    return found
