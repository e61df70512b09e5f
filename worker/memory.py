"""A limit on the memory of a child: a network that is too large fails, and not the machine."""

import contextlib
import logging
import threading
from collections.abc import Callable
from pathlib import Path

import psutil

_CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")
_RESERVED = 0.1  # of the machine's memory, for everything else that runs there

CHECK_SECONDS = 0.1
"""How often the memory is looked at; what grows faster is met by the kernel."""

_logger = logging.getLogger(__name__)


def memory_of_a_child(children: int, limit_file: Path = _CGROUP_LIMIT) -> int:
    """Bytes that each of a worker's children may use when no setting says so: its share of the machine's memory.

    A container's limit counts as its machine's memory.
    """
    total = psutil.virtual_memory().total
    with contextlib.suppress(OSError, ValueError):  # no cgroup, or "max": no limit
        total = min(total, int(limit_file.read_text()))
    return int(total * (1 - _RESERVED)) // children


class MemoryGuard:
    """Calls ``exceeded`` once, from a thread of its own, when this process needs more than ``limit_bytes``.

    Resident memory is measured, since address space says nothing: TensorFlow reserves far more than it uses. Use it
    in a ``with`` block.
    """

    def __init__(self, limit_bytes: int, exceeded: Callable[[int], None]) -> None:
        self._limit_bytes = limit_bytes
        self._exceeded = exceeded
        self._process = psutil.Process()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="memory-guard", daemon=True)

    def __enter__(self) -> "MemoryGuard":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(CHECK_SECONDS):
            used: int = self._process.memory_info().rss
            if used > self._limit_bytes:
                _logger.error(
                    "this process needs %d bytes, more than the %d it may use", used, self._limit_bytes
                )
                self._exceeded(used)
                return
