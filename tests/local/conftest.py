import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest

UP = [sys.executable, "-c", "from normlab.cli import app; app()", "up", "--port", "0", "--processes", "1"]


class Up:
    """A running `normlab up`, with the processes that it started."""

    def __init__(self, data: Path, *options: str, cwd: Path | None = None) -> None:
        self.data = data
        self.started: list[psutil.Process] = []
        self.popen = subprocess.Popen(
            [*UP, "--data", str(data), *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=cwd,
            env={key: value for key, value in os.environ.items() if not key.startswith("NORMLAB_")},
        )

    def wait_until_ready(self) -> str:
        """Its URL."""
        line = self.popen.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+", line)
        assert found, line + self.popen.stderr.read()
        self.look()
        return found[0]

    def look(self) -> dict[str, psutil.Process]:
        """Its own children by name; all of its descendants are remembered."""
        parent = psutil.Process(self.popen.pid)
        self.started = [*dict.fromkeys([*self.started, *parent.children(recursive=True)])]
        living = [child for child in parent.children() if child.status() != psutil.STATUS_ZOMBIE]
        return {component_name(child): child for child in living}

    def finish(self, seconds: float = 30) -> tuple[int, str]:
        """Wait for its end: exit code and what it said on stderr."""
        _, said = self.popen.communicate(timeout=seconds)
        return self.popen.returncode, said

    def left(self, seconds: float = 10) -> list[psutil.Process]:
        """Those that it started and that still run."""
        return psutil.wait_procs(self.started, timeout=seconds)[1]


def component_name(process: psutil.Process) -> str:
    command = process.cmdline()
    return command[command.index("-m") + 1] if "-m" in command else "redis"


@pytest.fixture
def start_up() -> Iterator[Callable[..., Up]]:
    with contextlib.ExitStack() as stack:

        def start(data: Path, *options: str, cwd: Path | None = None) -> Up:
            up = Up(data, *options, cwd=cwd)
            stack.callback(end, up)
            return up

        yield start


def end(up: Up) -> None:
    if up.popen.poll() is None:
        up.popen.send_signal(signal.SIGTERM)
        try:
            up.popen.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            up.popen.kill()
            up.popen.communicate()


def wait_for(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", trust_env=False).is_success
    except httpx.TransportError:
        return False
