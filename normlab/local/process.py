"""Child processes that cannot outlive us: each leads a process group and is tied to its parent's life."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from normlab.errors import SetupError

PARENT_DEATH = Path(__file__).with_name("parent_death.py")
LOG_BYTES = 10 * 2**20


class Process:
    """A program that runs beside us, with its output in a log file.

    It is the leader of its own process group: a Ctrl-C in the terminal does not reach it, only we end it, and
    all that it started with it. On Linux it also gets SIGTERM when the *thread* that called ``start`` ends.

    Args:
        name: What it is called in messages; its log is ``<name>.log``.
        log_folder: Where the log file is written. One that has grown beyond 10 MiB is set aside at a start.
        environment: All of its environment variables; without it our own.
    """

    def __init__(
        self,
        name: str,
        log_folder: Path,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.log_path = log_folder / f"{name}.log"
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
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        if self.log_path.exists() and self.log_path.stat().st_size > LOG_BYTES:
            self.log_path.replace(self.log_path.with_suffix(".log.1"))
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
        with self.log_path.open("ab") as log:
            try:
                self._popen = subprocess.Popen(  # noqa: S603 - the commands are our own, without a shell
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env=self._environment,
                    start_new_session=True,
                    pass_fds=inherit,
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
        """The last lines of its log, for a message about its end."""
        return tail(self.log_path, lines)


def tail(path: Path, lines: int) -> str:
    """The last lines of a text file, empty when there is no such file."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 64 * 1024))
            return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])
    except FileNotFoundError:
        return ""
