"""A whole service of real processes that a test may break: Redis, SQLite or Postgres, the API, a worker."""

import os
import shutil
import socket
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import psutil
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

import migrations
from normlab.local.process import Process
from normlab.local.redis import EmbeddedRedis
from normlab.store import Database, Job
from normlab.store.jobs import jobs
from support.control_groups import MemoryGroup
from support.pgbouncer import PgBouncer
from support.postgres import PostgresServer

QUICK = {
    "LEASE_SECONDS": "8",
    "HEARTBEAT_SECONDS": "0.5",
    "MAINTENANCE_SECONDS": "1",
    "CHECKPOINT_SECONDS": "0.1",
    "WORKER_PROCESSES": "1",
    "MAX_ATTEMPTS": "50",
}
"""Settings under which what takes a minute in service takes seconds."""
LEASE_SECONDS = float(QUICK["LEASE_SECONDS"])
FINAL = {"succeeded", "failed", "cancelled"}


class Plant:
    """The service. What it is asked for goes through its HTTP side; what became of it is looked up in the database."""

    def __init__(
        self, *, postgres: bool, database_folder: Path | None = None, pgbouncer: str | None = None
    ) -> None:
        # Not in pytest's own folder, whose path can be too long for a socket.
        self.folder = Path(tempfile.mkdtemp(prefix="normlab-plant-"))
        self.redis = EmbeddedRedis(self.folder / "redis")
        self.redis.start()
        self.postgres = PostgresServer() if postgres else None
        self.database_path = (database_folder or self.folder) / "normlab.db"
        """SQLite's file."""
        if self.postgres is None:
            url = f"sqlite:///{self.database_path}"
        else:
            self.postgres.start()
            name = self.postgres.create()
            url = self.postgres.url(name)
        self.pooler = PgBouncer(pgbouncer, self.postgres) if pgbouncer and self.postgres else None
        if self.pooler is not None:
            url = self.pooler.url(name)
        migrations.upgrade(url)
        self.database = Database(url)
        self.artifacts_dir = self.folder / "artifacts"
        self.checkpoints_dir = self.folder / "checkpoints"
        self.environment = QUICK | {
            "DATABASE_URL": url,
            "BROKER_URL": self.redis.broker_url,
            "DATA_DIR": str(self.folder),
        }
        self.port = free_port()
        self.api = self.start("api", "--port", str(self.port))
        self.http = httpx.Client(
            base_url=f"http://127.0.0.1:{self.port}",
            timeout=60,
            event_hooks={"response": [self._note]},
            limits=httpx.Limits(max_connections=64),
            trust_env=False,
        )
        self._worker: Process | None = None
        self.seen: dict[int, psutil.Process] = {}
        self.refused: list[str] = []
        """Answers of 500 and above that came while nothing was down."""
        self._down = threading.Event()
        self.wait_until(self.answers, "the API answers")

    def start(
        self, module: str, *arguments: str, group: MemoryGroup | None = None, **settings: str | None
    ) -> Process:
        """Start one of our processes, with settings over the quick ones. None: as if it were not set."""
        environment = {
            f"NORMLAB_{name}": value
            for name, value in (self.environment | settings).items()
            if value is not None
        }
        process = Process(module, self.folder / "logs", os.environ | environment)
        command = [sys.executable, "-P", "-m", module, *arguments]
        process.start(group.command(command) if group else command)
        return process

    @property
    def worker(self) -> Process:
        """A worker whose child is ready; started if none runs."""
        self.wait_until(self.has_worker, "a child of the worker is ready")
        assert self._worker is not None
        return self._worker

    def has_worker(self) -> bool:
        """Whether a child of the worker is ready; a worker that has ended is started again, as a supervisor would."""
        # Asked again and again: a worker whose only child is killed as it starts ends, to be started again.
        if self._worker is None or self._worker.exit_code() is not None:
            self._worker = self.start("worker")
        return bool(self.children())

    def children(self) -> list[psutil.Process]:
        """The worker's children that have loaded TensorFlow; all of its processes are remembered."""
        if self._worker is None or self._worker.exit_code() is not None:
            return []
        family = psutil.Process(self._worker.pid).children(recursive=True)
        self.seen |= {process.pid: process for process in family}
        return [process for process in family if _has_tensorflow(process)]

    def stop_worker(self) -> None:
        """End the worker, if one runs."""
        self.children()
        if self._worker is not None:
            self._worker.stop(30)
            self._worker = None

    @contextmanager
    def other_worker(self, *, group: MemoryGroup | None = None, **settings: str | None) -> Iterator[Process]:
        """A worker with settings of its own, perhaps in a control group, and no other one beside it."""
        self.stop_worker()
        self._worker = self.start("worker", group=group, **settings)
        try:
            yield self.worker
        finally:
            self.stop_worker()

    @contextmanager
    def suspended(self, child: psutil.Process) -> Iterator[None]:
        """A child that is stopped where it holds no lock of the database, and goes on at the end if it is still there.

        With a lock it would keep everybody from writing, which is no fault of theirs.
        """
        deadline = time.monotonic() + 60
        child.suspend()
        try:
            while not self._can_be_written():
                assert time.monotonic() < deadline, "the child always holds a lock"
                child.resume()
                time.sleep(0.05)
                child.suspend()
            yield
        finally:
            with suppress(psutil.NoSuchProcess):
                child.resume()

    def _can_be_written(self) -> bool:
        """Whether nobody has locked a job's row for a second, or with SQLite the database."""
        try:
            if self.postgres is None:
                with closing(sqlite3.connect(self.database_path, timeout=1)) as connection:
                    connection.execute("BEGIN IMMEDIATE")
            else:
                # An engine of its own, since those of the store begin transactions that only read.
                with create_engine(self.database.url, poolclass=NullPool).connect() as locking:
                    locking.execute(text("SELECT id FROM jobs FOR UPDATE NOWAIT"))
        except (sqlite3.OperationalError, DBAPIError):
            return False
        return True

    @contextmanager
    def down(self) -> Iterator[None]:
        """Something that the API needs is away: it may say so."""
        self._down.set()
        yield
        self.wait_until(self.answers, "the API is ready again")
        self._down.clear()

    def answers(self) -> bool:
        """Whether the service can work."""
        try:
            with httpx.Client(timeout=5, trust_env=False) as http:
                return http.get(f"http://127.0.0.1:{self.port}/readyz").is_success
        except httpx.TransportError:
            return False

    def submit(self, **body: Any) -> str:
        """The id of a job that was answered with 202."""
        answer = self.http.post("/jobs", json={"architecture": "baseline", "dataset": "digits"} | body)
        assert answer.status_code == 202, answer.text
        job_id: str = answer.json()["id"]
        return job_id

    def job(self, job_id: str) -> Job:
        """The job's row."""
        with self.database.read() as session:
            return jobs.get(session, job_id)

    def wait_for(self, job_id: str, what: Callable[[Job], bool], seconds: float = 120) -> Job:
        """The job as soon as it is as wanted."""
        self.wait_until(lambda: what(self.job(job_id)), f"{job_id} is as wanted", seconds)
        return self.job(job_id)

    def wait_for_end(self, job_id: str, seconds: float = 120) -> Job:
        """The job when it has ended."""
        return self.wait_for(job_id, lambda job: job.state.final, seconds)

    def wait_for_epoch(self, job_id: str, epoch: int) -> Job:
        """The job when its present attempt is past this epoch."""
        return self.wait_for(job_id, lambda job: bool(job.progress) and job.progress["epoch"] > epoch)

    def wait_until(self, what: Callable[[], object], sentence: str, seconds: float = 120) -> None:
        """Wait; the error says what for, and how the logs end."""
        deadline = time.monotonic() + seconds
        while not what():
            if time.monotonic() > deadline:
                logs = "\n".join(path.read_text()[-2000:] for path in (self.folder / "logs").glob("*.log"))
                raise AssertionError(f"not after {seconds:.0f} s: {sentence}; the logs end:\n{logs}")
            time.sleep(0.05)

    def close(self) -> None:
        """End everything; no process may be left."""
        self.stop_worker()
        self.api.stop(20)
        self.http.close()
        self.database.close()
        self.redis.stop()
        if self.pooler is not None:
            self.pooler.close()
        if self.postgres is not None:
            self.postgres.close()
        _, alive = psutil.wait_procs(list(self.seen.values()), timeout=10)
        shutil.rmtree(self.folder)
        assert alive == []

    def _note(self, response: httpx.Response) -> None:
        if response.status_code >= 500 and not self._down.is_set():
            response.read()
            self.refused.append(f"{response.request.url} {response.status_code} {response.text}")


def free_port() -> int:
    """A port of 127.0.0.1 that nothing listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _has_tensorflow(process: psutil.Process) -> bool:
    try:
        return "libtensorflow" in Path(f"/proc/{process.pid}/maps").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
