"""``/jobs/{id}/model``: what was trained, and its files."""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Annotated

from fastapi import APIRouter, Path, Response
from fastapi.responses import StreamingResponse

from api.http.etags import NOT_MODIFIED, IfNoneMatch, is_known
from api.http.parameters import JobPath
from api.http.problems import error_answers
from api.http.services import Services, ServicesDependency
from api.jobs.documents import job_url
from normlab.documents.trained_models import (
    LayerDocument,
    ModelDocument,
    ModelFormat,
    ModelInput,
    PendingFormat,
    VariableDocument,
)
from normlab.errors import ArtifactError, NotFoundError, StateError
from normlab.spec import DatasetSpec
from normlab.spec.export_formats import FORMATS, ON_REQUEST
from normlab.store import Artifact, ArtifactKind, Job, JobState, artifacts, format_requests
from normlab.store.format_requests import FormatRequest
from normlab.store.jobs import jobs, workers
from normlab.store.jobs.workers import Workforce

router = APIRouter(prefix="/jobs", tags=["models"])

_CHUNK = 1 << 18
LOOK_AGAIN_SECONDS = 2
"""A worker makes a format in some seconds, most of which TensorFlow takes to be imported."""
_FILES = {"schema": {"type": "string", "format": "binary"}}

_Files = Mapping[ArtifactKind, Artifact]
_Asked = Mapping[ArtifactKind, FormatRequest]


@router.get("/{job_id}/model", summary="The trained network", responses=error_answers(404, 409, 503))
def get_model(services: ServicesDependency, job_id: JobPath) -> ModelDocument:
    """Its layers, each variable's shape and whether it is trainable, what it takes, and its files."""
    with services.database.read() as session:
        job = succeeded_job(jobs.get(session, job_id))
        files = {file.kind: file for file in artifacts.of_job(session, job_id)}
        asked = format_requests.of_job(session, job_id)
    dataset = DatasetSpec.model_validate(job.spec["dataset"])
    info = dataset.info
    layers = [LayerDocument.model_validate(layer) for layer in job.layers or ()]
    variables = [variable for layer in layers for variable in layer.variables]
    return ModelDocument(
        job=job_id,
        formats=[
            _format(job_id, kind, files.get(kind))
            for kind in sorted(FORMATS)
            if _why_impossible(job, kind, files, asked) is None
        ],
        layers=layers,
        parameters=sum(layer.parameters for layer in layers),
        trainable_parameters=sum(_size(variable) for variable in variables if variable.trainable),
        input=ModelInput(
            shape=list(info.shape), dtype="float32", pixel_max=info.pixel_max, columns=dataset.columns
        ),
        classes=list(info.classes),
    )


