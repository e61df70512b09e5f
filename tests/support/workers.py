"""Real worker processes for tests, and waiting for what they do."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import psutil

from normlab.local.process import Process
from normlab.runtime.notifier import Notifier
from normlab.spec import JobSpec
from normlab.store import Database, Job
from normlab.store.jobs import jobs

T = TypeVar("T")

QUICK = {
    "LEASE_SECONDS": "4",
    "HEARTBEAT_SECONDS": "0.5",
    "MAINTENANCE_SECONDS": "1",
    "CHECKPOINT_SECONDS": "0.1",
    "WORKER_PROCESSES": "1",
}
"""Settings under which what takes a minute in service takes seconds."""


class Service:
    """A database, a broker and a data folder that workers share, with what a test asks of them."""

    def __init__(self, database: Database, broker_url: str, data_dir: Path) -> None:
        self.database = database
        self.data_dir = data_dir
        self.notifier = Notifier(broker_url)
        self._environment = QUICK | {
            "DATABASE_URL": database.url.render_as_string(hide_password=False),
            "BROKER_URL": broker_url,
            "DATA_DIR": str(data_dir),
        }

    @contextmanager
    def worker(self, **settings: str | None) -> Iterator[Process]:
        """A worker that runs; ended, with its children, at the end of the block. None: as if it were not set."""
        environment = {
            f"NORMLAB_{name}": value
            for name, value in (self._environment | settings).items()
            if value is not None
        }
        process = Process("worker", self.data_dir, os.environ | environment)
        process.start([sys.executable, "-m", "worker"])
        try:
            yield process
        finally:
            process.stop(30)

    def submit(self, spec: JobSpec, *, notifications: int = 1) -> str:
        """Store a job, notify the workers, and give its id."""
        with self.database.write() as session:
            job_id = jobs.create(session, spec).id
        for _ in range(notifications):
            wait_until(lambda: self.notifier.notify(job_id))  # the first time on a busy machine it takes long
        return job_id

    def job(self, job_id: str) -> Job:
        """The job as it is now."""
        with self.database.read() as session:
            return jobs.get(session, job_id)

    def wait_for(self, job_id: str, what: Callable[[Job], bool], seconds: float = 90) -> Job:
        """The job as soon as it is as wanted."""
        deadline = time.monotonic() + seconds
        while not what(job := self.job(job_id)):
            if time.monotonic() > deadline:
                log = (self.data_dir / "worker.log").read_text()[-3000:]
                raise AssertionError(
                    f"still {job.state} with {job.progress} after {seconds} s; the log ends:\n{log}"
                )
            time.sleep(0.05)
        return job

    def wait_for_end(self, job_id: str, seconds: float = 90) -> Job:
        """The job when it has ended."""
        return self.wait_for(job_id, lambda job: job.state.final, seconds)

    def wait_for_epoch(self, job_id: str, epoch: int) -> Job:
        """The job when it is past this epoch."""
        return self.wait_for(job_id, lambda job: bool(job.progress) and job.progress["epoch"] > epoch)

    def close(self) -> None:
        """Close the connections."""
        self.notifier.close()


def children(worker: Process) -> list[psutil.Process]:
    """The worker's children."""
    return psutil.Process(worker.pid).children()


def wait_until(what: Callable[[], T], seconds: float = 90) -> T:
    """What ``what`` gives as soon as that is true."""
    deadline = time.monotonic() + seconds
    while not (value := what()):
        assert time.monotonic() < deadline, f"not after {seconds} s"
        time.sleep(0.05)
    return value
