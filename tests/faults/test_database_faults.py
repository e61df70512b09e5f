"""Postgres restarted and away, SQLite locked, in the middle of a training."""

import sqlite3
import threading
import time

import pytest

from faults.conftest import SECONDS_LONG, TINY, Accepted
from normlab.store import JobState
from normlab.store.jobs import events
from support.measured import note
from support.plant import LEASE_SECONDS, Plant

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]


def reasons(plant: Plant, job_id: str) -> list[str]:
    with plant.database.read() as session:
        return [event.data["reason"] for event in events.history(session, job_id)]


def test_postgres_is_restarted_in_mid_training(with_postgres: Plant, accepted: Accepted) -> None:
    plant = with_postgres
    assert plant.postgres is not None
    accepted.append(plant.submit(**SECONDS_LONG))
    plant.wait_for_epoch(accepted[0], 50)
    with plant.down():
        plant.postgres.stop()
        plant.postgres.start()
    job = plant.wait_for_end(accepted[0])
    assert (job.state, job.attempt) == (JobState.SUCCEEDED, 1)
    note("Postgres restarted", attempts=job.attempt)


def test_postgres_is_away_for_longer_than_the_lease(with_postgres: Plant, accepted: Accepted) -> None:
    plant = with_postgres
    assert plant.postgres is not None
    accepted.append(plant.submit(**SECONDS_LONG))
    plant.wait_for_epoch(accepted[0], 50)
    with plant.down():
        plant.postgres.stop()
        refused = plant.http.post("/jobs", json={"architecture": "baseline"})
        assert refused.status_code == 503  # not accepted, and it says so
        time.sleep(LEASE_SECONDS + 4)
        plant.postgres.start()
        back = time.monotonic()
    job = plant.wait_for_end(accepted[0])
    assert job.state is JobState.SUCCEEDED
    assert reasons(plant, accepted[0]).count("finished") == 1
    # Who was faster when it came back, the trainer or a maintenance loop, decides whether the attempt goes on.
    assert job.attempt in (1, 2)
    note(
        "Postgres away longer than the lease",
        attempts=job.attempt,
        ended_after_seconds=time.monotonic() - back,
    )


def test_sqlite_is_locked_by_another_process_for_five_seconds(with_sqlite: Plant, accepted: Accepted) -> None:
    plant = with_sqlite
    accepted.append(plant.submit(**SECONDS_LONG))
    plant.wait_for_epoch(accepted[0], 50)
    locked = threading.Event()

    def hold() -> None:
        blocker = sqlite3.connect(plant.database_path, isolation_level=None)
        blocker.execute("BEGIN IMMEDIATE")
        locked.set()
        time.sleep(5)
        blocker.execute("COMMIT")
        blocker.close()

    holding = threading.Thread(target=hold)
    holding.start()
    locked.wait()
    began = time.monotonic()
    accepted.append(plant.submit(**TINY))
    answered = time.monotonic() - began
    holding.join()
    assert plant.wait_for_end(accepted[0]).attempt == 1
    assert plant.wait_for_end(accepted[1]).attempt == 1
    logs = "".join(path.read_text() for path in (plant.folder / "logs").glob("*.log"))
    assert "database is locked" not in logs
    note("SQLite locked 5 s", post_answered_seconds=answered)
