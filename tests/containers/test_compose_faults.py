"""The stack of docker-compose.yml with its parts killed and restarted in the middle of a training."""

import time
from typing import Any

import pytest

from containers.stack import Stack, docker

pytestmark = [pytest.mark.containers, pytest.mark.timeout(3600)]

EPOCHS = 2000


@pytest.fixture
def running(stack: Stack) -> str:
    """A job that is past its first epochs."""
    training = {"epochs": EPOCHS, "batch_size": 16}
    job_id = stack.submit(architecture="baseline", dataset={"name": "digits"}, training=training)
    stack.wait("some epochs", lambda: len(epochs(stack, job_id)) > 20, seconds=240)
    return job_id


def epochs(stack: Stack, job_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = stack.http.get(f"/jobs/{job_id}/metrics").json()["epochs"]
    return found


def assert_trained_once(stack: Stack, job_id: str) -> dict[str, Any]:
    """The oracle: one end, each epoch once, and files that match their checksums' sizes."""
    job = stack.finished(job_id)
    assert [epoch["epoch"] for epoch in epochs(stack, job_id)] == list(range(1, EPOCHS + 1))
    states = [step["state"] for step in job["history"]]
    assert states.count("succeeded") == 1
    assert states[-1] == "succeeded"
    stack.files(job_id)
    return job


def worker_container(stack: Stack) -> str:
    (container,) = stack.containers("worker")
    found: str = container["Id"]
    return found


def test_a_training_child_is_killed(stack: Stack, running: str) -> None:
    """The child is the youngest Python process of the container; its main process stays and takes the job back."""
    killed = stack.inside(
        "worker", "python", "-c",
        "import psutil, os\n"
        "main = psutil.Process(1).children()[0]\n"
        "[child.kill() for child in main.children()]",
    )  # fmt: skip
    assert killed.returncode == 0, killed.stderr
    job = assert_trained_once(stack, running)
    assert job["attempt"] == 2
    assert "child_died" in [step["reason"] for step in job["history"]]


def test_the_worker_container_is_killed(stack: Stack, running: str) -> None:
    began = time.monotonic()
    docker("kill", "--signal", "KILL", worker_container(stack))
    # Killed by hand, a container is not restarted by its policy: somebody starts it again.
    stack.up()
    stack.wait("the job to be taken back", lambda: stack.job(running)["attempt"] == 2, seconds=60 + 30 + 60)
    assert (
        time.monotonic() - began < 60 + 30 + 60
    )  # the lease, the reaper, and a container that loads TensorFlow
    assert assert_trained_once(stack, running)["attempt"] == 2


def test_the_worker_container_gets_sigterm(stack: Stack, running: str) -> None:
    stack.run("stop", "worker")
    assert [container["State"]["ExitCode"] for container in stack.containers("worker")] == [0]
    put_back = stack.job(running)
    assert (put_back["state"], put_back["history"][-1]["reason"]) == ("queued", "shutdown")
    stack.up()
    assert assert_trained_once(stack, running)["attempt"] == 2


def test_postgres_is_restarted_in_mid_training(stack: Stack, running: str) -> None:
    stack.run("restart", "postgres")
    # Until it accepts connections the API says 503, as it should.
    stack.wait("the API to reach Postgres again", lambda: stack.http.get("/readyz").is_success, seconds=60)
    assert assert_trained_once(stack, running)["attempt"] == 1
