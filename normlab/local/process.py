"""Child processes that cannot outlive us: each leads a process group and is tied to its parent's life."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from normlab.errors import SetupError
from normlab.local.log_file import DEFAULT_LOG_BYTES, LogFile

PARENT_DEATH = Path(__file__).with_name("parent_death.py")
PRIVATE_UMASK = 0o077
"""What the processes make can be read by their user alone."""


class Process:
    """A program that runs beside us, with its output in a log file.

    It is the leader of its own process group: a Ctrl-C in the terminal does not reach it, only we end it, and
    all that it started with it. On Linux it also gets SIGTERM when the *thread* that called ``start`` ends.

    Args:
        name: What it is called in messages; its log is ``<name>.log``.
        log_folder: Where the log file is written.
        environment: All of its environment variables; without it our own.
        log_bytes: A log that has grown to so much is set aside.
    """

    def __init__(
        self,
        name: str,
        log_folder: Path,
        environment: Mapping[str, str] | None = None,
        log_bytes: int = DEFAULT_LOG_BYTES,
    ) -> None:
        self.name = name
        self.log = LogFile(log_folder / f"{name}.log", log_bytes)
        self._environment = environment
        self._popen: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Its process id, None before it was started."""
        return self._popen.pid if self._popen else None

    def start(self, command: Sequence[str], inherit: Sequence[int] = ()) -> None:
        """Start it, or start it again after it ended.

        Args:
            command: Program and arguments.
            inherit: File descriptors that stay open in it, such as a lock that is to last as long as it does.

        Raises:
            SetupError: The program cannot be executed.
        """
        if sys.platform == "linux":
            prefix = [
                sys.executable,
                "-I",
                "-S",
                str(PARENT_DEATH),
                str(os.getpid()),
                str(int(signal.SIGTERM)),
            ]
            command = [*prefix, *command]
        with self.log.open() as log:
            try:
                self._popen = subprocess.Popen(  # noqa: S603 - the commands are our own, without a shell
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env=self._environment,
                    start_new_session=True,
                    pass_fds=inherit,
                    umask=PRIVATE_UMASK,
                )
            except OSError as error:
                raise SetupError(f"{self.name} cannot be started: {error}.") from error

    def exit_code(self) -> int | None:
        """What it ended with, negative for a signal; None while it runs."""
        return self._popen.poll() if self._popen else None

    def ask_to_end(self) -> None:
        """Send SIGTERM to the program itself, which ends its own children in its own way."""
        if self._popen and self._popen.poll() is None:
            self._popen.terminate()

    def wait(self, seconds: float) -> bool:
        """Wait for its end, and say whether it came."""
        if self._popen is None:
            return True
        try:
            self._popen.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def kill(self) -> None:
        """End it and what is left of its process group at once. Does nothing when all of them are gone."""
        if self._popen is None:
            return
        # Gone already; macOS says PermissionError of a group of zombies.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._popen.pid, signal.SIGKILL)
        self._popen.wait()

    def stop(self, seconds: float = 10) -> None:
        """Ask it to end, wait so long, and kill what is left of its group."""
        self.ask_to_end()
        self.wait(seconds)
        self.kill()

    def log_tail(self, lines: int = 15) -> str:
        """The last lines that it wrote since its start, for a message about its end."""
        return self.log.tail(lines)
