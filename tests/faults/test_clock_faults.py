"""A worker whose clock is two hours off.

With Postgres that is a machine with a wrong clock. With SQLite all processes share one machine, so no clock can be
wrong for one of them alone; there the test shows that no time of a process gets into what is compared.
"""

import time
from pathlib import Path

import pytest

from faults.conftest import Accepted
from normlab.store import JobState
from support.plant import LEASE_SECONDS, Plant

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]

# Python's own start-up file in a folder of PYTHONPATH: the wall clock is shifted before anything is imported, the
# monotonic one is left alone, as on a machine with a wrong clock.
SHIFT = """
import time
_time, _time_ns = time.time, time.time_ns
time.time = lambda: _time() + {hours} * 3600
time.time_ns = lambda: _time_ns() + {hours} * 3600 * 10**9
"""


@pytest.mark.parametrize("hours", [-2, 2])
def test_nothing_is_taken_back_early(
    plant: Plant, accepted: Accepted, hours: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sitecustomize.py").write_text(SHIFT.format(hours=hours))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with plant.other_worker():
        accepted.append(plant.submit(training={"epochs": 10_000}))
        plant.wait_for_epoch(accepted[0], 5)
        time.sleep(LEASE_SECONDS + 2)  # its maintenance loop sweeps all the time, and so does the API's
        job = plant.job(accepted[0])
        assert (job.state, job.attempt) == (JobState.RUNNING, 1)
        assert job.started_at is not None
        assert abs(job.started_at.timestamp() - time.time()) < 3600  # the database's clock
        plant.http.post(f"/jobs/{accepted[0]}/cancel")
        plant.wait_for_end(accepted[0])
