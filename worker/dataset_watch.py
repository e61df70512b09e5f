"""A check's sign of life: a thread renews its lease, tells how far it is, and learns that it is to stop."""

import logging
import threading
from types import TracebackType
from typing import Any, Self

from normlab.documents.dataset_versions import CheckPhase
from normlab.settings import Settings
from normlab.store import Database, is_unavailable
from normlab.store.datasets import checks
from normlab.store.datasets.checks import Taken

MOST_SECONDS = 1.0
"""So often it is told how far the check is, or more often where leases are renewed more often."""

_logger = logging.getLogger(__name__)


class StoppedError(Exception):
    """The check was cancelled, or is another attempt's by now."""


class Watch:
    """Of one version that was taken."""

    def __init__(self, database: Database, settings: Settings, taken: Taken) -> None:
        self._database = database
        self._lease_seconds = settings.lease_seconds
        self._every_seconds = min(settings.heartbeat_seconds, MOST_SECONDS)
        self._taken = taken
        self._progress: dict[str, Any] | None = None
        self._stopped = False
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="dataset-watch", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def tell(self, phase: CheckPhase, *, samples: int | None = None, fraction: float | None = None) -> None:
        """Say how far it is.

        Raises:
            StoppedError: It is to stop.
        """
        self._progress = {"phase": phase.value, "samples": samples, "fraction": fraction}
        if self._stopped:
            raise StoppedError

    def _run(self) -> None:
        while not self._ended.wait(self._every_seconds):
            try:
                with self._database.write() as session:
                    cancelled = checks.heartbeat(
                        session, self._taken, lease_seconds=self._lease_seconds, progress=self._progress
                    )
            except Exception as error:  # the lease is renewed again and again
                if not is_unavailable(error):
                    _logger.exception("the lease of dataset %s could not be renewed", self._taken.id)
                continue
            self._stopped = cancelled is not False
