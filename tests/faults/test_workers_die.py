"""Workers that are killed, stopped or told to end in the middle of a training."""

import os
import signal
import time
from typing import Any

import psutil
import pytest

from faults.conftest import SECONDS_LONG, Accepted
from normlab.store import EventKind, Job, JobState
from normlab.store.jobs import events, reports
from support.measured import note
from support.plant import LEASE_SECONDS, Plant

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]

EPOCHS = SECONDS_LONG["training"]["epochs"]


def metrics(plant: Plant, job_id: str) -> list[tuple[Any, ...]]:
    with plant.database.read() as session:
        return [
            (row.epoch, row.loss, row.accuracy, row.val_loss, row.val_accuracy)
            for row in reports.epochs(session, job_id)
        ]


def epochs_trained(plant: Plant, job_id: str) -> int:
    with plant.database.read() as session:
        told = events.after(session, job_id, limit=100_000)
    return sum(event.kind is EventKind.EPOCH for event in told)


def final_weights(job: Job) -> str:
    assert job.digests is not None
    return str(job.digests["final_weights"])


@pytest.fixture
def undisturbed(plant: Plant, accepted: Accepted) -> Job:
    accepted.append(plant.submit(**SECONDS_LONG))
    return plant.wait_for_end(accepted[-1])


def test_a_killed_childs_job_goes_on_and_ends_with_the_same_bits(
    plant: Plant, accepted: Accepted, undisturbed: Job
) -> None:
    job_id = plant.submit(**SECONDS_LONG)
    accepted.append(job_id)
    plant.wait_for_epoch(job_id, 100)
    (child,) = plant.children()
    killed = time.monotonic()
    child.kill()
    plant.wait_for(job_id, lambda job: job.state is JobState.QUEUED or job.attempt == 2)
    taken_back = time.monotonic() - killed
    assert taken_back < LEASE_SECONDS + 30
    plant.wait_for(job_id, lambda job: job.attempt == 2)
    again = time.monotonic() - killed
    job = plant.wait_for_end(job_id)
    assert (job.state, job.attempt, job.lost_attempts) == (JobState.SUCCEEDED, 2, 1)
    assert final_weights(job) == final_weights(undisturbed)
    assert metrics(plant, job_id) == metrics(plant, undisturbed.id)
    redone = epochs_trained(plant, job_id) - EPOCHS
    assert redone < 100  # a checkpoint is due every 0.1 s
    note("kill -9 child", taken_back_seconds=taken_back, attempt_2_after_seconds=again, epochs_redone=redone)


def test_a_killed_workers_children_die_and_its_job_is_taken_back(plant: Plant, accepted: Accepted) -> None:
    job_id = plant.submit(**SECONDS_LONG)
    accepted.append(job_id)
    plant.wait_for_epoch(job_id, 50)
    family = plant.children()
    killed = time.monotonic()
    psutil.Process(plant.worker.pid).kill()
    _, alive = psutil.wait_procs(family, timeout=10)
    assert alive == []
    plant.wait_for(job_id, lambda job: job.state is JobState.QUEUED or job.attempt == 2)
    taken_back = time.monotonic() - killed
    assert taken_back < LEASE_SECONDS + 30
    _ = plant.worker
    job = plant.wait_for_end(job_id)
    assert (job.state, job.lost_attempts) == (JobState.SUCCEEDED, 1)
    note("kill -9 worker", taken_back_seconds=taken_back, lease_seconds=LEASE_SECONDS)


def test_a_child_that_was_stopped_past_its_lease_changes_nothing(plant: Plant, accepted: Accepted) -> None:
    job_id = plant.submit(**SECONDS_LONG)
    accepted.append(job_id)
    plant.wait_for_epoch(job_id, 50)
    (child,) = plant.children()
    with plant.suspended(child):
        plant.wait_for(job_id, lambda job: job.state is JobState.QUEUED)
        before = epochs_trained(plant, job_id)
    # It is still in its training, and finds that it has lost the job.
    job = plant.wait_for_end(job_id)
    assert (job.state, job.attempt, job.lost_attempts) == (JobState.SUCCEEDED, 2, 1)
    assert epochs_trained(plant, job_id) >= EPOCHS > before


def test_sigterm_puts_the_job_back_without_counting_the_attempt(plant: Plant, accepted: Accepted) -> None:
    job_id = plant.submit(**SECONDS_LONG)
    accepted.append(job_id)
    plant.wait_for_epoch(job_id, 50)
    worker = plant.worker
    told = time.monotonic()
    worker.ask_to_end()
    assert worker.wait(60)
    seconds = time.monotonic() - told
    assert worker.exit_code() == 0
    put_back = plant.job(job_id)
    assert (put_back.state, put_back.attempt, put_back.lost_attempts) == (JobState.QUEUED, 1, 0)
    _ = plant.worker
    job = plant.wait_for_end(job_id)
    assert (job.state, job.attempt, job.lost_attempts) == (JobState.SUCCEEDED, 2, 0)
    assert epochs_trained(plant, job_id) == EPOCHS  # not a single epoch was trained twice
    note("SIGTERM", ended_after_seconds=seconds, epochs_redone=0)


def test_a_second_sigterm_ends_at_once(with_sqlite: Plant, accepted: Accepted) -> None:
    plant = with_sqlite
    accepted.append(plant.submit(**SECONDS_LONG))
    plant.wait_for_epoch(accepted[0], 50)
    worker = plant.worker
    (child,) = plant.children()
    child.suspend()  # so that it cannot end in time
    os.kill(worker.pid or 0, signal.SIGTERM)
    time.sleep(1)
    os.kill(worker.pid or 0, signal.SIGTERM)
    assert worker.wait(10)
    _, alive = psutil.wait_procs([child], timeout=10)
    assert alive == []
