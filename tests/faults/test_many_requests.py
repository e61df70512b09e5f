"""A thousand jobs at once."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from faults.conftest import DIVERGING, TINY, Accepted
from normlab.store import FailureCode, JobState
from support.measured import note
from support.plant import Plant

pytestmark = [pytest.mark.faults, pytest.mark.timeout(3600)]

REQUESTS = 1000
TRAINED = 20
"""So many are trained to their end; the others end in their first epoch, since exporting a network takes seconds."""


def test_a_thousand_concurrent_requests_make_a_thousand_jobs(plant: Plant, accepted: Accepted) -> None:
    def submit(number: int) -> str:
        return plant.submit(
            **(TINY if number % (REQUESTS // TRAINED) == 0 else DIVERGING), name=f"job {number}"
        )

    began = time.monotonic()
    with ThreadPoolExecutor(50) as pool:
        accepted.extend(pool.map(submit, range(REQUESTS)))
    answered = time.monotonic() - began
    assert len(set(accepted)) == REQUESTS
    jobs = [plant.wait_for_end(job_id, 1800) for job_id in accepted]
    ended = time.monotonic() - began
    assert {job.attempt for job in jobs} == {1}
    assert [job.state for job in jobs].count(JobState.SUCCEEDED) == TRAINED
    assert [job.error_code for job in jobs].count(FailureCode.NAN_LOSS) == REQUESTS - TRAINED
    note("1,000 POSTs", answered_per_second=REQUESTS / answered, all_ended_after_seconds=ended)
