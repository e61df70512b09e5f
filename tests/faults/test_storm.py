"""Faults of all kinds, one after the other, drawn from a seed: ``STORM_SEED`` replays them, for ``STORM_SECONDS``."""

import os
import random
import sqlite3
import time
from collections.abc import Callable

import httpx
import psutil
import pytest
import redis

from faults.conftest import TINY, Accepted
from support.measured import note
from support.plant import Plant

pytestmark = [pytest.mark.faults, pytest.mark.timeout(3600)]

Fault = Callable[["Storm"], None]


class Storm:
    """A plant, what was accepted, and the chance that decides."""

    def __init__(self, plant: Plant, accepted: Accepted, seed: int) -> None:
        self.plant = plant
        self.accepted = accepted
        self.chance = random.Random(seed)

    def submit(self) -> None:
        """Some jobs, of seconds or less; what is not answered with 202 was not accepted."""
        epochs = self.chance.choice([1, 20, 200])
        self.post("/jobs", {"architecture": "baseline", "dataset": "digits", "training": {"epochs": epochs}})

    def submit_tiny(self) -> None:
        self.post("/jobs", {"dataset": "digits", **TINY})

    def cancel(self) -> None:
        if self.accepted:
            self.post(f"/jobs/{self.chance.choice(self.accepted)}/cancel", None)

    def retry(self) -> None:
        if self.accepted:
            self.post(f"/jobs/{self.chance.choice(self.accepted)}/retry", None)

    def kill_child(self) -> None:
        for child in self.plant.children():
            child.kill()

    def kill_worker(self) -> None:
        psutil.Process(self.plant.worker.pid).kill()

    def end_worker(self) -> None:
        self.plant.worker.ask_to_end()

    def stop_child_for_a_while(self) -> None:
        for child in self.plant.children():
            child.suspend()
            time.sleep(self.chance.uniform(0.1, 12))
            child.resume()

    def restart_redis(self) -> None:
        self.plant.redis.stop()
        time.sleep(self.chance.uniform(0, 3))
        self.plant.redis.start()

    def empty_redis(self) -> None:
        with redis.Redis(unix_socket_path=str(self.plant.redis.socket_path)) as client:
            client.flushall()

    def kill_api(self) -> None:
        self.plant.api.kill()
        self.plant.api = self.plant.start("api", "--port", str(self.plant.port))

    def database_away(self) -> None:
        seconds = self.chance.uniform(0, 12)
        if self.plant.postgres is not None:
            self.plant.postgres.stop()
            time.sleep(seconds)
            self.plant.postgres.start()
            return
        blocker = sqlite3.connect(self.plant.database_path, isolation_level=None, timeout=30)
        blocker.execute("BEGIN IMMEDIATE")
        time.sleep(seconds)
        blocker.execute("ROLLBACK")
        blocker.close()

    def post(self, path: str, body: object) -> None:
        try:
            answer = self.plant.http.post(path, json=body)
        except httpx.TransportError:  # the API is starting again
            return
        if answer.status_code == 202 and path == "/jobs":
            self.accepted.append(answer.json()["id"])
        assert answer.status_code in (200, 202, 409, 503), answer.text


FAULTS: tuple[Fault, ...] = (
    Storm.kill_child,
    Storm.kill_worker,
    Storm.end_worker,
    Storm.stop_child_for_a_while,
    Storm.restart_redis,
    Storm.empty_redis,
    Storm.kill_api,
    Storm.database_away,
)
REQUESTS: tuple[Fault, ...] = (Storm.submit, Storm.submit, Storm.submit_tiny, Storm.cancel, Storm.retry)


def test_a_storm(plant: Plant, accepted: Accepted) -> None:
    seed, seconds = int(os.environ.get("STORM_SEED", "1")), float(os.environ.get("STORM_SECONDS", "600"))
    storm = Storm(plant, accepted, seed)
    faults: list[str] = []
    with plant.down():
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for _ in range(storm.chance.randint(1, 4)):
                storm.chance.choice(REQUESTS)(storm)
            fault = storm.chance.choice(FAULTS)
            faults.append(fault.__name__)
            fault(storm)
            time.sleep(storm.chance.uniform(0, 3))
            _ = plant.worker
    calm = time.monotonic()
    for job_id in accepted:
        # A worker that was told to end may only do so now.
        plant.wait_until(
            lambda job_id=job_id: plant.has_worker() and plant.job(job_id).state.final, f"{job_id} ended", 600
        )
    ended = time.monotonic() - calm
    note(
        "storm",
        seed=seed,
        seconds=seconds,
        faults=len(faults),
        jobs=len(accepted),
        all_ended_after_seconds=ended,
    )
