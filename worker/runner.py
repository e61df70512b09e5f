"""Take a job, train it, and end it in exactly one of the ways a job can end."""

import contextlib
import errno
import logging
import os
import shutil
import tempfile
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from normlab.disk_full import is_disk_full
from normlab.errors import ArtifactStoreError
from normlab.settings import Settings
from normlab.spec import JobSpec, parse_job_spec
from normlab.spec.export_formats import AT_ONCE
from normlab.spec.runs import Phase
from normlab.store import ArtifactStore, Database, Job, JobState, WarningCode, is_unavailable
from normlab.store.artifacts import StoredFile
from normlab.store.jobs import endings, leases, workers
from normlab.store.sweeps import rungs
from normlab.training.context import Progress
from worker.attempt import Attempt, UnansweredError
from worker.decoded_datasets import fetch_decoded
from worker.endings import StopCause, classify, ending_of
from worker.liveness import Liveness
from worker.memory_guard import MemoryGuard
from worker.outcome import outcome_of, store_files
from worker.shutdown import ShutdownFlag

if TYPE_CHECKING:
    from normlab.training import Checkpoint, CheckpointFolder, ExportedFile, TrainResult

STORE_SECONDS = 300.0
"""An artifact store that does not answer is waited for so long; then the job goes back into the queue."""
STORE_RETRY_SECONDS = 2.0
_REMEMBERED = 32

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Child:
    """What a child of the worker has: made once in it, after the fork."""

    settings: Settings
    database: Database
    artifacts: ArtifactStore
    shutdown: ShutdownFlag
    liveness: Liveness
    name: str
    """Host, worker and process, as the jobs' rows name it."""
    has_gpu: bool
    memory_bytes: int
    """What it may use."""
    trained: deque[str] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    """The arms whose jobs it has begun: it has compiled most of them."""

    def announce(self) -> None:
        """Tell the database that this process trains jobs, if it answers."""
        try:
            with self.database.write() as session:
                workers.announce(session, self.name, has_gpu=self.has_gpu)
        except Exception as error:  # it is announced again and again, and trains jobs without it
            _logger.warning("this process could not be announced (%s)", type(error).__name__)


def run_next_job(child: Child) -> str | None:
    """Take the job at the head of the queue and train it; its id, or None if none waits."""
    if child.shutdown.is_set:
        return None
    try:
        with child.database.write() as session:
            job = leases.claim_next(
                session,
                worker=child.name,
                lease_seconds=child.settings.lease_seconds,
                has_gpu=child.has_gpu,
                trained=child.trained,
            )
    except Exception as error:
        if not is_unavailable(error):
            raise
        _logger.warning("the database does not answer; the maintenance loop will notify again of what waits")
        return None
    if job is None:
        return None
    if job.arm_digest not in child.trained:
        child.trained.append(job.arm_digest)
    _logger.info("%s: attempt %d begins", job.id, job.attempt)
    state = run_attempt(child, job)
    _logger.info("%s: attempt %d ended: %s", job.id, job.attempt, state or "lost the job")
    return job.id


def run_attempt(child: Child, job: Job) -> JobState | None:
    """Train a job that was claimed. Gives its state afterwards; None: this attempt has lost the job."""
    from normlab.training import CheckpointFolder  # noqa: PLC0415 - loads TensorFlow, in children only

    checkpoints = CheckpointFolder(child.settings.checkpoints_dir / job.id)
    attempt = Attempt(
        child.database,
        child.settings,
        child.shutdown,
        child.liveness,
        checkpoints,
        job_id=job.id,
        number=job.attempt,
        max_runtime_seconds=job.max_runtime_seconds,
    )
    try:
        with attempt, MemoryGuard(child.memory_bytes, attempt.end_for_memory):
            ended = _train_to_an_end(child, job, attempt, checkpoints)
    except UnansweredError:
        # Its files stay: they are either those of a job that has succeeded, or go when another attempt ends it.
        _logger.warning("%s: the database does not answer; its lease runs out", job.id)
        return None
    if ended is not None and ended.state.final and not _is_gone_on_from(child, ended):
        shutil.rmtree(checkpoints.path, ignore_errors=True)
    try:
        if ended is not None:
            child.artifacts.delete_before(job.id, job.attempt)
        if ended is None or ended.state is not JobState.SUCCEEDED:
            child.artifacts.delete(job.id, job.attempt)
    except Exception:  # fsspec's file systems raise anything; the job has ended all the same
        _logger.exception("%s: files that nobody needs stay in the artifact store", job.id)
    return None if ended is None else ended.state


def _is_gone_on_from(child: Child, job: Job) -> bool:
    """Whether its last checkpoint is kept: until the maintenance loop sees that nobody needs it."""
    if job.state is not JobState.SUCCEEDED:
        return False
    try:
        with child.database.read() as session:
            return bool(rungs.with_rungs(session, [job.id]))
    except Exception as error:
        if not is_unavailable(error):
            raise
        return False


