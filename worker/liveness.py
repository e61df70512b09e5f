"""A sign of life of each of a worker's children, which its main process sees without asking anybody."""

import logging
import mmap
import os
import signal
import struct
import threading
from dataclasses import dataclass

import psutil

_logger = logging.getLogger(__name__)

_CHECK_SECONDS = 1.0
_SLOT = struct.Struct("@QQ")
"""Process id, count. ``pack_into`` writes zeros first: who reads in that moment sees a child from which nothing is
expected, and begins to count its silence anew."""


class LivenessTable:
    """Memory that a process shares with the children it forks: a place for each of them.

    Reading and writing it take no lock and no system call, and nobody can be held up by the other.
    """

    def __init__(self, children: int) -> None:
        self._memory = mmap.mmap(-1, children * _SLOT.size)
        self.children = children

    def of_child(self, index: int) -> "Liveness":
        """The place of the child with this number, counted from 0, in that child."""
        return Liveness(self._memory, (index % self.children) * _SLOT.size)

    def read(self) -> dict[int, int]:
        """The counts of the children from which signs of life are expected, by process id."""
        return {pid: count for pid, count in _SLOT.iter_unpack(self._memory[:]) if count}


@dataclass(frozen=True)
class Liveness:
    """A child's place: a count that grows as long as the child can do something."""

    memory: mmap.mmap
    offset: int

    def beat(self) -> None:
        """Give a sign of life. From the first one on others are expected, about one a second."""
        _, count = _SLOT.unpack_from(self.memory, self.offset)
        _SLOT.pack_into(self.memory, self.offset, os.getpid(), count + 1)

    def rest(self) -> None:
        """Say that none is expected: this process starts, or does what may take long."""
        _SLOT.pack_into(self.memory, self.offset, os.getpid(), 0)


class SilentChildren:
    """Notices children whose count stands still.

    Time is measured in checks, not by a clock: when the whole worker was stopped for a while, all counts stood still,
    and no child is to blame.
    """

    def __init__(self, liveness_table: LivenessTable, *, checks: float) -> None:
        self._liveness_table = liveness_table
        self._checks = checks
        self._seen: dict[int, tuple[int, int]] = {}

    def check(self) -> list[int]:
        """The process ids of the children that have been silent for more checks than are allowed."""
        before, self._seen = self._seen, {}
        for pid, count in self._liveness_table.read().items():
            known, checks = before.get(pid, (count, 0))
            self._seen[pid] = (count, checks + 1 if count == known else 0)
        return [pid for pid, (_, checks) in self._seen.items() if checks > self._checks]


class LivenessWatch:
    """A thread that kills children which have been silent for too long.

    It asks nobody: a child that hangs with a lock of the database would hold up everybody who does.
    """

    def __init__(self, liveness_table: LivenessTable, *, patience: float) -> None:
        self._silent = SilentChildren(liveness_table, checks=patience / _CHECK_SECONDS)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="liveness-watch", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(_CHECK_SECONDS):
            if silent := self._silent.check():
                self._kill(silent)

    def _kill(self, silent: list[int]) -> None:
        for pid in set(silent) & living_children():
            _logger.error("child %d gives no sign of life and is killed", pid)
            os.kill(pid, signal.SIGKILL)


def living_children() -> set[int]:
    """The process ids of this process's children that have not ended."""
    return {child.pid for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE}
