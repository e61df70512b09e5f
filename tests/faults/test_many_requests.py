"""A thousand jobs at once."""

import os
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from faults.conftest import TINY, Accepted
from normlab.store import JobState
from support.measured import note
from support.plant import Plant

pytestmark = [pytest.mark.faults, pytest.mark.timeout(7200)]

REQUESTS = int(os.environ.get("FAULT_REQUESTS", "1000"))


def test_a_thousand_concurrent_requests_make_a_thousand_jobs(plant: Plant, accepted: Accepted) -> None:
    began = time.monotonic()
    with ThreadPoolExecutor(50) as pool:
        accepted.extend(pool.map(lambda number: plant.submit(**TINY, name=f"job {number}"), range(REQUESTS)))
    answered = time.monotonic() - began
    assert len(set(accepted)) == REQUESTS
    plant.wait_until(lambda: _waiting(plant) == 0, "all are trained", 7000)
    for job_id in accepted:
        job = plant.wait_for_end(job_id)
        assert (job.state, job.attempt) == (JobState.SUCCEEDED, 1)
    note(
        f"{REQUESTS} concurrent POSTs",
        answered_per_second=REQUESTS / answered,
        all_trained_after_seconds=time.monotonic() - began,
    )


def _waiting(plant: Plant) -> int:
    found = [
        len(plant.http.get("/jobs", params={"state": state, "limit": 1}).json()["data"])
        for state in ("queued", "running")
    ]
    return sum(found)
