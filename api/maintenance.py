"""The maintenance loop of the API's process, which also lets comparisons go on when their jobs have ended."""

from normlab.comparisons import advance
from normlab.runtime.maintenance import MaintenanceLoop
from normlab.runtime.notifier import Notifier
from normlab.settings import Settings
from normlab.store import ArtifactStore, Database


class ComparisonMaintenance(MaintenanceLoop):
    """Looks every second whether jobs of comparisons have ended. Any number of API processes may do so."""

    def __init__(
        self, database: Database, artifacts: ArtifactStore, notifier: Notifier, settings: Settings
    ) -> None:
        super().__init__(database, notifier, every_seconds=settings.maintenance_seconds)
        self._artifacts = artifacts
        self._max_attempts = settings.max_attempts

    def tick(self) -> None:
        """Sweep when it is time, then see to the comparisons."""
        super().tick()
        self.notify(advance(self._database, self._artifacts, max_attempts=self._max_attempts))
