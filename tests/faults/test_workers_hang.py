"""Children that can do nothing any more, and a silent broker: the worker goes on, or ends in time, all the same."""

import os
import signal
import time

import psutil
import pytest

from faults.conftest import SECONDS_LONG, Accepted
from normlab.store import JobState
from support.measured import note
from support.plant import LEASE_SECONDS, Plant

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]

GRACE_SECONDS = 6


def test_a_child_that_hangs_for_ever_is_replaced(plant: Plant, accepted: Accepted) -> None:
    with plant.other_worker(HANG_SECONDS="2") as worker:
        accepted.append(plant.submit(**SECONDS_LONG))
        plant.wait_for_epoch(accepted[0], 50)
        (child,) = plant.children()
        child.suspend()
        stopped = time.monotonic()
        job = plant.wait_for_end(accepted[0])  # by a child of the same worker, which nobody helped
        assert (job.state, job.attempt, job.lost_attempts) == (JobState.SUCCEEDED, 2, 1)
        assert worker.exit_code() is None
        assert not child.is_running()
    note("hanging child", trained_by_another_after_seconds=time.monotonic() - stopped, lease=LEASE_SECONDS)


def test_sigterm_ends_the_worker_in_time_though_its_child_hangs(plant: Plant, accepted: Accepted) -> None:
    with plant.other_worker(SHUTDOWN_GRACE_SECONDS=str(GRACE_SECONDS)) as worker:
        accepted.append(plant.submit(**SECONDS_LONG))
        plant.wait_for_epoch(accepted[0], 50)
        (child,) = plant.children()
        child.suspend()
        told = time.monotonic()
        worker.ask_to_end()
        assert worker.wait(GRACE_SECONDS + 1)
        note("SIGTERM, child hangs", ended_after_seconds=time.monotonic() - told, grace=GRACE_SECONDS)
        assert worker.exit_code() == 0
        _, alive = psutil.wait_procs([child], timeout=5)
        assert alive == []
        job = plant.job(accepted[0])
        assert (job.state, job.attempt, job.lost_attempts) == (JobState.QUEUED, 1, 0)
    _ = plant.worker
    job = plant.wait_for_end(accepted[0])
    assert (job.state, job.attempt, job.lost_attempts) == (JobState.SUCCEEDED, 2, 0)


def test_sigterm_ends_the_worker_in_time_though_redis_is_silent(
    with_sqlite: Plant, accepted: Accepted
) -> None:
    plant = with_sqlite
    with plant.other_worker(SHUTDOWN_GRACE_SECONDS=str(GRACE_SECONDS)) as worker:
        accepted.append(plant.submit(**SECONDS_LONG))
        plant.wait_for_epoch(accepted[0], 50)
        with plant.down():
            os.kill(plant.redis.process.pid or 0, signal.SIGSTOP)
            worker.ask_to_end()
            in_time = worker.wait(GRACE_SECONDS + 1)
            os.kill(plant.redis.process.pid or 0, signal.SIGCONT)
        assert in_time
        assert worker.exit_code() == 0
        job = plant.job(accepted[0])
        assert (job.state, job.attempt, job.lost_attempts) == (JobState.QUEUED, 1, 0)
