"""Where the network is that answers predictions: one query each, put together once."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, and_, bindparam, select
from sqlalchemy.orm import Session

from normlab.documents.states import JobState
from normlab.spec.export_formats import ArtifactKind
from normlab.store.artifacts import Artifact, StoredFile
from normlab.store.jobs.tables import Job
from normlab.store.models.tables import ModelVersion, NamedModel


@dataclass(frozen=True)
class Servable:
    """A job as predictions need it; ``onnx`` is None when its network could not be exported."""

    job_id: str
    state: JobState
    spec: dict[str, Any]
    onnx: StoredFile | None
    version: int | None
    """When it was looked up by name."""


_FILE = (Artifact.kind, Artifact.path, Artifact.sha256, Artifact.bytes, Artifact.media_type)
_ONNX_OF_JOB = and_(Artifact.job_id == Job.id, Artifact.kind == ArtifactKind.ONNX)

_BY_JOB = (
    select(Job.id, Job.state, Job.spec, *_FILE)
    .outerjoin(Artifact, _ONNX_OF_JOB)
    .where(Job.id == bindparam("job_id"))
)
_BY_VERSION = (
    select(Job.id, Job.state, Job.spec, *_FILE, ModelVersion.version)
    .select_from(ModelVersion)
    .join(Job, Job.id == ModelVersion.job_id)
    .outerjoin(Artifact, _ONNX_OF_JOB)
    .where(ModelVersion.name == bindparam("name"))
)
_BY_NAME = _BY_VERSION.join(
    NamedModel,
    and_(NamedModel.name == ModelVersion.name, NamedModel.version == ModelVersion.version),
)
_BY_NUMBER = _BY_VERSION.where(ModelVersion.version == bindparam("version"))


def by_job(session: Session, job_id: str) -> Servable | None:
    """The job, or None if there is none."""
    return _one(session, _BY_JOB, {"job_id": job_id})


def by_name(session: Session, name: str, version: int | None = None) -> Servable | None:
    """The job that the name stands for, or that this version is; None if there is no such name or version."""
    if version is None:
        return _one(session, _BY_NAME, {"name": name})
    return _one(session, _BY_NUMBER, {"name": name, "version": version})


def _one(session: Session, query: Select[Any], values: dict[str, Any]) -> Servable | None:
    # On the connection: rows are enough, and the ORM would take as long again as the query.
    row = session.connection().execute(query, values).one_or_none()
    if row is None:
        return None
    job_id, state, spec, *rest = row
    file, version = rest[:5], rest[5:]
    return Servable(
        job_id=job_id,
        state=state,
        spec=spec,
        onnx=None if file[0] is None else StoredFile(*file),
        version=version[0] if version else None,
    )
