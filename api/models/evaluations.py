"""``/jobs/{id}/evaluate``: how well a trained network does on the samples that were held out."""

import io
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
from fastapi import APIRouter, Request, Response

from api.http.bodies import OptionalJsonBody, described_body, invalid_body, validated
from api.http.media_types import CHART_IMAGES, CHARTS, JSON, VEGA_LITE
from api.http.negotiation import preferred_media_type
from api.http.parameters import JobPath
from api.http.problems import error_answers
from api.http.services import Services, ServicesDependency
from api.inference.predict import image_url
from api.models.downloads import succeeded_job, why_missing
from api.models.schemas import EvaluationRequest
from normlab import analysis
from normlab.analysis.classification import Classification, classification
from normlab.documents.evaluations import EvaluationDocument, Split
from normlab.errors import StateError
from normlab.serving import seen_by_the_model
from normlab.spec import DatasetFacts, DatasetSpec
from normlab.store import ArtifactKind, Job, artifacts
from normlab.store.jobs import jobs

router = APIRouter(prefix="/jobs", tags=["predictions"])

_Arrays = dict[str, npt.NDArray[Any]]


@router.post(
    "/{job_id}/evaluate",
    summary="Evaluate a trained network",
    response_class=Response,
    responses={
        200: {
            "model": EvaluationDocument,
            "description": "The figures, or the confusion matrix as a chart.",
            "content": {kind: {} for kind in CHARTS},
        },
        **error_answers(400, 404, 406, 409, 410, 413, 415, 422, 503),
    },
    openapi_extra=described_body(EvaluationRequest, required=False),
)
def evaluate_job(
    services: ServicesDependency, request: Request, job_id: JobPath, body: OptionalJsonBody
) -> Response:
    """Accuracy, precision, recall and F1 of each class, confusion matrix, and the most confident mistakes.

    On the test or validation samples of the dataset that the job was trained on; the worker has kept what the
    network says about each. The confusion matrix as a chart by `Accept`: `image/png`, `image/svg+xml`, Vega-Lite.
    """
    media_type = preferred_media_type(request, (JSON, *CHARTS))
    wanted = validated(EvaluationRequest, body)
    job, arrays = _read(services, job_id)
    dataset = DatasetSpec.model_validate(job.spec["dataset"])
    if wanted.dataset not in (None, dataset.name):
        sentence = (
            f"job {job_id} was trained on {dataset.label}: what it says about other datasets is not known"
        )
        raise invalid_body("dataset", sentence=sentence)
    kept = _of_split(arrays, wanted.split)
    if not kept:
        raise invalid_body("split", sentence=f"job {job_id} has no {wanted.split} samples")
    figures = classification(kept["labels"], kept["predicted"], dataset.info.classes)
    headers = {"Vary": "Accept"}
    if media_type == JSON:
        document = _document(job_id, wanted, dataset, figures, kept)
        return Response(document.model_dump_json(by_alias=True), media_type=JSON, headers=headers)
    from normlab.analysis.charts.confusion import confusion_matrix  # noqa: PLC0415 - altair takes a second

    chart = confusion_matrix(figures, f"{job.name or job_id}, {wanted.split} samples")
    if media_type == VEGA_LITE:
        return Response(orjson.dumps(chart), media_type=VEGA_LITE, headers=headers)
    return Response(analysis.render(chart, CHART_IMAGES[media_type]), media_type=media_type, headers=headers)


def _read(services: Services, job_id: str) -> tuple[Job, _Arrays]:
    """The job, and what its network says about the samples that were held out."""
    with services.database.read() as session:
        job = succeeded_job(jobs.get(session, job_id))
        file = artifacts.get(session, job_id, ArtifactKind.EVALUATION)
    if file is None:
        raise StateError(f"job {job_id} cannot be evaluated: {why_missing(job, ArtifactKind.EVALUATION)}")
    with np.load(io.BytesIO(services.artifacts.read(file)), allow_pickle=False) as arrays:
        return job, dict(arrays)


def _of_split(arrays: _Arrays, split: Split) -> _Arrays:
    prefix = f"{split}_"
    return {name.removeprefix(prefix): values for name, values in arrays.items() if name.startswith(prefix)}


def _document(
    job_id: str,
    wanted: EvaluationRequest,
    dataset: DatasetSpec,
    figures: Classification,
    kept: _Arrays,
) -> EvaluationDocument:
    return EvaluationDocument.model_validate(
        {
            "job": job_id,
            "dataset": dataset.name,
            "dataset_version": dataset.version,
            "split": wanted.split,
            "samples": len(kept["labels"]),
            "accuracy": figures.accuracy,
            "macro_f1": figures.macro_f1,
            "classes": [{**vars(item), "class": item.class_name} for item in figures.classes],
            "confusion_matrix": figures.confusion.tolist(),
            "mistakes": [_mistake(dataset.info, kept, place) for place in range(len(kept["mistakes"]))][
                : wanted.mistakes
            ],
        }
    )


def _mistake(dataset: DatasetFacts, kept: _Arrays, place: int) -> dict[str, Any]:
    sample = int(kept["mistakes"][place])
    label, predicted = int(kept["labels"][sample]), int(kept["predicted"][sample])
    pixels = kept["mistake_pixels"][place].astype(np.float32)
    return {
        "sample": sample,
        "label": label,
        "class": dataset.classes[label],
        "predicted": {
            "label": predicted,
            "class": dataset.classes[predicted],
            "probability": float(kept["confidence"][sample]),
        },
        "probabilities": kept["mistake_probabilities"][place].tolist(),
        "image": image_url(seen_by_the_model(pixels, dataset.pixel_max)),
    }
