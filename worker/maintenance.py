"""The maintenance loop of a worker's main process, which also watches its children and shows that it lives, and has
the formats made, the datasets checked and the networks tried on corrupted pictures that somebody asked for."""

import contextlib
import logging
import os
import shutil
import threading
from pathlib import Path

from normlab.runtime.maintenance import MaintenanceLoop
from normlab.runtime.notifier import Notifier
from normlab.settings import Settings
from normlab.store import Database, is_unavailable
from normlab.store.jobs import reaper, workers
from normlab.store.sweeps import rungs
from worker.datasets import DatasetChecker
from worker.formats import FormatMaker
from worker.liveness import LivenessTable, LivenessWatch, living_children
from worker.robustness import RobustnessMeasurer

_logger = logging.getLogger(__name__)

# Forking the children, checking them and killing them are done one at a time. A thread that holds a database
# connection must not be forked: SQLite loses its locks, and a server would have two clients on one connection. The main
# process forks only while nobody has this lock.
children_lock = threading.Lock()
os.register_at_fork(
    before=children_lock.acquire, after_in_parent=children_lock.release, after_in_child=children_lock.release
)


def health_file(settings: Settings) -> Path:
    """The file that a living worker on this host touches every second."""
    return settings.data_dir / "workers" / f"{os.uname().nodename}.alive"


class WorkerMaintenance(MaintenanceLoop):
    """Takes the job of a child that died back at once, without waiting for its lease to run out.

    A child that gives no sign of life, so that it cannot end by itself either, is killed when its lease must have run
    out and then some, so that the pool starts another one.
    """

    def __init__(
        self,
        database: Database,
        notifier: Notifier,
        settings: Settings,
        worker_name: str,
        liveness_table: LivenessTable,
    ) -> None:
        super().__init__(database, notifier, every_seconds=settings.maintenance_seconds)
        self._prefix = f"{worker_name}/"
        self._checkpoints_dir = settings.checkpoints_dir
        self._known: set[int] = set()
        patience = settings.lease_seconds + settings.hang_seconds
        self._watch = LivenessWatch(liveness_table, patience=patience)
        self._formats = FormatMaker(database)
        self._datasets = DatasetChecker(database, settings)
        self._robustness = RobustnessMeasurer(database)
        self._health_file = health_file(settings)
        self._health_file.parent.mkdir(parents=True, exist_ok=True)

    def start(self) -> None:
        """Begin, and watch the children."""
        super().start()
        self._watch.start()

    def tick(self) -> None:
        """Touch the health file, check the children, and sweep when it is time."""
        self._health_file.touch()
        with children_lock:
            self._take_back_from_dead_children()
            super().tick()
        self._formats.look()
        self._datasets.look()
        self._robustness.look()

    def sweep(self) -> None:
        """Also say which children live, and remove what jobs that are over left in this worker's folders."""
        super().sweep()
        with self._database.write() as session:
            workers.keep(session, self._prefix, {f"{self._prefix}{pid}" for pid in living_children()})
        self._remove_checkpoints()
        self._datasets.remove_unknown()

    def stop(self) -> None:
        """End, and say that no child of this worker is there any more."""
        super().stop()
        self._watch.stop()
        self._formats.stop()
        self._datasets.stop()
        self._robustness.stop()
        try:
            with self._database.write() as session:
                workers.keep(session, self._prefix, set())
        except Exception as error:
            if not is_unavailable(error):
                raise

    def _remove_checkpoints(self) -> None:
        """Of jobs that were cancelled or deleted while they waited, or ended on another machine; and what no rung of a
        sweep needs any more."""
        with contextlib.suppress(FileNotFoundError):
            kept = [folder.name for folder in self._checkpoints_dir.iterdir()]
            with self._database.read() as session:
                over = set(reaper.over(session, kept))
                over -= rungs.with_rungs(session, over)
            for job_id in over:
                shutil.rmtree(self._checkpoints_dir / job_id, ignore_errors=True)

    def _take_back_from_dead_children(self) -> None:
        alive = living_children()
        if self._known <= alive:
            self._known = alive
            return
        with self._database.write() as session:
            living = {f"{self._prefix}{pid}" for pid in alive}
            taken_back = reaper.take_back_dead(session, self._prefix, living)
        self._known = alive
        self.notify(taken_back)
