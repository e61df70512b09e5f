"""In a worker's main process: has trained networks asked about corrupted pictures, by a process beside the children."""

from normlab.store import Database, robustness
from worker.side_process import SideProcess


class RobustnessMeasurer:
    """In a worker's main process: starts the process when there is something to ask, one at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._process = SideProcess("--measure-robustness")

    def look(self) -> None:
        """Start it if it is wanted and does not run."""
        if self._process.is_running:
            return
        with self._database.read() as session:
            wanted = robustness.is_any_free(session)
        if wanted:
            self._process.start()

    def stop(self) -> None:
        """End it; what it was at is done when its lease has run out."""
        self._process.stop()
