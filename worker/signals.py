"""What happens in a worker's main process, in each of its children, and for each message.

A child keeps what it compiled for the jobs that follow.
"""

import contextlib
import logging
import os
import secrets
import socket
import time
from pathlib import Path
from typing import Any

from billiard import current_process
from celery import signals

from normlab.runtime.notifier import Notifier
from normlab.settings import Settings
from normlab.store import ArtifactStore, Database
from normlab.store.jobs.workers import SILENT_SECONDS
from worker.given_back import give_back_heap, give_back_libraries
from worker.liveness import LivenessTable
from worker.maintenance import WorkerMaintenance
from worker.memory import allowed_memory, plan_memory
from worker.memory_guard import own_memory
from worker.resources import allowed_cores, share, usable_cores
from worker.runner import Child, run_next_job
from worker.shutdown import ShutdownFlag, ShutdownLimit
from worker.trainer import import_trainer, may_import_before_fork, set_up_child

_STAYS_WARM = 0.6
"""A child that has more than this part of its memory in use after a job is replaced, where nothing else is set: the
next job gets all of it."""

OOM_SCORE_ADJ = "500"
"""How much sooner than others the kernel is to kill a child, from 0 to 1000 (proc_pid_oom_score_adj(5))."""

ANNOUNCE_SECONDS = SILENT_SECONDS / 2
"""How often a child that waits tells the database that it is there: the database may have been away, and forgets."""

_logger = logging.getLogger(__name__)


class Processes:
    """One worker: made in its main process, before any child is forked from it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._shutdown = ShutdownFlag()
        self._cores = usable_cores()
        self._allowed_cores = allowed_cores()
        self._memory = plan_memory(
            allowed_memory(),
            self._allowed_cores,
            processes=settings.worker_processes,
            child_bytes=settings.child_memory_bytes,
        )
        self._warm_bytes = settings.child_warm_bytes or self._memory.child_bytes * _STAYS_WARM
        self._liveness_table = LivenessTable(self.count)
        self._maintenance: WorkerMaintenance | None = None
        self._child: Child | None = None
        self._jobs = 0
        self._announce_at = 0.0
        self.child_worn_out = False
        """In a child: whether another should take its place before the next job."""
        self.name = f"{socket.gethostname()}/{secrets.token_hex(4)}"
        """What the names of all children of this worker begin with."""

    @property
    def count(self) -> int:
        """How many children this worker has."""
        return self._memory.children

    @property
    def _threads(self) -> int:
        """Of TensorFlow's, in each child."""
        return max(1, self._allowed_cores // self.count)

    def import_before_fork(self, **_: Any) -> None:
        """In the main process: import what its children will need, if that may be."""
        if may_import_before_fork():
            import_trainer(threads=self._threads)
            give_back_heap()
            give_back_libraries()

    def connect(self) -> None:
        """Have Celery call what follows."""
        signals.celeryd_after_setup.connect(self._log_plan)
        signals.worker_init.connect(self.import_before_fork)
        signals.worker_init.connect(self._limit_shutdown)
        signals.worker_ready.connect(self._start_maintenance)
        signals.worker_shutting_down.connect(self._ask_children_to_stop)
        signals.worker_shutdown.connect(self._stop_maintenance)
        signals.worker_process_init.connect(self._begin_child)

    def train(self, job_id: str) -> None:
        """A job waits, perhaps this one: train the one at the head of the queue, be it that one or another."""
        if self._child is None:
            raise RuntimeError(
                "jobs are trained in the children of a prefork worker: start it with normlab-worker"
            )
        _logger.debug("notified of %s", job_id)
        if run_next_job(self._child) is not None:
            self._jobs += 1
            give_back_heap()
            self.child_worn_out = (
                self._jobs >= self._settings.jobs_per_child or own_memory() > self._warm_bytes
            )

    def child_lives(self) -> None:
        """In a child that waits for a message: say so, to the main process often, to the database now and then."""
        if self._child is None:
            return
        self._child.liveness.beat()
        if time.monotonic() >= self._announce_at:
            self._announce_at = time.monotonic() + ANNOUNCE_SECONDS
            self._child.announce()

    def _log_plan(self, **_: Any) -> None:
        self._memory.log()

    def _limit_shutdown(self, **_: Any) -> None:
        ShutdownLimit(self._shutdown, self._settings, f"{self.name}/").start()

    def _start_maintenance(self, **_: Any) -> None:
        database = Database(self._settings.resolved_database_url, pooled=False)
        notifier = Notifier(self._settings.resolved_broker_url)
        self._maintenance = WorkerMaintenance(
            database, notifier, self._settings, self.name, self._liveness_table
        )
        self._maintenance.start()

    def _ask_children_to_stop(self, **_: Any) -> None:
        # Runs in a signal handler. Said a second time, somebody is in a hurry: the children die with this
        # process, and their jobs are taken back when their leases run out.
        if self._shutdown.is_set:
            os._exit(os.EX_TEMPFAIL)
        self._shutdown.set()

    def _stop_maintenance(self, **_: Any) -> None:
        if self._maintenance is not None:
            self._maintenance.stop()

    def _begin_child(self, **_: Any) -> None:
        with contextlib.suppress(OSError):  # not Linux
            # When memory gets short in spite of all, the kernel takes a child and not what runs beside it.
            Path("/proc/self/oom_score_adj").write_text(OOM_SCORE_ADJ)
        # What was computed in the main process: this one is about to be held to its own part.
        children, allowed, cores = self.count, self._allowed_cores, self._cores
        # A quota below the number of cores is no reason to leave out any of them.
        if children <= allowed == len(cores) and hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, share(cores, children, current_process().index))
        import_trainer(threads=self._threads)
        found_gpu = set_up_child(threads=self._threads, child=current_process().index, children=children)
        self._child = Child(
            settings=self._settings,
            database=Database(self._settings.resolved_database_url),
            artifacts=ArtifactStore(self._settings.resolved_artifacts_url),
            shutdown=self._shutdown,
            liveness=self._liveness_table.of_child(current_process().index),
            name=f"{self.name}/{os.getpid()}",
            has_gpu=found_gpu if self._settings.worker_gpu is None else self._settings.worker_gpu,
            memory_bytes=self._memory.child_bytes,
        )
        self._child.liveness.rest()  # a child that died may have had this place
