"""Redis stopped, restarted, emptied, and given the same message again and again."""

import contextlib
import threading
import time
from pathlib import Path

import httpx
import psutil
import pytest
import redis
from sqlalchemy import select

from faults.conftest import SECONDS_LONG, TINY, Accepted
from normlab.runtime.notifier import QUEUE, Notifier
from normlab.store import Job, JobState
from support.measured import note
from support.plant import Plant

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]

AWAY_SECONDS = 60
ENDLESS = {"training": {"epochs": 10_000, "batch_size": 16}}


def test_redis_is_away_for_a_minute_in_mid_training(with_sqlite: Plant, accepted: Accepted) -> None:
    plant = with_sqlite
    accepted.append(plant.submit(training={"epochs": 10_000}, max_runtime_seconds=AWAY_SECONDS + 20))
    plant.wait_for_epoch(accepted[0], 5)
    with plant.down():
        plant.redis.stop()
        before = plant.job(accepted[0]).progress
        asked = time.monotonic()
        accepted.append(plant.submit(**TINY))  # answered with 202
        answered = time.monotonic() - asked
        assert answered < 1 + 1  # half a second of it waiting for the broker; the machine may be busy
        time.sleep(AWAY_SECONDS)
        after = plant.job(accepted[0])
        assert before is not None
        assert after.progress is not None
        assert after.progress["epoch"] > before["epoch"] + AWAY_SECONDS  # it trained all the time
        assert (after.attempt, after.state) == (1, JobState.RUNNING)
        plant.redis.start()
        back = time.monotonic()
    plant.http.post(f"/jobs/{accepted[0]}/cancel")
    plant.wait_for_end(accepted[0])
    plant.wait_for(accepted[1], lambda job: job.attempt == 1, 30)
    picked_up = time.monotonic() - back
    assert plant.wait_for_end(accepted[1]).attempt == 1
    note("Redis away 60 s", post_answered_seconds=answered, picked_up_after_seconds=picked_up)


def test_redis_is_restarted_five_times_in_ten_seconds(plant: Plant, accepted: Accepted) -> None:
    accepted.append(plant.submit(**SECONDS_LONG))
    plant.wait_for_epoch(accepted[0], 5)
    with plant.down():
        for _ in range(5):
            plant.redis.stop()
            time.sleep(1)
            plant.redis.start()
            time.sleep(1)
    back = time.monotonic()
    accepted.append(plant.submit(**TINY))
    assert plant.wait_for_end(accepted[0]).attempt == 1
    free = time.monotonic()
    assert plant.wait_for_end(accepted[1]).attempt == 1
    assert time.monotonic() - max(back, free) < 30
    note("Redis restarted 5 times", next_job_ended_after_seconds=time.monotonic() - max(back, free))


def test_redis_forgets_everything_while_fifty_jobs_wait(plant: Plant, accepted: Accepted) -> None:
    accepted.append(plant.submit(**ENDLESS))
    plant.wait_for(accepted[0], lambda job: job.state is JobState.RUNNING)
    accepted.extend(plant.submit(**TINY) for _ in range(50))
    with redis.Redis(unix_socket_path=str(plant.redis.socket_path)) as client:
        client.flushall()
    plant.http.post(f"/jobs/{accepted[0]}/cancel")
    began = time.monotonic()
    plant.wait_for(accepted[1], lambda job: job.attempt > 0, 30)
    note("FLUSHALL with 50 queued", first_picked_up_after_seconds=time.monotonic() - began)
    for job_id in accepted[1:]:
        job = plant.wait_for_end(job_id)
        assert (job.state, job.attempt) == (JobState.SUCCEEDED, 1)


def test_the_api_is_killed_between_commit_and_message(with_sqlite: Plant, accepted: Accepted) -> None:
    """What it leaves is a row that no worker was notified of; whoever sent the request tries again with its key."""
    plant = with_sqlite
    key = {"Idempotency-Key": "sent-twice"}
    body = {"architecture": "baseline", "dataset": "digits", **TINY}
    with plant.down():
        broker = psutil.Process(plant.redis.process.pid)
        broker.suspend()  # so that the API is killed before it has notified anybody
        ids: list[str] = []
        sending = threading.Thread(target=lambda: _post(plant, body, key))
        sending.start()
        plant.wait_until(lambda: ids.extend(_waiting(plant)) or ids, "the row is committed")
        plant.api.kill()
        sending.join()
        broker.resume()
        accepted.extend(ids)
        job = plant.wait_for_end(ids[0], 60)  # notified of by the worker's own maintenance loop
        assert (job.state, job.attempt) == (JobState.SUCCEEDED, 1)
        plant.api = plant.start("api", "--port", str(plant.port))
    again = plant.http.post("/jobs", json=body, headers=key)
    assert (again.status_code, again.json()["id"]) == (202, ids[0])


def test_one_message_is_delivered_ten_times(plant: Plant, accepted: Accepted) -> None:
    job_id = plant.submit(**SECONDS_LONG)
    accepted.append(job_id)
    notifier = Notifier(plant.redis.broker_url)
    for _ in range(10):
        assert notifier.notify(job_id)
    accepted.append(plant.submit(**TINY))
    assert plant.wait_for_end(accepted[1]).attempt == 1
    assert plant.wait_for_end(job_id).attempt == 1
    plant.wait_until(lambda: notifier.pending() == 0, "all messages were taken")
    notifier.close()


def test_a_job_outlasts_the_brokers_visibility_timeout(
    with_sqlite: Plant, accepted: Accepted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant = with_sqlite
    # Python's own start-up file in a folder of PYTHONPATH: nobody would want this as a setting.
    start_up = "import kombu.transport.redis as transport\ntransport.Channel.visibility_timeout = 5\n"
    (tmp_path / "sitecustomize.py").write_text(start_up)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with plant.other_worker():
        accepted.append(plant.submit(training={"epochs": 10_000}, max_runtime_seconds=20))
        job = plant.wait_for_end(accepted[0])
    assert (job.state, job.attempt, job.error_code) == (JobState.FAILED, 1, "deadline_exceeded")
    with redis.Redis(unix_socket_path=str(plant.redis.socket_path)) as client:
        assert client.hlen("unacked") == 0  # acknowledged when it was taken, so there is nothing to redeliver
        assert client.llen(QUEUE) == 0


def _waiting(plant: Plant) -> list[str]:
    with plant.database.read() as session:
        return list(session.scalars(select(Job.id).where(Job.state == JobState.QUEUED)))


def _post(plant: Plant, body: dict[str, object], key: dict[str, str]) -> None:
    """The answer comes when the row is committed, unless the API is killed before it is sent."""
    with contextlib.suppress(httpx.TransportError):
        assert plant.http.post("/jobs", json=body, headers=key).status_code == 202
