"""Servers that are measured: started on a free port, awaited, their CPU time read, and ended with all they started."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import httpx
import psutil

# So that a benchmark that is ended (by ``timeout``, say) still ends the servers it started.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))

_START_SECONDS = 120
_CPU_CLOCK = 2


@dataclass(frozen=True)
class Server:
    """A running server."""

    name: str
    port: int
    pid: int
    start_seconds: float
    """From the process's start until it answers."""

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def processes(self) -> list[psutil.Process]:
        """It, and those that it started."""
        root = psutil.Process(self.pid)
        return [root, *root.children(recursive=True)]

    def cpu_seconds(self) -> float:
        """Of all threads of all its processes so far, to the nanosecond; of threads that ended, too."""
        return sum(time.clock_gettime(_cpu_clock(process.pid)) for process in self.processes)

    def memory_bytes(self) -> tuple[int, int]:
        """Of it and its children: what is theirs alone, and with what they share, such as libraries."""
        found = [process.memory_full_info() for process in self.processes]
        return sum(item.uss for item in found), sum(item.rss for item in found)


def _cpu_clock(pid: int) -> int:
    """Another process's clock, as clock_getcpuclockid(3) makes its number on Linux."""
    return (~pid << 3) | _CPU_CLOCK


def free_port() -> int:
    """A port that nobody listens at; a fixed one may be held by what an earlier run left."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@contextmanager
def running(
    name: str,
    command: list[str],
    port: int,
    alive: str,
    *,
    environment: Mapping[str, str] | None = None,
    folder: Path,
) -> Iterator[Server]:
    """Start a server, wait until the path ``alive`` answers, and end it afterwards with all processes it started."""
    began = time.monotonic()
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **(environment or {})},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            _wait(f"http://127.0.0.1:{port}{alive}", process, log)
            yield Server(name, port, process.pid, time.monotonic() - began)
        finally:
            # The whole group: LitServe leaves its workers behind when it is told to end.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                process.wait(10)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait(url: str, process: subprocess.Popen[bytes], log: IO[bytes]) -> None:
    until = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < until:
        with suppress(httpx.HTTPError):
            if httpx.get(url, timeout=5).status_code < 500:
                return
        time.sleep(0.02)
    log.seek(0)
    raise SystemExit(f"{process.args} does not start:\n{log.read().decode()}")
