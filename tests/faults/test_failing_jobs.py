"""Jobs that cannot end well, and the ones behind them that can."""

import pytest

from faults.conftest import TINY, Accepted
from normlab.store import FailureCode, JobState
from support.measured import note
from support.plant import Plant
from worker.memory_guard import own_memory

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]


def test_a_loss_that_becomes_nan(plant: Plant, accepted: Accepted) -> None:
    accepted.append(plant.submit(training={"optimizer": {"name": "sgd", "learning_rate": 1e9}}))
    accepted.append(plant.submit(**TINY))
    job = plant.wait_for_end(accepted[0])
    assert (job.state, job.attempt, job.error_code) == (JobState.FAILED, 1, FailureCode.NAN_LOSS)
    assert plant.wait_for_end(accepted[1]).state is JobState.SUCCEEDED


def test_a_network_that_needs_more_memory_than_the_limit(plant: Plant, accepted: Accepted) -> None:
    _ = plant.worker
    (child,) = plant.children()
    limit = own_memory(child) + 300 * 2**20
    with plant.other_worker(CHILD_MEMORY_BYTES=str(limit)):
        (child,) = plant.children()
        dense = {"type": "dense", "units": 5000}
        accepted.append(
            plant.submit(
                architecture={"layers": [{"type": "flatten"}, dense, dense]},
                training={"optimizer": "adam", "epochs": 1000},
            )
        )
        job = plant.wait_for_end(accepted[0])
        assert (job.state, job.attempt, job.error_code) == (JobState.FAILED, 1, FailureCode.OUT_OF_MEMORY)
        assert job.error_detail is not None
        assert "more memory than the worker may use" in job.error_detail
        child.wait(30)  # replaced, so that the next job has all of its memory
        accepted.append(plant.submit(**TINY))
        assert plant.wait_for_end(accepted[1]).state is JobState.SUCCEEDED
    note("memory limit", limit_bytes=limit)


def test_an_owner_retries_what_was_wrong_with_the_machine(plant: Plant, accepted: Accepted) -> None:
    job_id = plant.submit(training={"epochs": 10_000}, max_runtime_seconds=1)
    accepted.append(job_id)
    failed = plant.wait_for_end(job_id)
    assert (failed.state, failed.error_code) == (JobState.FAILED, FailureCode.DEADLINE_EXCEEDED)
    assert plant.http.post(f"/jobs/{job_id}/retry").status_code == 202
    plant.wait_for(job_id, lambda job: job.state is JobState.RUNNING)
    assert plant.http.post(f"/jobs/{job_id}/cancel").status_code == 202
    assert plant.wait_for_end(job_id).state in (JobState.CANCELLED, JobState.FAILED)
