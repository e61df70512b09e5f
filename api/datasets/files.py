"""The files of datasets in the artifact store: pictures to be shown, and what is to be deleted."""

import logging
from collections.abc import Iterable

from fastapi import APIRouter, Response

from api.datasets.parameters import PicturePath, UploadedPath, VersionPath
from api.http.etags import NOT_MODIFIED, IfNoneMatch, is_known
from api.http.media_types import PNG
from api.http.problems import error_answers
from api.http.services import Services, ServicesDependency
from normlab.errors import ArtifactError, NotFoundError
from normlab.store.datasets import versions
from normlab.store.datasets.versions import PICTURES, UPLOADS

router = APIRouter(prefix="/datasets", tags=["datasets"])

_log = logging.getLogger(__name__)
_ANSWERS = {
    200: {
        "description": "The picture.",
        "content": {PNG: {"schema": {"type": "string", "format": "binary"}}},
    },
    **NOT_MODIFIED,
    **error_answers(404, 410, 422, 503),
}


@router.get(
    "/{name}/pictures/{which}",
    summary="A picture of the newest version's card",
    response_class=Response,
    responses=_ANSWERS,
)
def get_picture(
    services: ServicesDependency, name: UploadedPath, which: PicturePath, if_none_match: IfNoneMatch = None
) -> Response:
    """As PNG; the card names those that there are."""
    return _picture(services, name, None, which, if_none_match)


@router.get(
    "/{name}/versions/{version}/pictures/{which}",
    summary="A picture of a version's card",
    response_class=Response,
    responses=_ANSWERS,
)
def get_version_picture(
    services: ServicesDependency,
    name: UploadedPath,
    version: VersionPath,
    which: PicturePath,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """As PNG; the card names those that there are."""
    return _picture(services, name, version, which, if_none_match)


def delete_files(services: Services, dataset_ids: Iterable[str]) -> None:
    """Delete what the artifact store has of versions that are deleted or cancelled."""
    for dataset_id in dataset_ids:
        try:
            services.artifacts.delete(dataset_id)
            services.artifacts.delete_file(f"{UPLOADS}/{dataset_id}")
        except OSError:
            # The version is gone all the same; files that nobody points at any more cost space and nothing else.
            _log.exception("files of dataset %s could not be deleted", dataset_id)


def _picture(
    services: Services, name: str, version: int | None, which: str, if_none_match: str | None
) -> Response:
    with services.database.read() as session:
        row = versions.get(session, name, version)
        file = versions.files(session, row.id).get(f"{PICTURES}{which}")
    if file is None:
        raise NotFoundError(f"version {row.version} of dataset {name} has no picture {which}")
    headers = {"ETag": f'"{file.sha256}"', "Cache-Control": "no-cache"}
    if is_known(headers["ETag"], if_none_match):
        return Response(status_code=304, headers=headers)
    what = f"picture {which} of dataset {name}"
    with services.artifacts.open_file(file.path, what) as handle:
        content = handle.read()
    if len(content) != file.bytes:
        raise ArtifactError(f"{what} is damaged")
    return Response(content, media_type=PNG, headers=headers)
