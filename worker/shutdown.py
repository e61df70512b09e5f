"""A shutdown that all of a worker's processes see at once, and that ends in time whatever they do."""

import contextlib
import logging
import mmap
import os
import threading
import time

import psutil

from normlab.settings import Settings
from normlab.store import Database
from normlab.store.jobs import reaper
from worker.maintenance import children_lock

_logger = logging.getLogger(__name__)


class ShutdownFlag:
    """One byte of memory that a process shares with the children it forks.

    Setting and reading it take no lock and no system call, so a signal handler may set it and a training loop may
    read it as often as it likes. It is never cleared.
    """

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 1)

    def set(self) -> None:
        """Tell everybody to stop."""
        self._memory[0] = 1

    @property
    def is_set(self) -> bool:
        """Whether somebody said so."""
        return self._memory[0] != 0


class ShutdownLimit:
    """Ends a worker whose shutdown takes longer than its grace.

    A child can hang, be stopped by somebody, or be in the middle of something long; the broker can be silent. So
    shortly before the grace is over the children are killed, their jobs are put back without counting the attempt, and
    the main process ends with 0, which it would have done by itself. It is a thread of the main process.
    """

    def __init__(self, flag: ShutdownFlag, settings: Settings, worker_prefix: str) -> None:
        self._flag = flag
        self._settings = settings
        self._prefix = worker_prefix
        self._seconds = settings.shutdown_grace_seconds
        self._reserved = min(5.0, self._seconds / 3)
        """For putting jobs back."""

    def start(self) -> None:
        """Begin to watch. Only sleeps and reads the flag, so the process may fork meanwhile."""
        threading.Thread(target=self._run, name="shutdown-limit", daemon=True).start()

    def _run(self) -> None:
        while not self._flag.is_set:
            time.sleep(0.2)
        time.sleep(self._seconds - self._reserved)
        _logger.error("not ended in time: its children are killed and their jobs put back")
        began = time.monotonic()
        # Or the maintenance might see the dead first and count their attempts as lost. It is not waited for long: a
        # database that does not answer may hold it up. Nobody releases the lock, since this process ends.
        children_lock.acquire(timeout=self._reserved / 2)
        for child in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):  # it has just ended by itself
                child.kill()
        putting_back = threading.Thread(target=self._put_back, daemon=True)
        putting_back.start()
        # A database that does not answer has the lease run out instead.
        putting_back.join(began + self._reserved - time.monotonic())
        os._exit(os.EX_OK)

    def _put_back(self) -> None:
        database = Database(self._settings.resolved_database_url, pooled=False)
        with database.write() as session:
            put_back = reaper.put_back(session, self._prefix, reason="shutdown")
        _logger.warning("put back: %s", ", ".join(put_back) or "no job")
