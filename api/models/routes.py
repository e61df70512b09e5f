"""``/models``: names for trained networks, with numbered versions and a way back."""

import re
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Query, Response
from pydantic import AfterValidator

from api.http.bodies import JsonBody, described_body, validated
from api.http.ids import MODEL_NAME
from api.http.pagination import DEFAULT_PAGE, PageLimit, link_header
from api.http.parameters import Findable, of_pattern
from api.http.problems import error_answers
from api.http.root_path import address
from api.http.services import ServicesDependency
from api.jobs.documents import job_url
from api.models.schemas import ModelReference, Rollback
from normlab.documents.identifiers import MODEL_NAME_PATTERN
from normlab.documents.named_models import (
    ModelChangeDocument,
    ModelVersionDocument,
    NamedModelDocument,
    NamedModelLinks,
    NamedModelList,
)
from normlab.errors import NotFoundError
from normlab.store import NamedModel
from normlab.store.identifiers import possible_id
from normlab.store.models import names as named_models

router = APIRouter(prefix="/models", tags=["models"])

_NAME = Path(
    description="Letters, digits, `.`, `_` and `-`, at most 100; not beginning with `job_`.",
    examples=[MODEL_NAME],
    json_schema_extra=of_pattern(MODEL_NAME_PATTERN),
)


def _possible_name(name: str) -> str:
    """The name itself if it can be one; what cannot be there is not looked for."""
    if not re.fullmatch(MODEL_NAME_PATTERN, name):
        raise NotFoundError(f"there is no model {name!r}")
    return name


NewName = Annotated[str, _NAME]
Version = Annotated[int, Path(ge=1, description="The version's number.", examples=[1])]
ModelName = Annotated[str, AfterValidator(_possible_name), _NAME]


@router.put(
    "/{name}",
    summary="Point a name at a job",
    responses={
        201: {"model": NamedModelDocument, "description": "The name is new."},
        **error_answers(400, 404, 409, 413, 415, 422, 503),
    },
    openapi_extra=described_body(ModelReference),
)
def point_model(
    services: ServicesDependency,
    response: Response,
    name: NewName,
    body: JsonBody,
) -> NamedModelDocument:
    """The job becomes the name's next version; requests by this name are answered by it from now on.

    Nothing changes when the name stands for this job already.
    """
    _refuse_impossible(name)
    job_id = possible_id(validated(ModelReference, body).job)
    with services.database.write() as session:
        model, is_new = named_models.point(session, name, job_id)
        if is_new:
            response.status_code = 201
            response.headers["Location"] = _url(name)
        return _document(model)


@router.get("", summary="List the names", responses=error_answers(422, 503))
def list_models(
    services: ServicesDependency,
    response: Response,
    *,
    limit: PageLimit = DEFAULT_PAGE,
    cursor: Annotated[Findable | None, Query(description="From the `next` of the page before.")] = None,
) -> NamedModelList:
    """By the alphabet."""
    with services.database.read() as session:
        models: Sequence[NamedModel] = named_models.page(session, limit=limit, after=cursor)
        documents = [_document(model) for model in models[:limit]]
    following = documents[-1].name if len(models) > limit else None
    response.headers.update(link_header("/models", {"limit": limit}, following))
    return NamedModelList(data=documents, has_more=following is not None, next=following)


@router.get("/{name}", summary="Look up a name", responses=error_answers(404, 503))
def get_model(services: ServicesDependency, name: ModelName) -> NamedModelDocument:
    """Its versions, its history, and where it answers."""
    with services.database.read() as session:
        return _document(named_models.get(session, name))


@router.post(
    "/{name}/rollback",
    summary="Go back to an earlier version",
    responses=error_answers(400, 404, 409, 413, 415, 422, 503),
    openapi_extra=described_body(Rollback),
)
def roll_back_model(
    services: ServicesDependency,
    name: ModelName,
    body: JsonBody,
) -> NamedModelDocument:
    """The name stands for the given version again, without one for the version before the present one (`{}`)."""
    version = validated(Rollback, body).version
    with services.database.write() as session:
        return _document(named_models.roll_back(session, name, version))


@router.delete("/{name}", status_code=204, summary="Delete a name", responses=error_answers(404, 503))
def delete_model(services: ServicesDependency, name: ModelName) -> None:
    """Its versions and history go with it; the jobs stay."""
    with services.database.write() as session:
        named_models.delete(session, name)


@router.delete(
    "/{name}/versions/{version}",
    status_code=204,
    summary="Delete a version",
    responses=error_answers(404, 409, 422, 503),
)
def delete_model_version(services: ServicesDependency, name: ModelName, version: Version) -> None:
    """Its job stays. 409 for the version that the name stands for."""
    with services.database.write() as session:
        named_models.delete_version(session, name, version)


def _refuse_impossible(name: str) -> None:
    if not re.fullmatch(MODEL_NAME_PATTERN, name):
        raise HTTPException(
            422,
            f"{name!r} cannot be a model's name: use letters, digits, `.`, `_` and `-`, at most 100, "
            "beginning with a letter or digit, and not with `job_`",
        )


def _url(name: str) -> str:
    return address(f"/models/{name}")


def _document(model: NamedModel) -> NamedModelDocument:
    versions = [
        ModelVersionDocument(version=item.version, job=item.job_id, created_at=item.created_at)
        for item in model.versions
    ]
    job = next(item.job for item in versions if item.version == model.version)
    return NamedModelDocument(
        name=model.name,
        version=model.version,
        job=job,
        created_at=model.created_at,
        updated_at=model.updated_at,
        versions=versions,
        history=[
            ModelChangeDocument(number=item.number, change=item.kind, version=item.version, at=item.at)
            for item in model.changes
        ],
        links=NamedModelLinks(
            self=_url(model.name),
            job=job_url(job),
            predict=f"{_url(model.name)}/predict",
            open_inference=address(f"/v2/models/{model.name}"),
            tensorflow_serving=address(f"/v1/models/{model.name}"),
        ),
    )
