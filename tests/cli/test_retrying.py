import pytest

from normlab.client import Client
from normlab.documents.states import JobState

pytestmark = pytest.mark.xdist_group("service")


def test_a_cancelled_job_is_trained_after_all(run, client: Client) -> None:
    # A job for a GPU waits here, where none is, until it is told to end.
    job = client.submit("baseline", dataset="digits", resources={"device": "gpu"}, priority=-3)
    shown = run("show", job.id).stdout
    assert "in the queue, waits for a worker" in shown  # with a GPU, or one at all while it starts
    assert client.cancel(job.id).state is JobState.CANCELLED
    assert run("retry", job.id).stdout == f"{job.id} is queued again\n"
    assert client.job(job.id).state is JobState.QUEUED
    refused = run("retry", job.id)
    assert refused.exit_code == 1
    assert f"job {job.id} is queued; only a failed or cancelled job can be retried" in refused.stderr
    client.cancel(job.id)
