"""A real `normlab up` in a process of its own."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

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
        named = {}
        for child in parent.children():
            with contextlib.suppress(psutil.NoSuchProcess):  # one that ends meanwhile; a zombie counts, too
                named[component_name(child)] = child
        return named

    def kill_and_wait_for_another(self, name: str) -> None:
        """SIGKILL one of its children, and wait until it has started a new one."""
        killed = self.wait_for(name)
        killed.kill()
        self.wait_for(name, other_than=killed)

    def wait_for(self, name: str, other_than: psutil.Process | None = None) -> psutil.Process:
        """The child of that name. A child that is just executing its program has no command line, so no name."""
        deadline = time.monotonic() + 20
        while (found := self.look().get(name)) is None or found == other_than:
            assert time.monotonic() < deadline, f"{name} was not started again"
            time.sleep(0.05)
        return found

    def finish(self, seconds: float = 30) -> tuple[int, str]:
        """Wait for its end: exit code and what it said on stderr."""
        _, said = self.popen.communicate(timeout=seconds)
        return self.popen.returncode, said

    def left(self, seconds: float = 10) -> list[psutil.Process]:
        """Those that it started and that still run."""
        return psutil.wait_procs(self.started, timeout=seconds)[1]


def component_name(process: psutil.Process) -> str:
    command = process.cmdline()
    if "normlab.programs" in command:
        return command[command.index("normlab.programs") + 1]
    return "redis" if command else "executing"


def end(up: Up) -> None:
    """End it, if it has not ended."""
    up.popen.send_signal(signal.SIGTERM)  # does nothing to one that was waited for
    try:
        up.popen.communicate(timeout=20)
    except subprocess.TimeoutExpired:
        up.popen.kill()
        up.popen.communicate()
