import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import redis

from normlab.local.redis import EmbeddedRedis
from normlab.runtime.maintenance import MaintenanceLoop
from normlab.runtime.notifier import MAX_SOON, NOTIFY_SECONDS, QUEUE, SENT_AT_ONCE, Notifier
from normlab.spec import JobSpec, parse_job_spec
from normlab.store import Database
from normlab.store.jobs import jobs, workers


def test_a_message_carries_the_jobs_id_and_nothing_else(redis_server: EmbeddedRedis, broker_url: str) -> None:
    notifier = Notifier(broker_url)
    assert notifier.pending() == 0
    assert notifier.notify("job_1")
    assert notifier.notify("job_2")
    assert notifier.pending() == 2
    with redis.Redis(unix_socket_path=str(redis_server.socket_path)) as client:
        message = json.loads(client.lpop(QUEUE))
    assert message["headers"]["task"] == "normlab.train"
    assert message["headers"]["argsrepr"] in ("['job_1']", "['job_2']")
    assert message["content-type"] == "application/json"
    notifier.close()


def test_what_is_sent_soon_is_sent_whole_and_lets_others_ask(broker_url: str) -> None:
    notifier = Notifier(broker_url)
    for number in range(3 * SENT_AT_ONCE + 1):
        notifier.notify_soon(f"job_{number}")
    until = time.monotonic() + 30
    while notifier.pending() != 3 * SENT_AT_ONCE + 1:
        assert time.monotonic() < until
    notifier.close()


def test_what_is_sent_soon_is_let_go_when_the_broker_is_away(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    notifier = Notifier(f"redis+socket://{tmp_path}/redis.sock")
    for number in range(2 * MAX_SOON):
        notifier.notify_soon(f"job_{number}")
    until = time.monotonic() + 30
    while notifier._soon or notifier._sends_soon:
        assert time.monotonic() < until
        time.sleep(0.01)
    assert 1 <= len([record for record in caplog.records if "does not answer" in record.message]) < MAX_SOON
    notifier.close()


@pytest.mark.parametrize("away", ["gone", "silent"])
def test_notifying_a_broker_that_is_away_says_so_at_once(tmp_path: Path, away: str) -> None:
    # 192.0.2.0/24 belongs to nobody (RFC 5737): packets to it vanish or are refused, as the network likes.
    url = f"redis+socket://{tmp_path}/redis.sock" if away == "gone" else "redis://192.0.2.1:6379/0"
    notifier = Notifier(url)
    for ask in (lambda: notifier.notify("job_1"), notifier.pending):
        began = time.monotonic()
        assert not ask()
        assert time.monotonic() - began < NOTIFY_SECONDS + 1  # a busy machine
    notifier.close()


def test_a_maintenance_loop_notifies_of_what_waits_and_not_twice(database: Database, broker_url: str) -> None:
    spec: JobSpec = parse_job_spec({"architecture": "baseline"})
    with database.write() as session:
        for _ in range(3):
            jobs.create(session, spec)
    notifier = Notifier(broker_url)
    notifier.notify("job_known")
    time.sleep(2.1)  # what has only just come is left to the one who stored it
    maintenance = MaintenanceLoop(database, notifier, every_seconds=0.1)
    maintenance.start()
    time.sleep(1)
    maintenance.stop()
    assert notifier.pending() == 3
    notifier.close()


def test_a_job_that_no_worker_could_take_is_notified_of_when_one_can(
    database: Database, broker_url: str, make_spec: Callable[..., JobSpec]
) -> None:
    with database.write() as session:
        jobs.create(session, make_spec(resources={"device": "gpu"}))
        workers.announce(session, "host/1/2", has_gpu=False)
    time.sleep(2.1)  # what has only just come is left to the one who stored it
    notifier = Notifier(broker_url)
    maintenance = MaintenanceLoop(database, notifier, every_seconds=60)
    maintenance.sweep()
    assert notifier.pending() == 0
    with database.write() as session:
        workers.announce(session, "host/1/3", has_gpu=True)
    maintenance.sweep()
    assert notifier.pending() == 1
    notifier.close()


def test_a_maintenance_loop_survives_whatever_happens(
    tmp_path: Path, broker_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    without_tables = Database(f"sqlite:///{tmp_path / 'empty.db'}")
    notifier = Notifier(broker_url)
    maintenance = MaintenanceLoop(without_tables, notifier, every_seconds=0.05)
    maintenance.start()
    deadline = time.monotonic() + 30
    while len(caplog.records) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    maintenance.stop()
    notifier.close()
    without_tables.close()
