"""The maintenance loop: a thread in every API and every worker process, beside what that process does."""

import logging
import threading
import time

from normlab.runtime.notifier import Notifier
from normlab.store import Database, is_unavailable
from normlab.store.jobs import reaper

_logger = logging.getLogger(__name__)


class MaintenanceLoop:
    """Sweeps every ``every_seconds``: takes back expired leases, and notifies again of jobs that wait.

    A worker that gets a message takes the job at the head of the queue, whichever the message names. So it is
    enough that as many messages wait as jobs, and as many are sent as are missing: none while all workers are busy.
    """

    def __init__(self, database: Database, notifier: Notifier, *, every_seconds: float) -> None:
        self._database = database
        self._notifier = notifier
        self._every_seconds = every_seconds
        self._next_sweep = 0.0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="maintenance", daemon=True)

    tick_seconds = 1.0
    """How often ``tick`` is called."""

    def start(self) -> None:
        """Begin; the first sweep is at once."""
        self._thread.start()

    def stop(self) -> None:
        """End after the sweep that may be under way."""
        self._stopping.set()
        self._thread.join()

    def tick(self) -> None:
        """What is done every second: a sweep when its time has come. Subclasses add to it."""
        if time.monotonic() >= self._next_sweep:
            self._next_sweep = time.monotonic() + self._every_seconds
            self.sweep()

    def sweep(self) -> None:
        """One sweep."""
        swept = reaper.sweep(self._database)
        if swept.taken_back:
            _logger.warning("took back jobs whose worker fell silent: %s", ", ".join(swept.taken_back))
        if swept.waiting:
            pending = self._notifier.pending()
            if pending is not None:
                self.notify(swept.waiting[: max(0, len(swept.waiting) - pending)])

    def notify(self, job_ids: "tuple[str, ...] | list[str]") -> None:
        """Notify of these jobs, as far as the broker answers."""
        for job_id in job_ids:
            if not self._notifier.notify(job_id):
                break

    def _run(self) -> None:
        while not self._stopping.wait(min(self.tick_seconds, self._every_seconds)):
            try:
                self.tick()
            except Exception as error:
                # Whatever goes wrong, the next sweep may go well; a dead thread would go unnoticed.
                if is_unavailable(error):
                    _logger.warning("the database does not answer; the next sweep tries again")
                else:
                    _logger.exception("a sweep failed; will try again")
