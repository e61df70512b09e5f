"""The maintenance loop of the API's process, which also lets comparisons and sweeps go on when their jobs have ended,
and deletes what uploads have left that nobody waits for.
"""

import logging
import time
from datetime import UTC, datetime, timedelta

from normlab import comparisons, sweeps
from normlab.claims.advance import advance as advance_trials
from normlab.runtime.maintenance import MaintenanceLoop
from normlab.runtime.notifier import Notifier
from normlab.settings import Settings
from normlab.store import ArtifactStore, Database
from normlab.store.datasets import versions
from normlab.store.datasets.versions import UPLOADS

UPLOADS_EVERY_SECONDS = 600.0
ABANDONED = timedelta(hours=1)
"""An uploaded file into which nothing was written for so long, and that waits for no check, is nobody's: whoever
received it was killed, or could not delete it."""

_log = logging.getLogger(__name__)


class StudyMaintenance(MaintenanceLoop):
    """Looks every second whether jobs of comparisons and sweeps have ended. Any number of API processes may do so."""

    def __init__(
        self, database: Database, artifacts: ArtifactStore, notifier: Notifier, settings: Settings
    ) -> None:
        super().__init__(database, notifier, every_seconds=settings.maintenance_seconds)
        self._artifacts = artifacts
        self._max_attempts = settings.max_attempts
        self._limits = settings.limits
        self._next_uploads = 0.0

    def tick(self) -> None:
        """Sweep when it is time, then see to the comparisons, sweeps and trials."""
        super().tick()
        self.notify(comparisons.advance(self._database, self._artifacts, max_attempts=self._max_attempts))
        self.notify(sweeps.advance(self._database, self._limits, max_attempts=self._max_attempts))
        self.notify(advance_trials(self._database, self._artifacts, max_attempts=self._max_attempts))

    def sweep(self) -> None:
        """Also look for abandoned uploads, now and then."""
        super().sweep()
        if time.monotonic() < self._next_uploads:
            return
        self._next_uploads = time.monotonic() + UPLOADS_EVERY_SECONDS
        try:
            self._delete_abandoned()
        except OSError:
            _log.exception("abandoned uploads could not be deleted; will try again")

    def _delete_abandoned(self) -> None:
        before = datetime.now(UTC) - ABANDONED
        old = [name for name, at in self._artifacts.files_in(UPLOADS).items() if at < before]
        if not old:
            return
        with self._database.read() as session:
            needed = versions.being_checked(session, old)
        for name in set(old) - needed:
            self._artifacts.delete_file(f"{UPLOADS}/{name}")
