"""``/jobs/{id}/metrics``: what each epoch came to and how long it took."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter, Request, Response

from api.http.declared import run_directly
from api.http.etags import NOT_MODIFIED, IfNoneMatch, is_known, tag_of
from api.http.fast_lane import Answer
from api.http.media_types import CSV, JSON
from api.http.negotiation import preferred_media_type
from api.http.parameters import JobPath
from api.http.problems import error_answers
from api.http.services import ServicesDependency
from api.jobs.answers import metrics_document, to_json
from normlab.documents.metrics import MetricsDocument
from normlab.spec.epochs import columns_of
from normlab.store.clock import rfc3339
from normlab.store.jobs.answer_rows import EPOCH_COLUMNS

router = APIRouter(prefix="/jobs", tags=["jobs"])

_CONTENT_TYPES = {JSON: JSON.encode(), CSV: f"{CSV}; charset=utf-8".encode()}
_CSV_EXAMPLE = "epoch,learning_rate,loss,accuracy,…\r\n1,0.001,1.2546,0.6281,…\r\n"


@router.get(
    "/{job_id}/metrics",
    summary="Metrics of each epoch",
    response_model=None,
    response_class=Response,
    responses={
        200: {"model": MetricsDocument, "content": {CSV: {"example": _CSV_EXAMPLE}}},
        **NOT_MODIFIED,
        **error_answers(404, 406, 503),
    },
)
@run_directly
def get_metrics(
    services: ServicesDependency,
    request: Request,
    job_id: JobPath,
    if_none_match: IfNoneMatch = None,
) -> Answer:
    """Loss, accuracy and seconds of every epoch so far, and their sums; as JSON, or as CSV by `Accept`."""
    media_type = preferred_media_type(request, (JSON, CSV))
    with services.database.reading() as connection:
        document = metrics_document(connection, job_id)
    body = _to_csv(document["epochs"]) if media_type == CSV else to_json(document)
    etag = tag_of(body)
    headers = ((b"etag", etag.encode()), (b"vary", b"Accept"), (b"cache-control", b"no-cache"))
    if is_known(etag, if_none_match):
        return Answer(headers=headers, status=304)
    return Answer(body, _CONTENT_TYPES[media_type], headers)


def _to_csv(epochs: Sequence[Mapping[str, Any]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns_of(epochs, EPOCH_COLUMNS))
    writer.writeheader()
    writer.writerows({**epoch, "recorded_at": rfc3339(epoch["recorded_at"])} for epoch in epochs)
    return text.getvalue().encode()
