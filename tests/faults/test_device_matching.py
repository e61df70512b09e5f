"""Jobs that ask for a GPU, and workers that have none, or say that they have one."""

import pytest

from faults.conftest import TINY, Accepted
from normlab.store import JobState
from support.plant import Plant

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]

ON_GPU = TINY | {"resources": {"device": "gpu"}}


def test_a_job_for_a_gpu_waits_for_a_worker_that_has_one_and_holds_nobody_up(
    plant: Plant, accepted: Accepted
) -> None:
    """No machine of the tests has a GPU, so the worker that takes the job says why it cannot train it."""
    accepted.append(plant.submit(**ON_GPU, priority=10))
    with plant.other_worker(WORKER_GPU="false"):
        accepted.extend(plant.submit(**TINY) for _ in range(3))
        for job_id in accepted[1:]:
            assert plant.wait_for_end(job_id).state is JobState.SUCCEEDED  # passed the one before them
        waiting = plant.http.get(f"/jobs/{accepted[0]}").json()
        assert (waiting["state"], waiting["position"], waiting["estimated_start_at"]) == ("queued", 1, None)
        assert waiting["waiting_for"] == "a worker with a GPU: none is there"
    with plant.other_worker(WORKER_GPU="true"):
        job = plant.wait_for_end(accepted[0])
    assert (job.state, job.attempt, job.error_code) == (JobState.FAILED, 1, "internal")
    assert job.error_detail is not None
    assert "GPU" in job.error_detail
