"""``/jobs/{id}/evaluate``: how well a trained network does on the samples that were held out."""

import io
from dataclasses import dataclass
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
from api.models import numbers
from api.models.downloads import LOOK_AGAIN_SECONDS, succeeded_job, when_to_ask_again, why_missing
from api.models.evaluated_on import dataset_for
from api.models.schemas import EvaluationRequest
from normlab import analysis
from normlab.analysis.calibration import Calibration, calibration
from normlab.analysis.classification import Classification, classification
from normlab.documents.evaluations import (
    ChartKind,
    EvaluationDocument,
    NumberEvaluation,
    PendingEvaluation,
    Split,
)
from normlab.errors import StateError
from normlab.serving import TableReader, seen_by_the_model
from normlab.spec import DatasetSpec
from normlab.spec.class_names import match_classes
from normlab.store import Artifact, ArtifactKind, Job, artifacts, evaluations
from normlab.store.artifacts import StoredFile
from normlab.store.jobs import jobs, workers

router = APIRouter(prefix="/jobs", tags=["predictions"])

_Arrays = dict[str, npt.NDArray[Any]]


@router.post(
    "/{job_id}/evaluate",
    summary="Evaluate a trained network",
    response_class=Response,
    responses={
        200: {
            "model": EvaluationDocument | NumberEvaluation,
            "description": "The figures, or the confusion matrix or the reliability of the probabilities as a chart; "
            "of a network that predicts numbers errors, or predicted against right numbers.",
            "content": {kind: {} for kind in CHARTS},
        },
        202: {
            "model": PendingEvaluation,
            "description": "Another dataset is evaluated when somebody first asks for it, and is being evaluated.",
            "headers": {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}},
        },
        **error_answers(400, 404, 406, 409, 410, 413, 415, 422, 503),
    },
    openapi_extra=described_body(EvaluationRequest, required=False),
)
def evaluate_job(
    services: ServicesDependency, request: Request, job_id: JobPath, body: OptionalJsonBody
) -> Response:
    """Accuracy, precision, recall and F1 of each class, calibration, confusion matrix, and the most confident mistakes.

    On the test or validation samples of the dataset that the job was trained on; the worker has kept what the
    network says about each. On another `dataset` of the same shape and number of classes a worker evaluates when it is
    first asked for: 202, ask again after the seconds of `Retry-After`. The `chart` by `Accept`: `image/png`,
    `image/svg+xml`, Vega-Lite.
    """
    media_type = preferred_media_type(request, (JSON, *CHARTS))
    wanted = validated(EvaluationRequest, body)
    evaluated = _evaluated(services, job_id, wanted)
    if isinstance(evaluated, PendingEvaluation):
        again = {"Retry-After": str(LOOK_AGAIN_SECONDS)}
        return Response(evaluated.model_dump_json(), status_code=202, headers=again, media_type=JSON)
    kept = _of_split(evaluated.arrays, wanted.split)
    if not kept:
        raise invalid_body("split", sentence=f"job {job_id} has no {wanted.split} samples")
    if "targets" in kept:
        return numbers.answer(
            evaluated.job.id,
            evaluated.trained_on,
            wanted,
            kept,
            media_type=media_type,
            title=_title(evaluated, wanted),
        )
    if wanted.chart is ChartKind.PREDICTED:
        raise invalid_body(
            "chart", sentence=f"job {job_id} predicts classes: ask for confusion or reliability"
        )
    figures = classification(kept["labels"], kept["predicted"], evaluated.trained_on.info.classes)
    headers = {"Vary": "Accept"}
    if media_type == JSON:
        document = _document(wanted, evaluated, figures, kept)
        return Response(document.model_dump_json(by_alias=True), media_type=JSON, headers=headers)
    try:
        chart = _chart(wanted.chart, figures, kept, _title(evaluated, wanted))
    except ValueError as error:
        raise StateError(f"the classes of job {job_id} are too many: {error}; ask for JSON") from error
    if media_type == VEGA_LITE:
        return Response(orjson.dumps(chart), media_type=VEGA_LITE, headers=headers)
    return Response(analysis.render(chart, CHART_IMAGES[media_type]), media_type=media_type, headers=headers)


def _chart(kind: ChartKind | None, figures: Classification, kept: _Arrays, title: str) -> dict[str, Any]:
    from normlab.analysis.charts.confusion import confusion_matrix  # noqa: PLC0415 - altair takes a second
    from normlab.analysis.charts.reliability import reliability  # noqa: PLC0415

    if kind is ChartKind.RELIABILITY:
        return reliability(_fit(kept), figures.accuracy, title)
    return confusion_matrix(figures, title)


@dataclass(frozen=True)
class _Evaluated:
    """What a job's network says about a dataset."""

    job: Job
    trained_on: DatasetSpec
    dataset: DatasetSpec
    arrays: _Arrays


