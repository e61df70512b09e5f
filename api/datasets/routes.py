"""``/datasets``: bring one, look it up, list, cancel, delete."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from api.datasets import examples
from api.datasets.documents import dataset_document, summary_document, version_url
from api.datasets.files import delete_files
from api.datasets.parameters import DatasetPath, UploadedPath, VersionPath, options_in_the_query
from api.datasets.uploads import Upload, receive
from api.http.bodies import validated
from api.http.etags import NOT_MODIFIED, IfNoneMatch, tagged_answer
from api.http.failures import invalid_request
from api.http.idempotency import IdempotencyKey, create_once
from api.http.media_types import BYTES, FORM, JSON
from api.http.problems import error_answers
from api.http.queries import query_problem
from api.http.services import Services, ServicesDependency
from normlab.documents.dataset_versions import DatasetDocument, DatasetList, DatasetOrBuiltIn, DatasetVersions
from normlab.errors import Problem
from normlab.spec import DATASETS, DatasetName
from normlab.spec.dataset_names import DATASET_NAME_PATTERN, new_dataset_name
from normlab.spec.dataset_options import DatasetOptions
from normlab.store import DatasetState, deletion
from normlab.store.datasets import checks, versions
from normlab.store.identifiers import new_id

router = APIRouter(prefix="/datasets", tags=["datasets"])

_NAME = "name"
_FILE_SCHEMA = {"type": "string", "format": "binary"}
_BODY = {
    "required": True,
    "content": {
        BYTES: {"schema": _FILE_SCHEMA},
        FORM: {
            "schema": {
                "type": "object",
                "required": ["file"],
                "additionalProperties": False,
                "properties": {
                    "file": _FILE_SCHEMA,
                    "name": {"type": "string", "pattern": f"^{DATASET_NAME_PATTERN}$"},
                    **{
                        option: {"type": "string", "description": field.description}
                        for option, field in DatasetOptions.model_fields.items()
                    },
                },
            }
        },
    },
}


@router.post(
    "",
    status_code=202,
    summary="Add a dataset",
    response_model=DatasetDocument,
    responses={
        202: {
            "description": "The file is stored, and a worker is going to check it.",
            "headers": {"Location": {"description": "Where the version is.", "schema": {"type": "string"}}},
        },
        **error_answers(400, 413, 422, 503, 507),
    },
    openapi_extra={"requestBody": _BODY},
)
async def add_dataset(
    services: ServicesDependency,
    request: Request,
    options: Annotated[dict[str, Any], Depends(options_in_the_query())],
    *,
    name: Annotated[
        str | None,
        Query(
            description="A new name, or one that gets its next version.",
            examples=[examples.DATASET_NAME],
            json_schema_extra={"pattern": f"^{DATASET_NAME_PATTERN}$"},
        ),
    ] = None,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Send the file as the body, or in a form's field `file`; options in the query, or as fields of the form.

    A worker finds out what it is by its content (npz, IDX, CSV, Parquet, a zip of folders with pictures, …), looks for
    what is wrong with it, and makes it `ready` or `refused`. A name that is there gets its next version.
    """
    if name is not None:
        _refuse_name(name, query_problem(_NAME, "{}"))
    dataset_id = new_id("ds")
    upload = await receive(request, services.artifacts, dataset_id, {_NAME, *DatasetOptions.model_fields})
    document = await run_in_threadpool(
        _store, services, dataset_id, upload, {"name": name, **options}, idempotency_key
    )
    return JSONResponse(
        document,
        status_code=202,
        headers={"Location": version_url(document["name"], document["version"])},
    )


def _store(
    services: Services, dataset_id: str, upload: Upload, given: dict[str, Any], key: str | None
) -> dict[str, Any]:
    """The new version's document, or the one that was answered to this key before."""
    created = False

    def create(session: Session) -> dict[str, Any]:
        nonlocal created
        created = True
        row = versions.create(session, dataset_id, name, upload.source, options.model_dump(mode="json"))
        return dataset_document(row).model_dump(mode="json")

    stored = False
    try:
        name, options = _read(upload, given)
        asked = {"dataset": name, "options": options.model_dump(mode="json"), "sha256": upload.source.sha256}
        document = create_once(services.database, key, asked, create)
        stored = created
    finally:
        if not stored:
            delete_files(services, [dataset_id])
    return document


def _read(upload: Upload, given: dict[str, Any]) -> tuple[str, DatasetOptions]:
    """The name and the options, from the query and the form."""
    options = {key: value for key, value in given.items() if value is not None}
    if twice := sorted(options.keys() & upload.fields.keys()):
        raise invalid_request([Problem(f"/{each}", "is in the query, too: send it once") for each in twice])
    options |= upload.fields
    name = options.pop(_NAME, None)
    if name is None:
        raise invalid_request(
            [query_problem(_NAME, "is missing: a dataset needs a name, as in POST /datasets?name=parts")]
        )
    _refuse_name(name, Problem("/name", "{}"))
    return name, validated(DatasetOptions, options)