@router.get(
    "/{job_id}/model/{format}",
    summary="Download the trained network",
    response_class=StreamingResponse,
    responses={
        200: {"description": "The file.", "content": {row.media_type: _FILES for row in FORMATS}},
        202: {
            "model": PendingFormat,
            "description": "This format is made when somebody first asks for it, and is being made.",
            "headers": {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}},
        },
        **NOT_MODIFIED,
        **error_answers(404, 409, 410, 503),
    },
)
def download_model(
    services: ServicesDependency,
    job_id: JobPath,
    format_: Annotated[
        str,
        Path(
            alias="format",
            description="; ".join(f"`{row}`: {row.used_for}" for row in FORMATS),
            examples=["onnx"],
            json_schema_extra={"enum": [str(row) for row in FORMATS]},
        ),
    ],
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Every format takes raw pixels and gives class probabilities.

    202 for a format that is made when somebody first asks for it: ask again after the seconds of `Retry-After`.
    """
    kind = next((row for row in FORMATS if row == format_), None)
    if kind is None:
        raise NotFoundError(f"there is no format {format_!r}; there are {', '.join(FORMATS)}")
    with services.database.read() as session:
        job = succeeded_job(jobs.get(session, job_id))
        files = {file.kind: file for file in artifacts.of_job(session, job_id)}
        asked = format_requests.of_job(session, job_id)
    impossible = _why_impossible(job, kind, files, asked)
    if impossible is not None:
        raise NotFoundError(f"job {job_id} has no {kind} file: {impossible}")
    file = files.get(kind)
    if file is None:
        return _ask_for(services, job_id, kind, asked_before=kind in asked)
    etag = f'"{file.sha256}"'
    if is_known(etag, if_none_match):
        return Response(status_code=304, headers={"ETag": etag})
    headers = {
        "Content-Length": str(file.bytes),
        "Content-Disposition": f'attachment; filename="{job_id}{file.kind.suffix}"',
        "ETag": etag,
    }
    chunks = _chunks(services, file)
    first = next(chunks, b"")  # a file that is not there is noticed while a status can still say so
    return StreamingResponse(_chain(first, chunks), media_type=file.media_type, headers=headers)


def succeeded_job(job: Job) -> Job:
    """The job, which has a trained network only when it has succeeded; else ``StateError``."""
    if job.state is not JobState.SUCCEEDED:
        raise StateError(f"job {job.id} is {job.state}: only a job that has succeeded has a trained network")
    return job


def why_missing(job: Job, kind: ArtifactKind) -> str:
    """Why a job that has succeeded has no such file, in words."""
    error = _export_error(job, kind)
    if error is None:
        return "the version of Normlab that trained it did not make one"
    return _not_made(error)


def _why_impossible(job: Job, kind: ArtifactKind, files: _Files, asked: _Asked) -> str | None:
    """Why a format can neither be had nor be made, in words; None: it can."""
    if kind in files:
        return None
    if kind not in ON_REQUEST or _export_error(job, kind) is not None or ArtifactKind.KERAS not in files:
        return why_missing(job, kind)
    request = asked.get(kind)
    return None if request is None or request.error is None else _not_made(request.error)


def _export_error(job: Job, kind: ArtifactKind) -> str | None:
    error: str | None = (job.result or {}).get("export_errors", {}).get(kind)
    return error


def _not_made(error: str) -> str:
    return f"it could not be made ({error})"


def _ask_for(services: Services, job_id: str, kind: ArtifactKind, *, asked_before: bool) -> Response:
    """Have a worker make a format, and say so."""
    if asked_before:
        with services.database.read() as session:
            force = workers.workforce(session)
    else:
        with services.database.write() as session:
            succeeded_job(jobs.get(session, job_id))  # it may have been deleted meanwhile
            format_requests.ask(session, job_id, kind)
            force = workers.workforce(session)
    how = f"a worker makes the {kind} file when it is first asked for"
    detail = when_to_ask_again(how, force)
    pending = PendingFormat(job=job_id, format=kind, detail=detail)
    headers = {"Retry-After": str(LOOK_AGAIN_SECONDS)}
    return Response(
        pending.model_dump_json(), status_code=202, headers=headers, media_type="application/json"
    )


def when_to_ask_again(how: str, force: Workforce) -> str:
    """How a worker comes to make something, and when it may be there."""
    if force.children:
        return f"{how}: ask again in some seconds"
    return f"{how}, and no worker runs at present: ask again when one does"


def _chunks(services: Services, file: Artifact) -> Iterator[bytes]:
    """The file. Its last piece is held back until the checksum of all of it is right: a file that is damaged ends
    early, which the client notices by its length.
    """
    digest, held = hashlib.sha256(), b""
    with services.artifacts.open(file) as handle:
        while chunk := handle.read(_CHUNK):
            digest.update(chunk)
            if held:
                yield held
            held = chunk
    if digest.hexdigest() != file.sha256:
        raise ArtifactError(
            f"the {file.kind} file of job {file.job_id} is damaged: it does not match its checksum"
        )
    yield held


def _chain(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _format(job_id: str, kind: ArtifactKind, file: Artifact | None) -> ModelFormat:
    return ModelFormat(
        format=kind,
        media_type=kind.media_type if file is None else file.media_type,
        bytes=None if file is None else file.bytes,
        sha256=None if file is None else file.sha256,
        url=f"{job_url(job_id)}/model/{kind}",
    )


def _size(variable: VariableDocument) -> int:
    size = 1
    for length in variable.shape:
        size *= length
    return size
