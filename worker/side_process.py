"""A process beside a worker's children, for work that is not training. It ends when that is done."""

import subprocess
import sys


class SideProcess:
    """Started from a worker's main process, one at a time, and ended with it."""

    def __init__(self, option: str) -> None:
        """``option`` of ``normlab-worker`` says what it does."""
        self._command = [sys.executable, "-P", "-m", "normlab.programs", "worker", option]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Of the one that was started last."""
        return None if self._process is None else self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether it runs now."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it; it must not run."""
        self._process = subprocess.Popen(self._command)  # noqa: S603 - our own, without a shell

    def stop(self) -> None:
        """End it at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
