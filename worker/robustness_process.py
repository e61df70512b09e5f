"""The process that asks trained networks about corrupted pictures, without TensorFlow.

So they wait for no training, and what makes formats waits for none of them. It ends when nothing is left.
"""

import contextlib
import logging
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from normlab.disk_full import is_disk_full
from normlab.errors import ArtifactError, ArtifactStoreError, DatasetError, NotFoundError, SpecError
from normlab.settings import Settings
from normlab.spec import DatasetName, DatasetSpec, parse_job_spec, plan_job
from normlab.spec.export_formats import ArtifactKind
from normlab.store import ArtifactStore, Database, artifacts, robustness
from normlab.store.artifacts import StoredFile
from normlab.store.jobs import jobs
from normlab.store.robustness import TakenRobustness
from normlab.store.wanted import MAX_ATTEMPTS
from normlab.training import datasets
from normlab.training.robustness.measure import Asked, ask, measure
from worker.decoded_datasets import fetch_decoded
from worker.reports import storable

LEASE_SECONDS = 120.0
"""After so long without a sign of life somebody else may do it."""
_RENEW_SECONDS = 20.0
MAX_TOGETHER = 16
"""Networks that are asked about the same corrupted pictures in one go."""
MAX_TOGETHER_BYTES = 64 * 2**20
"""Of their files: each is in memory three times."""

_logger = logging.getLogger(__name__)


def measure_robustness(settings: Settings) -> None:
    """Ask one lot of networks after the other until none is left."""
    database = Database(settings.resolved_database_url)
    store = ArtifactStore(settings.resolved_artifacts_url)
    with contextlib.closing(database):
        while True:
            with database.write() as session:
                taken = robustness.take(session, at_most=MAX_TOGETHER, lease_seconds=LEASE_SECONDS)
            if not taken:
                return
            lot = _Lot(settings, database, store, taken)
            try:
                lot.measure()
            except _LostError:
                _logger.info("nobody wants the rest of it now")
            except Exception as error:
                if not isinstance(error, OSError | ArtifactStoreError):
                    _logger.exception("networks could not be asked about corrupted pictures")
                    lot.give_up()
                    continue
                if is_disk_full(
                    error
                ):  # the attempt counts, and the next one comes when the lease has run out
                    _logger.exception("no room for what networks made of corrupted pictures")
                    lot.give_up_after(MAX_ATTEMPTS)
                    if not lot.left:
                        continue
                    raise
                with database.write() as session:  # a store that is away
                    for one in lot.left:
                        robustness.put_back(session, one)
                raise


class _LostError(Exception):
    """Other processes have all that was taken by now, or it was deleted."""


class _Lot:
    """Networks that are asked about the same pictures."""

    def __init__(
        self, settings: Settings, database: Database, store: ArtifactStore, taken: Sequence[TakenRobustness]
    ) -> None:
        self._settings, self._database, self._store = settings, database, store
        self._renewed = time.monotonic()
        self.left = list(taken)
        """What is not finished."""

    def measure(self) -> None:
        """Ask all of them; what cannot be asked gets its reason."""
        ready: list[_Ready] = []
        for one in [*self.left]:
            found = self._network(one)
            if isinstance(found, str):
                self._finish(one, found)
                continue
            if ready and sum(each.bytes for each in ready) + found.bytes > MAX_TOGETHER_BYTES:
                self._ask(ready)
                ready = []
            ready.append(found)
        if ready:
            self._ask(ready)

    def give_up(self) -> None:
        """Say of all that are left that they could not be asked."""
        for one in [*self.left]:
            self._finish(one, "it failed for a reason that nobody thought of; the worker's log says which")

    def give_up_after(self, attempts: int) -> None:
        """Say of those that were tried so often that there was no room."""
        for one in [*self.left]:
            if one.attempt >= attempts:
                self._finish(
                    one, f"the disk of the machine that tries it was full {attempts} times: have space freed"
                )

    def _network(self, one: TakenRobustness) -> "_Ready | str":
        """A network, ready to be asked; or why it cannot be."""
        try:
            with self._database.read() as session:
                job = jobs.get(session, one.job_id)
                files = {file.kind: file for file in artifacts.of_job(session, one.job_id)}
            onnx, keras = (files.get(kind) for kind in (ArtifactKind.ONNX, ArtifactKind.KERAS))
            if onnx is None or keras is None:
                return "it has no onnx file and keras file"
            spec = parse_job_spec(job.spec, self._settings.limits)
            network = ask(plan_job(spec), self._store.read(onnx), lambda: self._store.read(keras))
        except ArtifactStoreError:
            raise
        except (NotFoundError, SpecError, ArtifactError) as error:
            return str(error)
        return _Ready(one, job.attempt, network, spec.dataset, onnx.bytes)

    def _ask(self, ready: Sequence["_Ready"]) -> None:
        dataset = ready[0].dataset
        try:
            data = self._load(dataset)
        except DatasetError as error:
            for each in ready:
                self._finish(each.one, str(error))
            return
        measured = measure(
            [each.network for each in ready],
            data.x_test,
            data.y_test,
            ready[0].one.request,
            dataset.info.pixel_max,
            step=self._keep,
        )
        kind = ArtifactKind.ROBUSTNESS
        for each, answers in zip(ready, measured, strict=True):
            with _written(each.one, answers.to_bytes()) as path:
                file = self._store.put(each.one.job_id, each.attempt, kind, path, kind.media_type)
            self._finish(each.one, file)

    def _load(self, dataset: DatasetSpec) -> datasets.Dataset:
        folder = self._settings.datasets_dir
        if dataset.content is None:
            return datasets.load(DatasetName(dataset.name), folder)
        fetch = partial(fetch_decoded, self._database, self._store)
        return datasets.load_content(dataset.label, dataset.content, folder, fetch=fetch)

    def _keep(self) -> None:
        """Renew the leases when it is time."""
        if time.monotonic() - self._renewed < _RENEW_SECONDS:
            return
        with self._database.write() as session:
            kept = [robustness.renew(session, one, lease_seconds=LEASE_SECONDS) for one in self.left]
        if not any(kept):
            raise _LostError
        self._renewed = time.monotonic()

    def _finish(self, one: TakenRobustness, made: StoredFile | str) -> None:
        result = storable(made) if isinstance(made, str) else made
        with self._database.write() as session:
            kept = robustness.finish(session, one, result)
        self.left.remove(one)
        said = made if isinstance(made, str) else f"{made.bytes} bytes"
        _logger.info("%s on corrupted pictures: %s", one.job_id, said if kept else "nobody wants it now")


@dataclass(frozen=True)
class _Ready:
    """A network that can be asked."""

    one: TakenRobustness
    attempt: int
    """Of its job, whose files lie with those of this attempt."""
    network: Asked
    dataset: DatasetSpec
    """The same of all that are asked the same."""
    bytes: int
    """Of its ONNX file."""


@contextlib.contextmanager
def _written(one: TakenRobustness, content: bytes) -> Iterator[Path]:
    """The content as a file. Its name is the attempt's own: an earlier one that is still at it must not write into what
    is kept."""
    with tempfile.TemporaryDirectory(prefix="normlab-robustness-") as folder:
        path = Path(folder) / f"robustness-{one.key[:16]}-{one.attempt}.npz"
        path.write_bytes(content)
        yield path
