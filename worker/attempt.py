"""One attempt at one job: what the training loop sees of the service, and the thread that talks to the database.

The loop never waits for the database. What it reports is kept in memory, in order; a thread writes it, renews the
lease in the same transaction, and learns there whether the job is to be cancelled. While the database is away the
training goes on, and what it reported is written when the database is back. Whether the attempt still has its
job then is decided by the database alone.
"""

import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy.orm import Session

from normlab.settings import Settings
from normlab.spec.epochs import EpochMetrics
from normlab.store import Database, Job, JobState, WarningCode, is_unavailable
from normlab.store.jobs import jobs, leases, reports
from normlab.training.context import Context, Report
from worker.endings import StopCause, ending_of
from worker.liveness import Liveness
from worker.load import LoadMeter
from worker.reports import Batch, PendingReports, storable
from worker.shutdown import ShutdownFlag

if TYPE_CHECKING:
    from normlab.training import Checkpoint, CheckpointFolder

PROGRESS_SECONDS = 1.0
"""Progress is stored no more often than this."""

_logger = logging.getLogger(__name__)
T = TypeVar("T")


class UnansweredError(Exception):
    """The database does not answer, and there is no time to wait: nobody knows what is stored about this attempt."""


class Attempt(Context):
    """The context of a training that is one attempt at a job. Use it in a ``with`` block, which runs its thread."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        shutdown: ShutdownFlag,
        liveness: Liveness,
        checkpoints: "CheckpointFolder",
        *,
        job_id: str,
        number: int,
        max_runtime_seconds: float | None,
    ) -> None:
        self.job_id = job_id
        self.number = number
        self.load = LoadMeter()
        self._database = database
        self._settings = settings
        self._shutdown = shutdown
        self._liveness = liveness
        self._checkpoints = checkpoints
        self._began = time.monotonic()
        self._max_runtime_seconds = max_runtime_seconds
        self._elapsed_before = 0.0
        self._cause: StopCause | None = None
        self._stop_wanted_at: float | None = None
        self._reports = PendingReports()
        self._checkpointed_at = self._began
        self.last_epoch: int | None = None
        """At whose end a checkpoint is written in any case, since another run may go on from it."""
        self._is_last = False
        self._renewed_at = self._began
        self._unsure = False
        """Whether the newest transaction may have been committed although it looks as if it failed."""
        self._ended = threading.Event()
        self._wake = threading.Event()
        """Set when the thread is not to wait for its next turn."""
        self._writing = threading.Lock()
        # Signs of life have a thread of their own: a statement that the database does not answer must not stop them.
        self._threads = [
            threading.Thread(target=self._run, name=f"attempt-{job_id}", daemon=True),
            threading.Thread(target=self._give_signs_of_life, name=f"liveness-{job_id}", daemon=True),
        ]

    def __enter__(self) -> "Attempt":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._wake.set()
        for thread in self._threads:
            thread.join()
        self._liveness.rest()

    # What the loop calls.

    def report(self, event: Report) -> None:
        """Keep it for the thread, which writes the first epoch at once: somebody may wait to see it."""
        self.load.note(event)
        self._reports.add(event)
        if isinstance(event, EpochMetrics):
            self._is_last = event.epoch == self.last_epoch
        if isinstance(event, EpochMetrics) and event.epoch == 1:
            self._wake.set()

    def probing(self) -> contextlib.AbstractContextManager[None]:
        """Its processor time is not counted, as no clock of the training counts it."""
        return self.load.left_out()

    def should_stop(self) -> bool:
        """Whether there is a cause to stop."""
        return self.stop_cause is not None

    def checkpoint_due(self) -> bool:
        """Every ``checkpoint_seconds``, and at the end of ``last_epoch``."""
        return self._is_last or time.monotonic() - self._checkpointed_at >= self._settings.checkpoint_seconds

    def save(self, checkpoint: "Checkpoint") -> None:
        """Write it. A full disk costs the checkpoint, not the training: the one before it stays.

        What was measured before it is stored first, since a run that goes on from it does not measure that again
        (epochs are in the checkpoint). Where that cannot be, the checkpoint before it stays.
        """
        self._checkpointed_at = time.monotonic()
        if not self._measurements_are_stored():
            _logger.warning("%s: no checkpoint at epoch %d: measurements wait", self.job_id, checkpoint.epoch)
            return
        try:
            self._checkpoints.write(checkpoint)
        except OSError as error:
            why = error.strerror or type(error).__name__
            self.warn(WarningCode.CHECKPOINT_NOT_WRITTEN, f"no checkpoint at epoch {checkpoint.epoch}: {why}")

    def _measurements_are_stored(self) -> bool:
        """Whether the database has all of them, those that wait included."""
        if self._reports.has_measurements:
            with contextlib.suppress(Exception):  # the thread tries again, and says what is wrong
                self._flush()
        return not self._reports.has_measurements

    # What the one who runs the attempt calls.

    def warn(self, code: WarningCode, detail: str) -> None:
        """Tell the job's owner of something that does not end the attempt."""
        text = storable(detail)
        _logger.warning("%s: %s", self.job_id, text)
        self._reports.warn(code, text)

    def end_for_memory(self, used_bytes: int) -> None:
        """Fail the job as it needs too much memory, and end this process, which the pool replaces."""
        self._cause = self._cause or StopCause.OUT_OF_MEMORY
        _logger.error("%s: ending this process, which uses %d bytes", self.job_id, used_bytes)
        self._end_process(patient=False)

    @property
    def stop_cause(self) -> StopCause | None:
        """Why the attempt is to end, or None. A shutdown weighs least: the others are final."""
        if self._cause is None and self._shutdown.is_set:
            return StopCause.SHUTDOWN
        return self._cause

    @property
    def elapsed_seconds(self) -> float:
        """Since the run's start, without the time between attempts."""
        return self._elapsed_before + time.monotonic() - self._began

    def begin(self, checkpoint: "Checkpoint | None", steps_per_epoch: int) -> None:
        """Make what is stored that of the run so far, which is a checkpoint's or none.

        Its epochs are stored where they are not; what attempts before this one stored beyond it goes, since a curve is
        of one run. The time up to it counts.
        """
        if checkpoint is None:
            if self.number > 1:
                self._when_it_answers(lambda: self._begin_at(reports.ANEW))
            return
        updates = checkpoint.epoch * steps_per_epoch + checkpoint.step
        stored = self._when_it_answers(lambda: self._begin_at(reports.Beginning(checkpoint.epoch, updates)))
        self._reports.add(*(record for record in checkpoint.history if record not in stored))
        self._elapsed_before = checkpoint.elapsed_seconds

    def conclude(self, ending: Callable[[Session], Job | None], *, patient: bool = True) -> Job | None:
        """Write what is still in memory, then the ending. None: this attempt has lost the job.

        Raises:
            UnansweredError: the database is away, and the worker shuts down or nobody is ``patient``.
        """
        tried = False

        def write() -> Job | None:
            nonlocal tried
            self._flush()
            before, tried = tried, True
            with self._database.write() as session:
                ended = ending(session)
                # The answer to the commit can be lost with the connection, and this attempt's end be stored already.
                return self._succeeded(session) if ended is None and before else ended

        return self._when_it_answers(write, patient=patient)

    def _succeeded(self, session: Session) -> Job | None:
        job = jobs.find(session, self.job_id)
        mine = job is not None and job.state is JobState.SUCCEEDED and job.attempt == self.number
        return job if mine else None

    def _begin_at(self, beginning: reports.Beginning) -> list[EpochMetrics]:
        """Gives the epochs that stay stored."""
        with self._database.write() as session:
            if not reports.begin(session, self.job_id, self.number, beginning):
                self._cause = StopCause.LOST
            found = reports.epochs(session, self.job_id)
            return [EpochMetrics.model_validate(row, from_attributes=True) for row in found]

    def _when_it_answers(self, ask: Callable[[], T], *, patient: bool = True) -> T:
        """What the database says to ``ask``, which is asked again while it is away."""
        while True:
            try:
                return ask()
            except Exception as error:
                if not is_unavailable(error):
                    raise
                _logger.warning("%s: the database does not answer; its training waits for it", self.job_id)
                if self._shutdown.is_set or not patient:
                    raise UnansweredError from error
            time.sleep(1)

    # What the threads do.

    def _give_signs_of_life(self) -> None:
        self._liveness.beat()
        while not self._ended.wait(PROGRESS_SECONDS):
            self._liveness.beat()

    def _run(self) -> None:
        while True:
            self._wake.wait(min(PROGRESS_SECONDS, self._settings.heartbeat_seconds))
            self._wake.clear()
            if self._ended.is_set():
                return
            try:
                self._flush()
            except Exception as error:
                if is_unavailable(error):
                    _logger.warning("%s: the database does not answer; training goes on", self.job_id)
                else:
                    _logger.exception("%s: a report could not be written", self.job_id)
            if self._max_runtime_seconds is not None and self.elapsed_seconds > self._max_runtime_seconds:
                self._cause = self._cause or StopCause.DEADLINE
            self._end_if_it_hangs()

    def _flush(self) -> None:
        """Renew the lease if it is time, and write what was reported."""
        with self._writing:
            # After an epoch that was refused nothing is stored, but the lease is kept until the training has stopped.
            batch = Batch() if self._cause is StopCause.REFUSED else self._reports.waiting()
            due = time.monotonic() - self._renewed_at >= self._settings.heartbeat_seconds
            if not (due or batch) or self._cause is StopCause.LOST:
                return
            try:
                alive = self._write(batch)
            except Exception as error:
                if is_unavailable(error):
                    self._unsure = True
                    raise
                _logger.exception("%s: the database refuses a report", self.job_id)
                alive = self._write_one_by_one(batch)
            if not alive:
                _logger.warning("%s: attempt %d has lost the job", self.job_id, self.number)

    def _write(self, batch: Batch) -> bool:
        """Renew the lease and write a batch, in one transaction. False: the attempt has lost the job."""
        with self._database.write() as session:
            alive = self._renew_lease(session)
            if alive:
                stored: set[int] = set()
                if self._unsure:
                    mine = (row for row in reports.epochs(session, self.job_id) if row.attempt == self.number)
                    stored = {row.epoch for row in mine}
                batch.write(
                    session, self.job_id, self.number, elapsed_seconds=self.elapsed_seconds, stored=stored
                )
        self._reports.forget(batch)
        self._renewed_at = time.monotonic()
        self._unsure = False
        return alive

    def _write_one_by_one(self, batch: Batch) -> bool:
        """What a report that is refused must not stop: the lease, and all others.

        An epoch that is refused ends the job, since nothing after it may be stored; anything else is left out.
        """
        if not self._write(Batch()):
            return False
        for report in batch.one_by_one():
            try:
                alive = self._write(report)
            except Exception as error:
                if is_unavailable(error):
                    self._unsure = True
                    raise
                _logger.error("%s: left out: %s (%s)", self.job_id, report, type(error).__name__)  # noqa: TRY400 - its trace is in the log already
                if report.epochs:
                    self._cause = self._cause or StopCause.REFUSED
                    return True
                self._reports.forget(report)
            else:
                if not alive:
                    return False
        return True

    def _renew_lease(self, session: Session) -> bool:
        heartbeat = leases.heartbeat(
            session, self.job_id, self.number, lease_seconds=self._settings.lease_seconds
        )
        if heartbeat is None:
            self._cause = StopCause.LOST
        elif heartbeat.cancel_requested:
            self._cause = StopCause.CANCELLED
        return heartbeat is not None

    def _end_if_it_hangs(self) -> None:
        cause = self.stop_cause
        if cause in (None, StopCause.SHUTDOWN):  # at a shutdown the worker's own time limit decides
            return
        self._stop_wanted_at = self._stop_wanted_at or time.monotonic()
        if time.monotonic() - self._stop_wanted_at >= self._settings.hang_seconds:
            _logger.error("%s: training does not stop (%s); ending this process", self.job_id, cause)
            self._end_process()

    def _end_process(self, *, patient: bool = True) -> None:
        ending = ending_of(self._cause, self.job_id, self.number)
        if ending is not None:
            with contextlib.suppress(UnansweredError):
                self.conclude(ending, patient=patient)
        os._exit(os.EX_SOFTWARE)
