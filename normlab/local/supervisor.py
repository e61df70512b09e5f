"""Components: processes that are to run as long as a service does, and are started again when they end."""

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from normlab.errors import SetupError
from normlab.local.process import Process

RESTARTS = 3
RESTART_WINDOW_SECONDS = 60.0


@dataclass
class Component:
    """A process, how it is started, and when it ended though it should not have."""

    process: Process
    start: Callable[[], None]
    ends: list[float] = field(default_factory=list)

    def has_ended(self) -> bool:
        """Whether it was started and runs no more."""
        return self.process.exit_code() is not None

    def note_end(self) -> int:
        """End the children that it left, and say how often it has ended within the last minute.

        Raises:
            SetupError: That is too often.
        """
        self.process.kill()
        now = time.monotonic()
        self.ends = [end for end in self.ends if now - end < RESTART_WINDOW_SECONDS] + [now]
        if len(self.ends) > RESTARTS:
            raise self.failure(f"ended {len(self.ends)} times within a minute")
        return len(self.ends)

    def failure(self, what: str = "ended") -> SetupError:
        """The error for the end of the service because of this component."""
        return SetupError(
            f"The {self.process.name} process {what} ({self.reason()}), so the service ends. All that it said is in "
            f"{self.process.log.path}; the last lines:\n{self.process.log_tail()}"
        )

    def reason(self) -> str:
        """What it ended with: ``SIGKILL``, ``exit code 1``."""
        code = self.process.exit_code()
        return signal.Signals(-code).name if code is not None and code < 0 else f"exit code {code}"
