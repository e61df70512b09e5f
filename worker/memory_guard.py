"""Ends what needs too much memory: a network that is too large fails, and not the machine."""

import logging
import resource
import threading
from collections.abc import Callable, Iterator

import psutil

CHECK_SECONDS = 0.1
"""How often the memory is looked at; what grows faster is met by the kernel."""

_PROCESS_LIMIT_SHARE = 0.95
"""Above this part of what ``ulimit`` allows, the next allocation may fail in the middle of TensorFlow."""

_logger = logging.getLogger(__name__)


class MemoryGuard:
    """Calls ``exceeded`` once, from a thread of its own, when this process is too large.

    Use it in a ``with`` block.

    Args:
        limit_bytes: Its share.
        exceeded: Is called with the bytes that are in use.
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
            for used, limit in (
                (own_memory(self._process), self._limit_bytes),
                *_process_limits(self._process),
            ):
                if used > limit:
                    _logger.error("this process needs %d bytes, more than the %d it may use", used, limit)
                    self._exceeded(used)
                    return


def own_memory(process: psutil.Process | None = None) -> int:
    """Resident bytes of a process (this one, if none is given) that it shares with no other, if the system says so.

    Pages of libraries and other files are left out: all children share TensorFlow's, and the kernel takes them back
    when memory gets short. Address space says nothing: TensorFlow reserves far more than it uses.
    """
    memory = (process or psutil.Process()).memory_info()
    return int(memory.rss - getattr(memory, "shared", 0))


def _process_limits(process: psutil.Process) -> Iterator[tuple[int, float]]:
    """What is in use of what ``ulimit`` allows each process, and how much of it may be."""
    memory = process.memory_info()
    for kind, used in ((resource.RLIMIT_AS, memory.vms), (resource.RLIMIT_DATA, getattr(memory, "data", 0))):
        limit, _ = resource.getrlimit(kind)
        if limit != resource.RLIM_INFINITY:
            yield used, limit * _PROCESS_LIMIT_SHARE
