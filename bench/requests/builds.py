"""Builds of Normlab side by side: each as an API process of its own, with a database of its own."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx


@dataclass(frozen=True)
class Build:
    """A checkout whose API answers at ``url`` from the database at ``database``."""

    name: str
    url: str
    database: str
    pid: int

    def cpu_ms(self) -> float:
        """CPU milliseconds of all its threads so far, to the nanosecond, as the kernel counts them."""
        tasks = Path(f"/proc/{self.pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e6


@contextlib.contextmanager
def running(name: str, checkout: Path, folder: Path, database: str | None = None) -> Iterator[Build]:
    """The API of a checkout; without a database's URL, on SQLite in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    database = database or f"sqlite:///{folder / 'normlab.db'}"
    port = _free_port()
    environment = {
        **os.environ,
        "PYTHONPATH": str(checkout),
        "NORMLAB_DATA_DIR": str(folder),
        "NORMLAB_DATABASE_URL": database,
        "NORMLAB_BROKER_URL": "redis://127.0.0.1:1/0",  # nobody is to work on what is asked for
    }
    command = [sys.executable, "-P", "-m"]
    log = folder / "api.log"
    with log.open("wb") as output:
        migrated = subprocess.run(
            [*command, "migrations"], cwd=checkout, env=environment, stdout=output, stderr=output, check=False
        )
        if migrated.returncode:
            raise SystemExit(log.read_text())
        process = subprocess.Popen(
            [*command, "api", "--port", str(port)],
            cwd=checkout,
            env=environment,
            stdout=output,
            stderr=output,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait(url, process, log)
        yield Build(name, url, database, process.pid)
    finally:
        process.terminate()
        process.wait()


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < until:
        with contextlib.suppress(httpx.TransportError):
            httpx.get(f"{url}/healthz").raise_for_status()
            return
        time.sleep(0.05)
    raise SystemExit(log.read_text())


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