def _train_to_an_end(child: Child, job: Job, attempt: Attempt, checkpoints: "CheckpointFolder") -> Job | None:
    """Train, and write how it ended."""
    from normlab.training import Stopped  # noqa: PLC0415 - loads TensorFlow, in children only

    try:
        spec = parse_job_spec(job.spec, child.settings.limits)
        return _train(child, job, spec, attempt, checkpoints)
    except UnansweredError:
        raise
    except Stopped as stopped:
        if attempt.stop_cause is StopCause.SHUTDOWN:
            attempt.save(stopped.checkpoint)
        ending = ending_of(attempt.stop_cause, job.id, job.attempt)
        return None if ending is None else attempt.conclude(ending)
    except ArtifactStoreError:
        _logger.exception("%s: attempt %d goes back into the queue", job.id, job.attempt)
        ending = ending_of(attempt.stop_cause, job.id, job.attempt)
        return attempt.conclude(
            ending
            or (lambda session: leases.lose(session, job.id, job.attempt, reason="artifact_store_away"))
        )
    except Exception as error:
        _logger.exception("%s: attempt %d failed", job.id, job.attempt)
        failure = classify(error)
        return attempt.conclude(
            lambda session: endings.fail(session, job.id, job.attempt, failure.code, failure.detail)
        )


def _train(
    child: Child, job: Job, spec: JobSpec, attempt: Attempt, checkpoints: "CheckpointFolder"
) -> Job | None:
    from normlab.training import train  # noqa: PLC0415 - loads TensorFlow, in children only

    checkpoint = checkpoints.latest(
        lambda unused: attempt.warn(
            WarningCode.CHECKPOINT_DAMAGED if unused.is_damaged else WarningCode.CHECKPOINT_OF_OTHER_VERSION,
            unused.sentence,
        )
    )
    if checkpoint is not None and checkpoint.spec_digest == spec.digest:
        _logger.info("%s: goes on after epoch %d, step %d", job.id, checkpoint.epoch, checkpoint.step)
    else:
        checkpoint = _of_the_rung_before(child, job, spec, attempt)
    attempt.begin(checkpoint, spec.steps_per_epoch)
    result = train(
        spec,
        context=attempt,
        data_dir=child.settings.data_dir,
        resume_from=checkpoint,
        fetch_dataset=partial(fetch_decoded, child.database, child.artifacts),
    )
    attempt.load.stop()
    return _finish(child, job, attempt, checkpoints, result)


def _of_the_rung_before(child: Child, job: Job, spec: JobSpec, attempt: Attempt) -> "Checkpoint | None":
    """Where a shorter run of the same training ended, if the job is a rung of a sweep and that run was here."""
    from normlab.training import CheckpointFolder  # noqa: PLC0415 - loads TensorFlow, in children only

    with child.database.read() as session:
        rung = rungs.rung_of(session, job.id)
    if rung is None:
        return None
    attempt.last_epoch = spec.training.epochs
    if rung.before is None:
        return None
    end = CheckpointFolder(child.settings.checkpoints_dir / rung.before).latest()
    found = None if end is None else end.for_longer(spec)
    if found is not None:
        _logger.info("%s: goes on after epoch %d of %s", job.id, found.epoch, rung.before)
    return found


def _finish(
    child: Child, job: Job, attempt: Attempt, checkpoints: "CheckpointFolder", result: "TrainResult"
) -> Job | None:
    from normlab.training.export.evaluation import export_evaluation  # noqa: PLC0415 - loads TensorFlow, in children only

    epochs = len(result.history)
    attempt.report(Progress(Phase.EXPORTING, epoch=epochs, epochs=epochs, step=0, steps=0))
    began = time.perf_counter()
    checkpoints.path.mkdir(parents=True, exist_ok=True)
    # Beside the checkpoints, with which it goes when this process is killed.
    with (
        tempfile.TemporaryDirectory(prefix="export-", dir=checkpoints.path) as folder,
        _temporary_files(folder),
    ):
        exported = result.export(Path(folder), AT_ONCE)
        exported.append(export_evaluation(result, Path(folder), child.settings.data_dir))
        files = _store(child, job, attempt, exported)
    for remark in result.remarks:
        attempt.warn(WarningCode(remark.concern.value), remark.detail)
    for file in exported:
        if file.error is not None:
            attempt.warn(WarningCode.EXPORT_FAILED, f"no {file.kind} file: {file.error}")
    exporting_seconds, load = time.perf_counter() - began, attempt.load.measured
    outcome = outcome_of(job, result, exported, files, exporting_seconds=exporting_seconds, load=load)
    return attempt.conclude(lambda session: endings.finish(session, job.id, job.attempt, outcome))


def _store(child: Child, job: Job, attempt: Attempt, exported: "Sequence[ExportedFile]") -> list[StoredFile]:
    """Put the files into the artifact store, and wait for one that does not answer: that is not the job's fault.

    Raises:
        ArtifactStoreError: it did not take them for ``STORE_SECONDS``, or somebody wants the attempt to stop.
        OSError: its disk is full.
    """
    began = time.monotonic()
    while True:
        try:
            return store_files(child.artifacts, job, exported)
        except Exception as error:  # fsspec's file systems raise anything
            if is_disk_full(error):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error
            if attempt.should_stop() or time.monotonic() - began > STORE_SECONDS:
                raise ArtifactStoreError("the artifact store did not take the job's files") from error
            _logger.warning("%s: the artifact store does not answer (%s)", job.id, type(error).__name__)
        time.sleep(STORE_RETRY_SECONDS)


@contextlib.contextmanager
def _temporary_files(folder: str) -> Iterator[None]:
    """Have what exporters write on their way in a folder of ours, too."""
    before, tempfile.tempdir = tempfile.tempdir, folder
    try:
        yield
    finally:
        tempfile.tempdir = before
