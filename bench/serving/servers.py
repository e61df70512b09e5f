"""The servers that are measured: how each is started, where it answers, and which bodies it takes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Body:
    """One way to send images."""

    content: bytes
    media_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Server:
    """A running server."""

    name: str
    port: int
    process: subprocess.Popen[bytes]
    start_seconds: float
    """From the process's start until it answers."""


@contextmanager
def running(
    name: str,
    command: list[str],
    port: int,
    alive: str,
    *,
    environment: dict[str, str] | None = None,
    folder: Path = HERE,
) -> Iterator[Server]:
    """Start a server, wait until ``alive`` answers, and end it afterwards with all processes it started."""
    began = time.monotonic()
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        while True:
            try:
                if httpx.get(f"http://127.0.0.1:{port}{alive}", timeout=5).status_code < 500:
                    break
            except httpx.HTTPError:
                pass
            if process.poll() is not None or time.monotonic() - began > 120:
                raise SystemExit(f"{name} does not start")
            time.sleep(0.02)
        yield Server(name, port, process, time.monotonic() - began)
    finally:
        # The whole group: LitServe leaves its workers behind when it is told to end.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(10)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def uvicorn(module: str, port: int) -> list[str]:
    """The command for a FastAPI app of this folder, as a hand-written service would run it."""
    return [
        sys.executable,
        *("-m", "uvicorn", f"{module}:app", "--port", str(port), "--log-level", "error", "--no-access-log"),
    ]
