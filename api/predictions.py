"""``/jobs/{id}/predict``: what a trained network says about images."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import orjson
from fastapi import APIRouter, HTTPException, Query, Request, Response
from sqlalchemy import and_, bindparam, select

from api import examples, schemas
from api.bodies import RawBody, media_type
from api.parameters import JobPath
from api.problems import error_answers
from api.services import Services, ServicesDependency
from normlab.errors import NotFoundError, StateError
from normlab.serving import Invert, OnnxModel, Prediction, image_to_batch, parse_instances, predict
from normlab.settings import Settings
from normlab.spec import DATASETS, DatasetInfo, DatasetName
from normlab.store import Artifact, ArtifactKind, Job, JobState
from normlab.store.artifacts import StoredFile

router = APIRouter(prefix="/jobs", tags=["predictions"])

_JSON = "application/json"
_IMAGES = ("image/png", "image/jpeg")
_BODY = {
    "required": True,
    "content": {
        _JSON: {"schema": {"$ref": f"#/components/schemas/{schemas.Instances.__name__}"}},
        **{kind: {"schema": {"type": "string", "format": "binary"}} for kind in _IMAGES},
    },
}


# One query, put together once: whether the job can predict, and where its model is.
_SERVED = (
    select(
        Job.state,
        Job.spec,
        Artifact.kind,
        Artifact.path,
        Artifact.sha256,
        Artifact.bytes,
        Artifact.media_type,
    )
    .outerjoin(Artifact, and_(Artifact.job_id == Job.id, Artifact.kind == ArtifactKind.ONNX))
    .where(Job.id == bindparam("job_id"))
)


@dataclass(frozen=True)
class _Served:
    """What answers predictions for a job."""

    model: OnnxModel
    dataset: DatasetInfo


@router.post(
    "/{job_id}/predict",
    summary="Classify images",
    response_class=Response,
    responses={
        200: {
            "model": schemas.Predictions,
            "description": "One prediction for each image.",
            "content": {_JSON: {"example": examples.PREDICTIONS}},
        },
        **error_answers(404, 409, 413, 415, 422, 503),
    },
    openapi_extra={"requestBody": _BODY},
)
def classify(
    services: ServicesDependency,
    request: Request,
    job_id: JobPath,
    body: RawBody,
    *,
    invert: Annotated[
        Invert,
        Query(
            description="For an image body: whether light and dark change places; `auto` looks at the border."
        ),
    ] = Invert.NEVER,
    top_k: Annotated[int, Query(ge=0, le=1000, description="Also give so many of the best classes.")] = 0,
) -> Response:
    """Raw pixels as JSON (`{"instances": [...]}`, each image nested or flat), or one PNG or JPEG as the body.

    Pixels are the dataset's own (0 to 255; 0 to 16 for digits): the scaling is part of the model. A picture
    is made grey if the dataset is, fitted into its size with the proportions kept, and padded with black.
    """
    served = _serve(services, job_id)
    batch = _batch(services.settings, media_type(request), body, served.dataset, invert)
    predictions = predict(served.model, batch, served.dataset.classes, top_k=top_k)
    return Response(_answer(job_id, predictions), media_type=_JSON)


def _serve(services: Services, job_id: str) -> _Served:
    """The job's model and dataset. The database is asked each time, so a deleted job answers no more."""
    with services.database.read() as session:
        # On the connection: rows are enough, and the ORM would take as long again as the query.
        found = session.connection().execute(_SERVED, {"job_id": job_id}).one_or_none()
    if found is None:
        raise NotFoundError(f"there is no job {job_id}")
    state, spec, *file = found
    if state is not JobState.SUCCEEDED:
        raise StateError(f"job {job_id} is {state}: only a job that has succeeded can predict")
    if file[0] is None:
        raise StateError(f"job {job_id} cannot predict: its network could not be exported to ONNX")
    stored = StoredFile(*file)
    model = services.models.get(stored.sha256, lambda: services.artifacts.read(stored))
    return _Served(model, DATASETS[DatasetName(spec["dataset"]["name"])])


def _batch(
    settings: Settings, kind: str, body: bytes, dataset: DatasetInfo, invert: Invert
) -> npt.NDArray[np.float32]:
    if kind == _JSON:
        return parse_instances(
            body, shape=dataset.shape, pixel_max=dataset.pixel_max, max_instances=settings.max_instances
        )
    if kind in _IMAGES:
        return image_to_batch(
            body,
            shape=dataset.shape,
            pixel_max=dataset.pixel_max,
            max_pixels=settings.max_image_pixels,
            invert=invert,
        )
    raise HTTPException(
        415, f"send {_JSON}, {' or '.join(_IMAGES)}, and say which with the header Content-Type"
    )


def _answer(job_id: str, predictions: Sequence[Prediction]) -> bytes:
    documents = [
        {
            "label": item.label,
            "class": item.class_name,
            "probability": item.probability,
            "probabilities": item.probabilities,
            **({"top_k": _top_k(item)} if item.top_k else {}),
        }
        for item in predictions
    ]
    return orjson.dumps({"job": job_id, "predictions": documents}, option=orjson.OPT_SERIALIZE_NUMPY)


def _top_k(item: Prediction) -> list[dict[str, Any]]:
    return [
        {"label": score.label, "class": score.class_name, "probability": score.probability}
        for score in item.top_k
    ]
