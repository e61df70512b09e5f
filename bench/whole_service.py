"""A whole service (``normlab up``) of any build: what its worker's processes do and hold."""

import os
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
import psutil
from servers import Server, free_port, running

REPOSITORY = Path(__file__).parents[1]
_UP = "from normlab.cli import app; app()"
_MEBIBYTE = 2**20
_WAIT_SECONDS = 1800
_QUIET_SECONDS = 3
_RESTING_CPU_SECONDS = 0.15
_ENDED_WELL = {"succeeded", "finished"}


@dataclass(frozen=True)
class WholeService:
    """A service that answers, and has trained nothing yet."""

    server: Server
    http: httpx.Client

    @cached_property
    def worker(self) -> psutil.Process:
        """The worker's main process."""
        workers = {process for process in self.server.processes if "worker" in process.cmdline()}
        (main,) = (process for process in workers if process.parent() not in workers)
        return main

    @property
    def children(self) -> list[psutil.Process]:
        """Those that train."""
        return self.worker.children()

    def wait_until_idle(self) -> None:
        """Until the worker does next to nothing: its children have imported what they need, and wait."""
        until = time.monotonic() + _WAIT_SECONDS
        quiet = 0
        while quiet < _QUIET_SECONDS:
            assert time.monotonic() < until, "the worker does not come to rest"
            before = self.worker_cpu_seconds()
            time.sleep(1)
            quiet = quiet + 1 if self.worker_cpu_seconds() - before < _RESTING_CPU_SECONDS else 0

    def worker_cpu_seconds(self) -> float:
        """Of the worker's main process and all its children, those that have ended included."""
        total = 0.0
        for process in [self.worker, *self.worker.children(recursive=True)]:
            times = process.cpu_times()
            total += times.user + times.system
            if process == self.worker:
                total += times.children_user + times.children_system
        return total

    def worker_pss(self) -> float:
        """MiB of the worker's processes, what they share counted once (proportional set size, proc_pid_smaps(5))."""
        processes = [self.worker, *self.worker.children(recursive=True)]
        return sum(process.memory_full_info().pss for process in processes) / _MEBIBYTE

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Send a request; its answer."""
        answer = self.http.post(path, json=body)
        answer.raise_for_status()
        document: dict[str, Any] = answer.json()
        return document

    def submit(self, architecture: object, *, dataset: str = "fashion_mnist", **training: Any) -> str:
        """Hand in a job; its id."""
        body = {"architecture": architecture, "dataset": dataset, "training": training}
        return str(self.post("/jobs", body)["id"])

    def wait(self, path: str, *, every_seconds: float = 0.2) -> dict[str, Any]:
        """What is at a path, a job or a comparison, when it has ended."""
        until = time.monotonic() + _WAIT_SECONDS
        while time.monotonic() < until:
            document: dict[str, Any] = self.http.get(path).json()
            if document["state"] in _ENDED_WELL:
                return document
            assert document["state"] not in {"failed", "cancelled"}, document
            time.sleep(every_seconds)
        raise SystemExit(f"{path} does not end")


@contextmanager
def whole_service(checkout: Path, data: Path, *, processes: int) -> Iterator[WholeService]:
    """The service of a checkout, in a folder of its own, with the datasets of ``data`` decoded."""
    with tempfile.TemporaryDirectory(prefix="normlab-bench-") as made:
        folder = Path(made)
        (folder / "datasets").symlink_to((data / "datasets").resolve())
        port = free_port()
        command = [*up_command(folder, port), "--processes", str(processes)]
        started = running(
            str(checkout), command, port, "/readyz", environment=up_environment(checkout), folder=folder
        )
        with started as server, httpx.Client(base_url=server.url, timeout=60) as http:
            yield WholeService(server, http)


def up_command(folder: Path, port: int) -> list[str]:
    """``normlab up`` on a data folder."""
    return [sys.executable, "-P", "-c", _UP, "up", "--port", str(port), "--data", str(folder)]


def up_environment(checkout: Path) -> dict[str, str]:
    """The environment in which ``up_command`` runs a checkout, with no setting from outside."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NORMLAB_")}
    return kept | {"PYTHONPATH": str(checkout)}
