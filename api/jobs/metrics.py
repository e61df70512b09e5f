"""``/jobs/{id}/metrics``: what each epoch came to and how long it took."""

import csv
import hashlib
import io

from fastapi import APIRouter, Request, Response

from api.http.etags import NOT_MODIFIED, IfNoneMatch, is_known
from api.http.media_types import CSV, JSON
from api.http.negotiation import preferred_media_type
from api.http.parameters import JobPath
from api.http.problems import error_answers
from api.http.services import ServicesDependency
from api.jobs.documents import metrics_document
from normlab.documents.metrics import EpochDocument, MetricsDocument
from normlab.store.jobs import rows

router = APIRouter(prefix="/jobs", tags=["jobs"])

_CSV_EXAMPLE = "epoch,learning_rate,loss,accuracy,…\r\n1,0.001,1.2546,0.6281,…\r\n"


@router.get(
    "/{job_id}/metrics",
    summary="Metrics of each epoch",
    response_class=Response,
    responses={
        200: {"model": MetricsDocument, "content": {CSV: {"example": _CSV_EXAMPLE}}},
        **NOT_MODIFIED,
        **error_answers(404, 406, 503),
    },
)
def get_metrics(
    services: ServicesDependency,
    request: Request,
    job_id: JobPath,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Loss, accuracy and seconds of every epoch so far, and their sums; as JSON, or as CSV by `Accept`."""
    media_type = preferred_media_type(request, (JSON, CSV))
    with services.database.read() as session:
        job = rows.get(session, job_id)
        document = metrics_document(session, job)
    body = _to_csv(document) if media_type == CSV else document.model_dump_json()
    etag = f'"{hashlib.sha256(body.encode()).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Vary": "Accept", "Cache-Control": "no-cache"}
    if is_known(etag, if_none_match):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=media_type, headers=headers)


def _to_csv(document: MetricsDocument) -> str:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(EpochDocument.model_fields))
    writer.writeheader()
    writer.writerows(epoch.model_dump(mode="json") for epoch in document.epochs)
    return text.getvalue()
