"""What becomes of a job when its worker is killed or told to end in the middle of it."""

import signal
import subprocess
import sys
import time

import psutil

from normlab.processes import Process
from normlab.spec import JobSpec
from normlab.store import Job, JobState, events, reports
from support.postgres import PostgresServer
from support.workers import Service, children


def final_weights(job: Job) -> str:
    assert job.digests is not None
    return str(job.digests["final_weights"])


def assert_trained_once(service: Service, job: Job) -> None:
    """The oracle: one end, and each epoch once."""
    assert job.state is JobState.SUCCEEDED
    with service.database.read() as session:
        assert [row.epoch for row in reports.epochs(session, job.id)] == list(range(1, 301))
        told = events.after(session, job.id, limit=10_000)
        assert [event.number for event in told] == list(range(1, len(told) + 1))
        assert told[-1].data["state"] == JobState.SUCCEEDED


def test_a_killed_childs_job_goes_on_where_it_was_and_ends_with_the_same_bits(
    service: Service, worker: Process, some_seconds: JobSpec
) -> None:
    undisturbed = service.wait_for_end(service.submit(some_seconds))
    job_id = service.submit(some_seconds)
    service.wait_for_epoch(job_id, 50)
    (child,) = children(worker)
    killed = time.monotonic()
    child.kill()
    again = service.wait_for(job_id, lambda job: job.attempt == 2)
    assert time.monotonic() - killed < 60  # another child has to load TensorFlow; its own lease is 4 s
    job = service.wait_for_end(again.id)
    assert_trained_once(service, job)
    assert (job.attempt, job.lost_attempts) == (2, 1)
    assert final_weights(job) == final_weights(undisturbed)
    with service.database.read() as session:
        trained = [
            event.data["epoch"]
            for event in events.after(session, job_id, limit=10_000)
            if event.kind == "epoch"
        ]
        reasons = [event.data["reason"] for event in events.history(session, job_id)]
    assert reasons == ["created", "claimed", "child_died", "claimed", "finished"]
    assert len(trained) < 450  # it did not begin anew after epoch 50 or more


def test_sigterm_puts_the_job_back_and_another_worker_goes_on(
    postgres_service: Service, postgres_server: PostgresServer, some_seconds: JobSpec
) -> None:
    service = postgres_service
    job_id = service.submit(some_seconds)
    with service.worker() as worker:
        service.wait_for_epoch(job_id, 20)
        worker.ask_to_end()
        assert worker.wait(20)
        assert worker.exit_code() == 0
    put_back = service.job(job_id)
    assert (put_back.state, put_back.attempt, put_back.lost_attempts) == (JobState.QUEUED, 1, 0)
    with service.worker():
        service.wait_for(job_id, lambda job: job.attempt == 2)
        service.wait_for_epoch(job_id, 100)
        postgres_server.stop()  # the training goes on without it
        time.sleep(1)
        postgres_server.start()
        job = service.wait_for_end(job_id)
    assert_trained_once(service, job)
    assert (job.attempt, job.lost_attempts) == (2, 0)


def test_a_killed_workers_children_die_and_its_job_is_taken_back(
    own_service: Service, endless: JobSpec
) -> None:
    service = own_service
    job_id = service.submit(endless)
    with service.worker() as worker:
        service.wait_for_epoch(job_id, 1)
        family = children(worker)
        psutil.Process(worker.pid).kill()
        gone, alive = psutil.wait_procs(family, timeout=10)
        assert len(gone) == 1
        assert alive == []
    with service.worker() as worker:
        service.wait_for(job_id, lambda job: job.attempt == 2)
        psutil.Process(worker.pid).send_signal(signal.SIGTERM)
        time.sleep(0.05)
        psutil.Process(worker.pid).send_signal(signal.SIGTERM)  # in a hurry
        assert worker.wait(5)
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