def _title(evaluated: _Evaluated, wanted: EvaluationRequest) -> str:
    elsewhere = "" if evaluated.dataset is evaluated.trained_on else f" of {evaluated.dataset.label}"
    return f"{evaluated.job.name or evaluated.job.id}, {wanted.split} samples{elsewhere}"


def _evaluated(services: Services, job_id: str, wanted: EvaluationRequest) -> _Evaluated | PendingEvaluation:
    """What the network says about its own dataset or the one that is wanted."""
    with services.database.read() as session:
        job = succeeded_job(jobs.get(session, job_id))
        file = artifacts.get(session, job_id, ArtifactKind.EVALUATION)
    own = DatasetSpec.model_validate(job.spec["dataset"])
    dataset = dataset_for(services, job_id, own, wanted.dataset)
    if dataset is own:
        if file is None:
            why = why_missing(job, ArtifactKind.EVALUATION)
            raise StateError(f"job {job_id} cannot be evaluated: {why}")
        return _Evaluated(job, own, own, _arrays(services, file))
    with services.database.read() as session:
        key = evaluations.key_of(session, dataset)
        evaluation = evaluations.get(session, job_id, key)
    if evaluation is not None and evaluation.file is not None:
        return _Evaluated(job, own, dataset, _arrays(services, evaluation.file))
    waits = evaluation is not None and evaluation.error is None
    return _ask_for(services, job_id, dataset, key, waits=waits)


def _ask_for(
    services: Services, job_id: str, dataset: DatasetSpec, key: str, *, waits: bool
) -> PendingEvaluation:
    """Have a worker evaluate unless that waits already, and say so. An error is told once; who asks again has it tried
    again."""
    if waits:
        with services.database.read() as session:
            force = workers.workforce(session)
    else:
        with services.database.write() as session:
            succeeded_job(jobs.get(session, job_id))  # it may have been deleted meanwhile
            evaluations.ask(session, job_id, key)
            error = evaluations.take_error(session, job_id, key)
            force = workers.workforce(session)
        if error is not None:
            raise StateError(f"job {job_id} could not be evaluated on {dataset.label}: {error}")
    detail = when_to_ask_again(f"a worker evaluates on {dataset.label} when it is first asked for", force)
    return PendingEvaluation(job=job_id, dataset=dataset.name, dataset_version=dataset.version, detail=detail)


def _arrays(services: Services, file: Artifact | StoredFile) -> _Arrays:
    with np.load(io.BytesIO(services.artifacts.read(file)), allow_pickle=False) as arrays:
        return dict(arrays)


def _of_split(arrays: _Arrays, split: Split) -> _Arrays:
    prefix = f"{split}_"
    return {name.removeprefix(prefix): values for name, values in arrays.items() if name.startswith(prefix)}


def _document(
    wanted: EvaluationRequest,
    evaluated: _Evaluated,
    figures: Classification,
    kept: _Arrays,
) -> EvaluationDocument:
    remark = match_classes(evaluated.dataset, evaluated.trained_on).remark
    return EvaluationDocument.model_validate(
        {
            "job": evaluated.job.id,
            "dataset": evaluated.dataset.name,
            "dataset_version": evaluated.dataset.version,
            "trained_on": evaluated.trained_on.name,
            "remarks": () if remark is None else (remark,),
            "split": wanted.split,
            "samples": len(kept["labels"]),
            "accuracy": figures.accuracy,
            "balanced_accuracy": figures.balanced_accuracy,
            "macro_f1": figures.macro_f1,
            "cross_entropy": _number(kept, "cross_entropy"),
            "brier_score": _number(kept, "brier_score"),
            "calibration": _fit(kept),
            "classes": [{**vars(item), "class": item.class_name} for item in figures.classes],
            "confusion_matrix": [] if figures.confusion is None else figures.confusion.tolist(),
            "mistakes": [_mistake(evaluated, kept, place) for place in range(len(kept["mistakes"]))][
                : wanted.mistakes
            ],
        }
    )


def _fit(kept: _Arrays) -> Calibration:
    return calibration(kept["confidence"], kept["labels"] == kept["predicted"])


def _number(kept: _Arrays, name: str) -> float | None:
    return float(kept[name]) if name in kept else None


def _mistake(evaluated: _Evaluated, kept: _Arrays, place: int) -> dict[str, Any]:
    classes = evaluated.trained_on.info.classes
    sample = int(kept["mistakes"][place])
    label, predicted = int(kept["labels"][sample]), int(kept["predicted"][sample])
    pixels = kept["mistake_pixels"][place].astype(np.float32)
    columns = evaluated.dataset.columns
    return {
        "sample": sample,
        "label": label,
        "class": classes[label],
        "predicted": {
            "label": predicted,
            "class": classes[predicted],
            "probability": float(kept["confidence"][sample]),
        },
        "probabilities": kept["mistake_probabilities"][place].tolist(),
        **(
            {"image": image_url(seen_by_the_model(pixels, evaluated.dataset.info.pixel_max))}
            if columns is None
            else {"row": TableReader(columns, None).written(pixels)}
        ),
    }
