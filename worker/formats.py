"""Makes what somebody asked for of trained networks, formats and evaluations on other datasets, in a process of its own
beside the children.

So they wait for no training. The process ends when nothing is left to make, and gives its memory back with it.
"""

import contextlib
import logging
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from normlab.disk_full import is_disk_full
from normlab.errors import ArtifactError, ArtifactStoreError, DatasetError, SpecError
from normlab.settings import Settings
from normlab.spec import DatasetSpec, parse_job_spec, plan_job
from normlab.spec.export_formats import ArtifactKind
from normlab.store import ArtifactStore, Database, artifacts, evaluations, format_requests
from normlab.store.artifacts import StoredFile
from normlab.store.evaluations import TakenEvaluation
from normlab.store.format_requests import TakenRequest
from normlab.store.jobs import jobs
from normlab.store.wanted import MAX_ATTEMPTS
from worker.decoded_datasets import fetch_decoded
from worker.reports import storable
from worker.side_process import SideProcess
from worker.trainer import import_trainer

if TYPE_CHECKING:
    from normlab.training.export.serving_function import TrainedNetwork

LEASE_SECONDS = 120.0
"""A format takes seconds, and so does an evaluation. After so long somebody else may make it."""

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
            wanted = format_requests.is_any_free(session) or evaluations.is_any_free(session)
        if wanted:
            self._process.start()

    def stop(self) -> None:
        """End it; what it was making is made when its lease has run out."""
        self._process.stop()


def make_formats(settings: Settings) -> None:
    """Make one format after the other, and then one evaluation after the other, until none is left."""
    database = Database(settings.resolved_database_url)
    store = ArtifactStore(settings.resolved_artifacts_url)
    with contextlib.closing(database):
        while _make_next(settings, database, store, format_requests, _to_format) or _make_next(
            settings, database, store, evaluations, partial(_to_evaluation, database, store)
        ):
            pass


def _make_next(
    settings: Settings, database: Database, store: ArtifactStore, kind: ModuleType, make: "_Make"
) -> bool:
    """Make what was asked for first of a kind. False: there is nothing."""
    with database.write() as session:
        request = kind.take(session, lease_seconds=LEASE_SECONDS)
    if request is None:
        return False
    try:
        made = _make(settings, database, store, request, make)
    except (OSError, ArtifactStoreError) as error:
        if not is_disk_full(error):  # a store that is away
            with database.write() as session:
                kind.put_back(session, request)
            raise
        if (
            request.attempt < MAX_ATTEMPTS
        ):  # the attempt counts, and the next one comes when the lease has run out
            raise
        _logger.exception("%s: given up", request)
        made = f"the disk of the machine that makes it was full {MAX_ATTEMPTS} times: have space freed"
    with database.write() as session:
        kept = kind.finish(session, request, made)
    said = made if isinstance(made, str) else f"{made.bytes} bytes"
    _logger.info("%s: %s", request, said if kept else "nobody wants it now")
    return True


@dataclass(frozen=True)
class _Trained:
    """A trained network, and a folder for what is made of it."""

    network: "TrainedNetwork"
    dataset: DatasetSpec
    """What it was trained on."""
    folder: Path
    datasets_dir: Path


def _make(
    settings: Settings,
    database: Database,
    store: ArtifactStore,
    request: TakenRequest | TakenEvaluation,
    make: "_Make",
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
    from normlab.training.export.serving_function import TrainedNetwork  # noqa: PLC0415

    with tempfile.TemporaryDirectory(prefix="normlab-format-") as folder:
        path = Path(folder) / source.kind.file_name
        path.write_bytes(content)
        network = TrainedNetwork(plan_job(spec), keras.read(path), spec.dataset.info.pixel_max)
        made = make(request, _Trained(network, spec.dataset, Path(folder), settings.datasets_dir))
        if isinstance(made, str):
            return storable(made)
        kind, file = made
        # Under a name of its own: an earlier attempt that is still at it must not write into what is kept.
        named = file.rename(file.with_stem(f"{file.stem}-{request.attempt}"))
        return store.put(job.id, job.attempt, kind, named, kind.media_type)


_Made = tuple[ArtifactKind, Path] | str
_Make = Callable[[Any, _Trained], _Made]


def _to_format(request: TakenRequest, trained: _Trained) -> _Made:
    from normlab.training.export.export import export_format  # noqa: PLC0415 - as above

    exported = export_format(request.kind, trained.network, trained.folder)
    return (exported.error or "") if exported.path is None else (request.kind, exported.path)


def _to_evaluation(
    database: Database, store: ArtifactStore, request: TakenEvaluation, trained: _Trained
) -> _Made:
    from normlab.training.export.evaluation import evaluate_elsewhere  # noqa: PLC0415 - as above

    with database.read() as session:
        dataset = evaluations.dataset_of(session, request.dataset)
    if dataset is None:
        return "the dataset was deleted meanwhile"
    path = trained.folder / f"evaluation-{request.dataset}.npz"
    fetch = partial(fetch_decoded, database, store)
    try:
        evaluate_elsewhere(trained.network, trained.dataset, dataset, trained.datasets_dir, path, fetch=fetch)
    except ArtifactStoreError:
        raise
    except (DatasetError, ArtifactError) as error:
        return str(error)
    return ArtifactKind.EVALUATION, path
