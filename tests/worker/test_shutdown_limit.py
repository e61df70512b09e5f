"""A shutdown that takes too long, with children that are played: what is really killed is in ``tests/faults``."""

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from normlab.settings import Settings
from normlab.spec import JobSpec
from normlab.store import Database, Job, JobState
from normlab.store.jobs import jobs, leases, reaper
from worker.maintenance import children_lock
from worker.shutdown import ShutdownFlag, ShutdownLimit

PREFIX = "host/1/"


@pytest.fixture
def claimed(database: Database, make_spec: Callable[..., JobSpec]) -> Job:
    with database.write() as session:
        job_id = jobs.create(session, make_spec()).id
        job = leases.claim(session, job_id, worker=f"{PREFIX}7", lease_seconds=60)
    assert job is not None
    return job


@pytest.fixture
def looks() -> Iterator[list[threading.Thread]]:
    """The maintenance's looks that a test has begun; they end when the process would have ended."""
    begun: list[threading.Thread] = []
    yield begun
    children_lock.release()
    for look in begun:
        look.join()


def test_jobs_are_put_back_before_the_maintenance_loop_can_count_their_attempts_as_lost(
    database: Database,
    claimed: Job,
    looks: list[threading.Thread],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def look() -> None:
        with children_lock, database.write() as session:
            reaper.take_back_dead(session, PREFIX, set())

    class Child:
        """Is looked for by the maintenance loop as soon as it is killed, and was dead already."""

        def kill(self) -> None:
            looks.append(threading.Thread(target=look))
            looks[0].start()
            looks[0].join(0.3)
            raise psutil.NoSuchProcess(7)

    class Main:
        def children(self, *, recursive: bool) -> list[Child]:
            assert recursive
            return [Child()]

    ended: list[int] = []
    monkeypatch.setattr(psutil, "Process", Main)
    monkeypatch.setattr(os, "_exit", ended.append)
    url = database.url.render_as_string(hide_password=False)
    settings = Settings(data_dir=tmp_path, database_url=url, shutdown_grace_seconds=15)
    flag = ShutdownFlag()
    flag.set()
    limit = ShutdownLimit(flag, settings, PREFIX)
    limit._seconds = limit._reserved  # nothing to wait for before
    limit._run()
    assert ended == [0]
    with database.read() as session:
        job = jobs.get(session, claimed.id)
    assert (job.state, job.lost_attempts) == (JobState.QUEUED, 0)
