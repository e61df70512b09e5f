"""Makes the formats of trained networks that somebody asked for, in a process of its own beside the children.

So they wait for no training. The process ends when nothing is left to make, and gives its memory back with it.
"""

import contextlib
import logging
import tempfile
from pathlib import Path

from normlab.errors import ArtifactError, ArtifactStoreError, SpecError
from normlab.settings import Settings
from normlab.spec import parse_job_spec, plan_job
from normlab.spec.export_formats import ArtifactKind
from normlab.store import ArtifactStore, Database, artifacts, format_requests
from normlab.store.artifacts import StoredFile
from normlab.store.format_requests import TakenRequest
from normlab.store.jobs import jobs
from worker.reports import storable
from worker.side_process import SideProcess
from worker.trainer import import_trainer

LEASE_SECONDS = 120.0
"""A format takes seconds. After so long somebody else may make it."""

_logger = logging.getLogger(__name__)


class FormatMaker:
    """In a worker's main process: starts the process when there is something to make, one at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._process = SideProcess("--make-formats")

    def look(self) -> None:
        """Start it if it is wanted and does not run."""
        if self._process.is_running:
            return
        with self._database.read() as session:
            wanted = format_requests.is_any_free(session)
        if wanted:
            self._process.start()

    def stop(self) -> None:
        """End it; what it was making is made when its lease has run out."""
        self._process.stop()


def make_formats(settings: Settings) -> None:
    """Make one format after the other until none is left."""
    database = Database(settings.resolved_database_url)
    store = ArtifactStore(settings.resolved_artifacts_url)
    with contextlib.closing(database):
        while True:
            with database.write() as session:
                request = format_requests.take(session, lease_seconds=LEASE_SECONDS)
            if request is None:
                return
            try:
                made = _make(settings, database, store, request)
            except (OSError, ArtifactStoreError):  # a full disk, a store that is away
                with database.write() as session:
                    format_requests.put_back(session, request)
                raise
            with database.write() as session:
                kept = format_requests.finish(session, request, made)
            said = made if isinstance(made, str) else f"{made.bytes} bytes"
            _logger.info("%s: %s: %s", request.job_id, request.kind, said if kept else "nobody wants it now")


def _make(
    settings: Settings, database: Database, store: ArtifactStore, request: TakenRequest
) -> StoredFile | str:
    """The file, or a sentence that says why there is none.

    Raises ``ArtifactStoreError`` and ``OSError`` where that is not the network's fault.
    """
    with database.read() as session:
        job = jobs.get(session, request.job_id)
        source = artifacts.get(session, request.job_id, ArtifactKind.KERAS)
    if source is None:
        return "there is no keras file to make it of"
    try:
        spec = parse_job_spec(job.spec, settings.limits)
        content = store.read(source)
    except ArtifactStoreError:
        raise
    except (SpecError, ArtifactError) as error:
        return storable(str(error))
    import_trainer(threads=1)
    from normlab.training.export import keras  # noqa: PLC0415 - loads TensorFlow, when there is something to do
    from normlab.training.export.export import export_format  # noqa: PLC0415
    from normlab.training.export.serving_function import TrainedNetwork  # noqa: PLC0415

    with tempfile.TemporaryDirectory(prefix="normlab-format-") as folder:
        path = Path(folder) / source.kind.file_name
        path.write_bytes(content)
        trained = TrainedNetwork(plan_job(spec), keras.read(path), spec.dataset.info.pixel_max)
        exported = export_format(request.kind, trained, Path(folder))
        if exported.path is None:
            return storable(exported.error or "")
        # Under a name of its own: an earlier attempt that is still at it must not write into what is kept.
        named = exported.path.with_stem(f"{exported.path.stem}-{request.attempt}")
        return store.put(
            job.id, job.attempt, request.kind, exported.path.rename(named), request.kind.media_type
        )
