"""Which loaded model answers for a job or a name, remembered as long as the database has not changed."""

import re
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import anyio.to_thread
import numpy as np
import numpy.typing as npt

from normlab.documents.identifiers import MODEL_NAME_PATTERN
from normlab.errors import NotFoundError, StateError
from normlab.serving import ModelCache, OnnxModel, TableReader
from normlab.spec import DatasetFacts, JobSpec, estimate
from normlab.store import ArtifactStore, Database, JobState
from normlab.store.artifacts import StoredFile
from normlab.store.changes import changes_of
from normlab.store.identifiers import possible_id
from normlab.store.models import lookup

_MAX_REMEMBERED = 4096
_MAX_VERSIONS = 2**31 - 1

Batch = npt.NDArray[np.float32]
"""Raw pixels (n, *shape)."""


class Parser(Protocol):
    """A function that reads images, as ``parse_instances`` does."""

    def __call__(self, data: Any, /, *, shape: tuple[int, ...], pixel_max: int, max_instances: int) -> Batch:
        """Raises ``InstancesError``."""


class ModelRef(NamedTuple):
    """What a request wants predictions of: a job, or a name and perhaps one of its versions."""

    name: str
    version: int | None = None

    @property
    def is_job(self) -> bool:
        """Whether it is a job's id; no other name begins like one."""
        return self.name.startswith("job_")

    def __str__(self) -> str:
        kind = "job" if self.is_job else "model"
        return f"{kind} {self.name}" + (f" version {self.version}" if self.version is not None else "")


@dataclass(frozen=True)
class ModelInfo:
    """What is known of a job whose network answers."""

    job_id: str
    version: int
    """1 for a job that was asked for by its id."""
    sha256: str
    """Of its ONNX file."""
    dataset: DatasetFacts
    table: TableReader | None
    """What reads rows, of a network on a table."""
    multiplications: int
    """For one image."""


class LoadedModel(NamedTuple):
    """What answers."""

    info: ModelInfo
    model: OnnxModel

    @property
    def pixel_max(self) -> int | None:
        """The largest raw pixel value; None of a table, whose values have any size."""
        return None if self.info.table is not None else self.info.dataset.pixel_max

    def parse(self, parse: Parser, data: Any, max_instances: int) -> Batch:
        """Images as one of the parsers of ``normlab.serving`` reads them, for this model."""
        dataset = self.info.dataset
        return parse(data, shape=dataset.shape, pixel_max=dataset.pixel_max, max_instances=max_instances)


def _table_reader(spec: JobSpec) -> TableReader | None:
    content = spec.dataset.content
    if content is None or content.columns is None:
        return None
    return TableReader(content.columns, content.target)


class ModelResolver:
    """Finds what answers. A deleted job or a name that moved counts from the next request on, in every process:
    what is remembered is used only while the database is at the same commit as when it was read.
    """

    def __init__(self, database: Database, artifacts: ArtifactStore, cache: ModelCache) -> None:
        self._database = database
        self._artifacts = artifacts
        self._cache = cache
        self._changes = changes_of(database)
        self._read_at: object = None
        self._remembered: dict[ModelRef, ModelInfo] = {}

    async def loaded(self, ref: ModelRef) -> LoadedModel:
        """What answers; at once where that is known for certain. The event loop's thread alone calls it.

        Raises ``NotFoundError`` and ``StateError``.
        """
        changes = self._changes
        if not changes.is_current:
            await changes.look()
            if changes.number is None or changes.number != self._read_at:
                self._remembered = {}
                self._read_at = changes.number
        info = self._remembered.get(ref)
        model = None if info is None else self._cache.kept(info.sha256)
        if info is not None and model is not None:
            return LoadedModel(info, model)
        return await anyio.to_thread.run_sync(self.find, ref)

    def find(self, ref: ModelRef) -> LoadedModel:
        """What answers, looked up in the database and loaded if need be; may take a while.

        Raises ``NotFoundError`` and ``StateError``.
        """
        remembered, read_at = self._remembered, self._read_at
        file, info = self._look_up(ref)
        loaded = LoadedModel(info, self._cache.get(file.sha256, lambda: self._artifacts.read(file)))
        if read_at is not None and len(remembered) < _MAX_REMEMBERED:
            # The dict of before the query: if anything has changed meanwhile, nobody looks into it any more.
            remembered[ref] = info
        return loaded

    def _look_up(self, ref: ModelRef) -> tuple[StoredFile, ModelInfo]:
        with self._database.read() as session:
            if ref.is_job:
                servable = lookup.by_job(session, possible_id(ref.name))
            elif not re.fullmatch(MODEL_NAME_PATTERN, ref.name) or (ref.version or 0) > _MAX_VERSIONS:
                servable = None  # what cannot be there is not asked for: Postgres would refuse some of it
            else:
                servable = lookup.by_name(session, ref.name, ref.version)
        if servable is None or (ref.is_job and ref.version not in (None, 1)):
            raise NotFoundError(f"there is no {ref}")
        if servable.state is not JobState.SUCCEEDED:
            raise StateError(
                f"job {servable.job_id} is {servable.state}: only a job that has succeeded can predict"
            )
        if servable.onnx is None:
            raise StateError(
                f"job {servable.job_id} cannot predict: its network could not be exported to ONNX"
            )
        spec = JobSpec.model_validate(servable.spec)
        return servable.onnx, ModelInfo(
            job_id=servable.job_id,
            version=servable.version or 1,
            sha256=servable.onnx.sha256,
            dataset=spec.dataset.info,
            table=_table_reader(spec),
            multiplications=estimate(spec).multiplications_per_sample,
        )

    def close(self) -> None:
        """Close what it watches the database with."""
        self._changes.close()
