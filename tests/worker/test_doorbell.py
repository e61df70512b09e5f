import json
import time
from pathlib import Path

import pytest
import redis

from normlab.local.redis import EmbeddedRedis
from normlab.runtime.maintenance import Caretaker
from normlab.runtime.notifier import QUEUE, RING_SECONDS, Doorbell
from normlab.spec import JobSpec, parse_job_spec
from normlab.store import Database
from normlab.store.jobs import jobs


def test_a_message_carries_the_jobs_id_and_nothing_else(redis_server: EmbeddedRedis, broker_url: str) -> None:
    doorbell = Doorbell(broker_url)
    assert doorbell.pending() == 0
    assert doorbell.ring("job_1")
    assert doorbell.ring("job_2")
    assert doorbell.pending() == 2
    with redis.Redis(unix_socket_path=str(redis_server.socket_path)) as client:
        message = json.loads(client.lpop(QUEUE))
    assert message["headers"]["task"] == "normlab.train"
    assert message["headers"]["argsrepr"] in ("['job_1']", "['job_2']")
    assert message["content-type"] == "application/json"
    doorbell.close()


@pytest.mark.parametrize("away", ["gone", "silent"])
def test_ringing_at_a_broker_that_is_away_says_so_at_once(tmp_path: Path, away: str) -> None:
    # 192.0.2.0/24 belongs to nobody (RFC 5737): packets to it vanish or are refused, as the network likes.
    url = f"redis+socket://{tmp_path}/redis.sock" if away == "gone" else "redis://192.0.2.1:6379/0"
    doorbell = Doorbell(url)
    for ask in (lambda: doorbell.ring("job_1"), doorbell.pending):
        began = time.monotonic()
        assert not ask()
        assert time.monotonic() - began < RING_SECONDS + 1  # a busy machine
    doorbell.close()


def test_a_caretaker_rings_for_what_waits_and_not_twice(database: Database, broker_url: str) -> None:
    spec: JobSpec = parse_job_spec({"architecture": "baseline"})
    with database.write() as session:
        for _ in range(3):
            jobs.create(session, spec)
    doorbell = Doorbell(broker_url)
    doorbell.ring("job_known")
    time.sleep(2.1)  # what has only just come is left to the one who stored it
    caretaker = Caretaker(database, doorbell, every_seconds=0.1)
    caretaker.start()
    time.sleep(1)
    caretaker.stop()
    assert doorbell.pending() == 3
    doorbell.close()


def test_a_caretaker_survives_whatever_happens(
    tmp_path: Path, broker_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    without_tables = Database(f"sqlite:///{tmp_path / 'empty.db'}")
    doorbell = Doorbell(broker_url)
    caretaker = Caretaker(without_tables, doorbell, every_seconds=0.05)
    caretaker.start()
    time.sleep(0.3)
    caretaker.stop()
    assert len(caplog.records) >= 2
    doorbell.close()
    without_tables.close()