def _refuse_name(name: str, problem: Problem) -> None:
    try:
        new_dataset_name(name)
    except ValueError as error:
        raise invalid_request([Problem(problem.pointer, problem.detail.format(error))]) from None


@router.get("", summary="List the datasets", responses=error_answers(503))
def list_datasets(services: ServicesDependency) -> DatasetList:
    """The built-in ones with their shapes and classes, then the newest version of each that was added."""
    with services.database.read() as session:
        added = [summary_document(row) for row in versions.newest(session)]
    return DatasetList(data=(*DATASETS.values(), *added))


@router.get(
    "/{name}",
    summary="Look up a dataset",
    response_model=DatasetOrBuiltIn,
    responses={**NOT_MODIFIED, **error_answers(404, 503)},
)
def get_dataset(
    services: ServicesDependency, name: DatasetPath, if_none_match: IfNoneMatch = None
) -> Response:
    """Its newest version: how far its check is, or its data card. Of a built-in one its shape and classes."""
    if name in DATASETS:
        return _tagged(DATASETS[DatasetName(name)], if_none_match)
    with services.database.read() as session:
        document = dataset_document(versions.get(session, name))
    return _tagged(document, if_none_match)


@router.get("/{name}/versions", summary="List a dataset's versions", responses=error_answers(404, 503))
def list_versions(services: ServicesDependency, name: UploadedPath) -> DatasetVersions:
    """The newest first."""
    with services.database.read() as session:
        rows = versions.of_name(session, name)
        if not rows:
            raise versions.why_missing(session, name, None)
    return DatasetVersions(data=tuple(map(summary_document, rows)))


@router.get(
    "/{name}/versions/{version}",
    summary="Look up a version",
    response_model=DatasetDocument,
    responses={**NOT_MODIFIED, **error_answers(404, 422, 503)},
)
def get_version(
    services: ServicesDependency, name: UploadedPath, version: VersionPath, if_none_match: IfNoneMatch = None
) -> Response:
    """How far its check is, or its data card."""
    with services.database.read() as session:
        document = dataset_document(versions.get(session, name, version))
    return _tagged(document, if_none_match)


def _tagged(document: BaseModel, if_none_match: str | None) -> Response:
    return tagged_answer(document.model_dump_json().encode(), JSON, if_none_match)


_CANCELLED: dict[int | str, dict[str, Any]] = {
    200: {"model": DatasetDocument, "description": "It was cancelled before."}
}


@router.post(
    "/{name}/cancel",
    status_code=202,
    summary="Cancel the newest version's check",
    responses={**_CANCELLED, **error_answers(404, 409, 503)},
)
def cancel_dataset(services: ServicesDependency, response: Response, name: UploadedPath) -> DatasetDocument:
    """At once if no worker is at it, else within seconds. 409 when it is checked to the end."""
    return _cancel(services, response, name, None)


@router.post(
    "/{name}/versions/{version}/cancel",
    status_code=202,
    summary="Cancel a version's check",
    responses={**_CANCELLED, **error_answers(404, 409, 422, 503)},
)
def cancel_version(
    services: ServicesDependency, response: Response, name: UploadedPath, version: VersionPath
) -> DatasetDocument:
    """At once if no worker is at it, else within seconds. 409 when it is checked to the end."""
    return _cancel(services, response, name, version)


def _cancel(services: Services, response: Response, name: str, version: int | None) -> DatasetDocument:
    with services.database.write() as session:
        if versions.get(session, name, version).state is DatasetState.CANCELLED:
            response.status_code = 200
        document = dataset_document(checks.request_cancel(session, name, version))
    if document.state is DatasetState.CANCELLED:
        delete_files(services, [document.id])
    return document


@router.delete("/{name}", status_code=204, summary="Delete a dataset", responses=error_answers(404, 409, 503))
def delete_dataset(services: ServicesDependency, name: UploadedPath) -> None:
    """All its versions. 409 while one is used by a job or a comparison, or is being checked."""
    _delete(services, name, None)


@router.delete(
    "/{name}/versions/{version}",
    status_code=204,
    summary="Delete a version",
    responses=error_answers(404, 409, 422, 503),
)
def delete_version(services: ServicesDependency, name: UploadedPath, version: VersionPath) -> None:
    """409 while a job or a comparison uses it, or it is being checked."""
    _delete(services, name, version)


def _delete(services: Services, name: str, version: int | None) -> None:
    with services.database.write() as session:
        gone = deletion.delete_dataset(session, name, version)
    delete_files(services, gone)
