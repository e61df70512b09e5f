"""The process that checks the datasets that were added: one at a time on a machine, for its memory and its disk."""

import contextlib
import logging
import os
import shutil
from pathlib import Path

from normlab.disk_full import is_disk_full
from normlab.errors import ArtifactStoreError, DatasetError, LostArtifactError
from normlab.settings import Settings
from normlab.store import ArtifactStore, Database, DatasetState
from normlab.store.datasets import checks
from normlab.store.datasets.checks import Checked, Taken
from normlab.training.datasets.disk import one_process_at_a_time
from normlab.training.datasets.loading import DECODED
from worker.dataset_check import check
from worker.dataset_watch import StoppedError, Watch
from worker.datasets import worker_name
from worker.reports import storable

_BROKEN = "Normlab could not read it for a reason that nobody thought of; the worker's log says which"
_DISK_FULL = (
    f"the disk of the machine that reads it was full {checks.MAX_LOST_ATTEMPTS} times: decoded, it takes a byte for "
    "each value of each sample, and as much again in an artifact store on the same disk. Have space freed, or bring "
    "less of it"
)
_OUT_OF_MEMORY = "there is not enough memory to read it: make it smaller, or its pictures"

_logger = logging.getLogger(__name__)


def check_datasets(settings: Settings) -> None:
    """Check one version after the other until none is left."""
    database = Database(settings.resolved_database_url)
    store = ArtifactStore(settings.resolved_artifacts_url)
    decoded = settings.datasets_dir / DECODED
    with contextlib.closing(database), one_process_at_a_time(decoded / ".checking.lock"):
        for left in decoded.glob(".ds_*"):  # by a process that was killed
            shutil.rmtree(left, ignore_errors=True)
        while True:
            with database.write() as session:
                taken = checks.take(
                    session, worker=worker_name(os.getpid()), lease_seconds=settings.lease_seconds
                )
            if taken is None:
                return
            work = decoded / f".{taken.id}-{taken.attempt}"
            try:
                _check(settings, database, store, taken, work)
            finally:
                shutil.rmtree(work, ignore_errors=True)


def _check(settings: Settings, database: Database, store: ArtifactStore, taken: Taken, work: Path) -> None:
    what = f"version {taken.version} of dataset {taken.name}"
    _logger.info("%s: attempt %d begins", what, taken.attempt)
    found: Checked | str
    with Watch(database, settings, taken) as watch:
        try:
            found = check(settings, store, taken, watch, work)
        except StoppedError:
            found = "stopped"  # never seen: it was cancelled, or this attempt has lost it
        except DatasetError as error:
            found = storable(str(error))
        except LostArtifactError:
            found = "the uploaded file is not in the artifact store any more: add it again"
        except MemoryError:
            found = _OUT_OF_MEMORY
        except Exception as error:
            is_full = is_disk_full(error)
            if is_full and taken.lost_attempts + 1 >= checks.MAX_LOST_ATTEMPTS:
                found = _DISK_FULL
            elif is_full or isinstance(error, ArtifactStoreError):
                with database.write() as session:
                    checks.give_back(session, taken, counts=is_full)
                raise
            else:
                found = _BROKEN
            _logger.exception("%s: the check failed", what)
    with database.write() as session:
        state = checks.finish(session, taken, found)
    _logger.info("%s: %s", what, state or "lost to another attempt, or deleted")
    _clean_up(store, taken, state)


def _clean_up(store: ArtifactStore, taken: Taken, state: DatasetState | None) -> None:
    """Delete what nobody needs any more: the uploaded file, and what attempts left that came to nothing."""
    try:
        if state is None:
            store.delete(taken.id, taken.attempt)
            return
        store.delete_file(taken.source.path)
        if state is DatasetState.READY:
            store.delete_before(taken.id, taken.attempt)
        else:
            store.delete(taken.id)
    except Exception:  # fsspec's file systems raise anything; the check has ended all the same
        _logger.exception("files that nobody needs stay in the artifact store")
