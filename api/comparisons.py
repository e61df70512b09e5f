"""``/comparisons``: several jobs side by side, as figures or as a chart."""

from typing import Annotated

import orjson
from fastapi import APIRouter, HTTPException, Query, Request, Response

from api import schemas
from api.documents import job_documents, metrics_document
from api.negotiation import preferred_media_type
from api.parameters import possible_id
from api.problems import error_answers
from api.services import Services, ServicesDependency
from normlab import analysis
from normlab.store import jobs, reports

router = APIRouter(prefix="/comparisons", tags=["comparisons"])

MOST_JOBS = 100

_JSON = "application/json"
_VEGA_LITE = "application/vnd.vegalite+json"
_PICTURES = {"image/png": "png", "image/svg+xml": "svg"}


@router.get(
    "",
    summary="Compare jobs",
    response_class=Response,
    responses={
        200: {
            "model": schemas.ComparisonDocument,
            "description": "The figures, or the chart.",
            "content": {kind: {} for kind in (_VEGA_LITE, *_PICTURES)},
        },
        **error_answers(404, 406, 422, 503),
    },
)
def compare_jobs(
    services: ServicesDependency,
    request: Request,
    listed: Annotated[
        str, Query(alias="jobs", description="Ids of jobs, separated by commas.", examples=["job_…,job_…"])
    ],
) -> Response:
    """What differs between the jobs' specs, what each came to, and what to beware of when comparing them.

    The same as a chart of learning curves by `Accept`: `image/png`, `image/svg+xml`, or its Vega-Lite source.
    """
    media_type = preferred_media_type(request, (_JSON, _VEGA_LITE, *_PICTURES))
    runs = _runs(services, _job_ids(listed))
    headers = {"Vary": "Accept"}
    if media_type == _JSON:
        document = analysis.summarize(runs).to_document()
        return Response(orjson.dumps(document), media_type=_JSON, headers=headers)
    chart = analysis.learning_curves(runs)
    if media_type == _VEGA_LITE:
        return Response(orjson.dumps(chart), media_type=_VEGA_LITE, headers=headers)
    return Response(analysis.render(chart, _PICTURES[media_type]), media_type=media_type, headers=headers)


def _job_ids(listed: str) -> list[str]:
    """The ids in the query, each once, in the order given."""
    job_ids = list(dict.fromkeys(part.strip() for part in listed.split(",") if part.strip()))
    if not 1 <= len(job_ids) <= MOST_JOBS:
        raise HTTPException(422, f"query parameter `jobs`: name 1 to {MOST_JOBS} jobs, separated by commas")
    return [possible_id(job_id) for job_id in job_ids]


def _runs(services: Services, job_ids: list[str]) -> list[analysis.RunRecord]:
    with services.database.read() as session:
        rows = jobs.get_many(session, job_ids)
        documents = job_documents(session, rows)
        metrics = [metrics_document(row, reports.epochs(session, row.id)) for row in rows]
    return [
        analysis.RunRecord.from_documents(document.model_dump(), epochs.model_dump())
        for document, epochs in zip(documents, metrics, strict=True)
    ]
