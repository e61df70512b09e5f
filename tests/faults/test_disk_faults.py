"""Disks that fill up, and checkpoints that are not what was written."""

import os
import subprocess
import time
from collections.abc import Iterator

import pytest

from faults.conftest import SECONDS_LONG, TINY, Accepted
from normlab.store import FailureCode, JobState
from support.measured import note
from support.plant import Plant

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]


@pytest.fixture
def small_disk(with_sqlite: Plant) -> Iterator[Plant]:
    """The checkpoints' folder is a disk of 3 MiB, on which checkpoints and exports of a small network fit."""
    folder = with_sqlite.checkpoints_dir
    folder.mkdir(exist_ok=True)
    if (
        os.geteuid() != 0
        or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", folder], check=False, capture_output=True
        ).returncode
    ):
        pytest.skip("only root may mount a small disk; tests/training has a full disk for everybody")
    yield with_sqlite
    subprocess.run(["umount", "--lazy", folder], check=True)


def fill(plant: Plant) -> None:
    with (plant.checkpoints_dir / "filler").open("wb", buffering=0) as filler:
        try:
            while True:
                filler.write(b"x" * 1024)
        except OSError:
            pass


def test_the_disk_is_full_at_a_checkpoint(small_disk: Plant, accepted: Accepted) -> None:
    plant = small_disk
    accepted.append(plant.submit(**SECONDS_LONG))
    plant.wait_until(lambda: list(plant.checkpoints_dir.rglob("*.ckpt")), "there is a checkpoint")
    fill(plant)
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
