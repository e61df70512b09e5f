"""Events followed through several API processes that are killed and started again: each comes once, and in order."""

import os
import random
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from normlab.client.events import EventKind, parse
from normlab.local.process import Process
from normlab.spec import JobSpec
from normlab.store import Database
from normlab.store.jobs import endings, jobs, leases, reports
from support.epochs import made_up_epoch
from support.plant import free_port

EPOCHS = 150
AHEAD = 25
"""The writer stays so little ahead of the reader that most events come while they are waited for."""
OUTCOME = endings.Outcome({"epochs": EPOCHS}, {}, {}, {}, [])


class Api:
    """An API process at a port of its own."""

    def __init__(self, name: str, folder: Path, settings: dict[str, str]) -> None:
        self.url = f"http://127.0.0.1:{(port := free_port())}"
        self._process = Process(name, folder, os.environ | settings)
        self._command = [sys.executable, "-P", "-m", "api", "--port", str(port)]
        self.start()

    def start(self) -> None:
        self._process.start(self._command)

    def kill(self) -> None:
        self._process.kill()

    @property
    def runs(self) -> bool:
        return self._process.exit_code() is None


@pytest.fixture
def apis(database: Database, broker_url: str, tmp_path: Path) -> Iterator[list[Api]]:
    settings = {
        "NORMLAB_DATA_DIR": str(tmp_path),
        "NORMLAB_DATABASE_URL": database.url.render_as_string(hide_password=False),
        "NORMLAB_BROKER_URL": broker_url,
    }
    with ExitStack() as ending:
        started = [Api(name, tmp_path, settings) for name in ("first", "second")]
        for api in started:
            ending.callback(api.kill)
        yield started


class Writer:
    """Another process's part, played by a thread: epochs, then the job's end."""

    def __init__(self, database: Database, job_id: str) -> None:
        self.seen = 0
        """How many events the reader has."""
        self._database = database
        self._job_id = job_id
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        for epoch in range(1, EPOCHS + 1):
            while epoch > self.seen + AHEAD:
                time.sleep(0.005)
            metrics = made_up_epoch(epoch)
            with self._database.write() as session:
                reports.report_epoch(session, self._job_id, 1, metrics)
        with self._database.write() as session:
            endings.finish(session, self._job_id, 1, OUTCOME)

    def close(self) -> None:
        self.seen = EPOCHS
        self._thread.join()


@pytest.mark.nightly
def test_no_event_is_lost_or_repeated_over_restarts_of_two_processes(
    database: Database, apis: list[Api], make_spec: Callable[..., JobSpec]
) -> None:
    with database.write() as session:
        job_id = jobs.create(session, make_spec()).id
        leases.claim(session, job_id, worker="w", lease_seconds=600)
    chance, numbers, broken = random.Random(3), list[int](), 0
    writer = Writer(database, job_id)

    def follow(api: Api, events: int, *, kill: bool) -> bool:
        """Read so many events behind the last one, then break off, or kill the process and read what still comes.

        Says whether that was the end.
        """
        headers = {"Last-Event-ID": str(numbers[-1])} if numbers else {}
        address = f"{api.url}/jobs/{job_id}/events"
        with httpx.stream("GET", address, headers=headers, timeout=30, trust_env=False) as answer:
            if answer.status_code == 204:  # all was read, but for the remark that this is the end
                return True
            assert answer.status_code == 200
            for count, event in enumerate(parse(answer.iter_lines())):
                if event.kind is EventKind.END:
                    return True
                numbers.append(int(event.id or 0))
                writer.seen = len(numbers)
                if count == events:
                    if not kill:
                        return False
                    api.kill()
        return False

    try:
        ended, deadline = False, time.monotonic() + 120
        while not ended:
            assert time.monotonic() < deadline, numbers
            api = chance.choice(apis)
            try:
                ended = follow(api, chance.randint(0, 30), kill=chance.random() < 0.4)
            except httpx.ConnectError:  # it is starting
                time.sleep(0.05)
            except httpx.TransportError:
                broken += 1
            if not api.runs:
                api.start()
    finally:
        writer.close()
    assert numbers == list(range(1, EPOCHS + 4))  # queued, running, the epochs, succeeded
    assert broken >= 2  # processes that were killed while they sent
