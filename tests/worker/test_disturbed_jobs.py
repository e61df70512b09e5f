"""What becomes of a job whose process is killed in the middle of it; tests/faults has all other ways to die."""

import subprocess
import sys

import pytest

from normlab.local.process import Process
from normlab.spec import JobSpec
from normlab.store import Job, JobState
from normlab.store.jobs import events, reports
from support.workers import Service, children

pytestmark = pytest.mark.xdist_group("worker")  # which is shared, since it takes seconds to start one


def final_weights(job: Job) -> str:
    assert job.digests is not None
    return str(job.digests["final_weights"])


def test_a_killed_childs_job_goes_on_where_it_was_and_ends_with_the_same_bits(
    service: Service, worker: Process, some_seconds: JobSpec
) -> None:
    undisturbed = service.wait_for_end(service.submit(some_seconds))
    job_id = service.submit(some_seconds)
    service.wait_for_epoch(job_id, 50)
    (child,) = children(worker)
    child.kill()
    job = service.wait_for_end(job_id)
    assert (job.state, job.attempt, job.lost_attempts) == (JobState.SUCCEEDED, 2, 1)
    assert final_weights(job) == final_weights(undisturbed)
    with service.database.read() as session:
        assert [row.epoch for row in reports.epochs(session, job_id)] == list(range(1, 301))
        told = events.after(session, job_id, limit=10_000)
        reasons = [event.data["reason"] for event in events.history(session, job_id)]
    assert [event.number for event in told] == list(range(1, len(told) + 1))
    assert reasons == ["created", "claimed", "child_died", "claimed", "finished"]
    assert sum(event.kind == "epoch" for event in told) < 450  # it did not begin anew after epoch 50 or more


def test_a_worker_that_is_not_there_is_not_healthy(service: Service) -> None:
    health = subprocess.run(
        [sys.executable, "-m", "worker", "--check-health"],
        env={"NORMLAB_DATA_DIR": str(service.data_dir / "elsewhere")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (health.returncode, health.stderr) == (
        1,
        "no worker on this host has given a sign of life for a while\n",
    )
