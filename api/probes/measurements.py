"""``/jobs/{id}/probes``: what probes measured inside a job's network."""

import csv
import hashlib
import io
from collections.abc import Sequence
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from api.http.etags import NOT_MODIFIED, IfNoneMatch, is_known
from api.http.failures import invalid_request
from api.http.media_types import CSV, JSON
from api.http.negotiation import preferred_media_type
from api.http.pagination import link_header
from api.http.parameters import Findable, JobPath
from api.http.problems import error_answers
from api.http.queries import query_problem
from api.http.services import ServicesDependency
from normlab.documents.probes import MeasurementDocument, MeasurementsDocument
from normlab.errors import SpecError
from normlab.spec import parse_job_spec
from normlab.spec.nearest import did_you_mean
from normlab.spec.plan import plan_job
from normlab.spec.probes import PROBES
from normlab.spec.shown import shown
from normlab.store import measurements
from normlab.store.jobs import rows
from normlab.store.jobs.rows import JobRow
from normlab.store.measurements import MeasurementFilter, MeasurementRow

router = APIRouter(prefix="/jobs", tags=["probes"])

MAX_PAGE = 50_000
"""The most measurements of an answer, but for those of its last step: some megabytes."""
DEFAULT_PAGE = 20_000
"""More than a job of the notebook's size has."""
_MOST_NAMES = 100
"""So many probes, layers or epochs can be named."""

_CSV_EXAMPLE = "epoch,step,probe,layer,statistic,value\r\n0,0,dead,dense_1,share,0.0\r\n"


@router.get(
    "/{job_id}/probes",
    summary="Measurements inside the network",
    response_class=Response,
    responses={
        200: {"model": MeasurementsDocument, "content": {CSV: {"example": _CSV_EXAMPLE}}},
        **NOT_MODIFIED,
        **error_answers(404, 406, 422, 503),
    },
)
def get_measurements(
    services: ServicesDependency,
    request: Request,
    job_id: JobPath,
    *,
    probe: Annotated[
        list[Findable] | None,
        Query(max_length=_MOST_NAMES, description="Only of these probes; `/probes` lists them."),
    ] = None,
    layer: Annotated[
        list[Findable] | None, Query(max_length=_MOST_NAMES, description="Only of these layers.")
    ] = None,
    epoch: Annotated[
        list[Annotated[int, Field(ge=0, le=2**31 - 1)]] | None,
        Query(max_length=_MOST_NAMES, description="Only of these epochs; 0 is the start."),
    ] = None,
    limit: Annotated[
        int,
        Query(
            ge=1, le=MAX_PAGE, description="The most of a page; of its last step all measurements are given."
        ),
    ] = DEFAULT_PAGE,
    cursor: Annotated[
        int | None, Query(ge=0, le=2**31 - 1, description="The `next` of the page before.")
    ] = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Every number that probes measured so far, one a row; as JSON, or as CSV by `Accept`.

    What they mean is in `/probes`. Probes measure at the start, after steps 1, 2, 4, 8, … of the first epoch, and at
    the end of each epoch. With `Link` or `next` an answer leads to the next one, which few jobs have.
    """
    media_type = preferred_media_type(request, (JSON, CSV))
    wanted = MeasurementFilter(probe or (), layer or (), epoch or ())
    after = -1 if cursor is None else cursor
    with services.database.read() as session:
        job = rows.get(session, job_id)
        layers = _layers_of(job)
        _check_names(wanted, layers)
        etag = _etag(job, media_type, request.url.query)
        headers = {"ETag": etag, "Vary": "Accept", "Cache-Control": "no-cache"}
        if is_known(etag, if_none_match):
            return Response(status_code=304, headers=headers)
        found, following = measurements.page(session, job_id, wanted, after_step=after, limit=limit)
    ordered = _in_order(found, layers)
    query = {"probe": probe, "layer": layer, "epoch": epoch, "limit": limit}
    headers |= link_header(f"/jobs/{job_id}/probes", query, None if following is None else str(following))
    body = _csv(ordered) if media_type == CSV else _json(job, ordered, following)
    return Response(body, media_type=media_type, headers=headers)


def _etag(job: JobRow, media_type: str, query: str) -> str:
    """Whatever is stored of a job changes the time of its row in the same transaction, so nothing else is read."""
    parts = (job.id, job.updated_at.isoformat(), job.state, str(job.event_count), media_type, query)
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    return f'"{digest[:32]}"'


def _layers_of(job: JobRow) -> tuple[str, ...]:
    """The names of the job's layers, from the input on; none where this version cannot read its spec."""
    try:
        return tuple(item.name for item in plan_job(parse_job_spec(job.spec)))
    except SpecError:
        return ()


def _check_names(wanted: MeasurementFilter, layers: Sequence[str]) -> None:
    problems = [
        query_problem("probe", f"there is no probe {shown(name)}{did_you_mean(name, PROBES)}")
        for name in wanted.probes
        if name not in PROBES
    ]
    problems += [
        query_problem("layer", f"the network has no layer {shown(name)}{did_you_mean(name, layers)}")
        for name in wanted.layers
        if name and layers and name not in layers
    ]
    if problems:
        raise invalid_request(problems)


def _in_order(found: Sequence[MeasurementRow], layers: Sequence[str]) -> list[MeasurementRow]:
    """By step, then in the order of the registry and of the network."""
    probes = {name: number for number, name in enumerate(PROBES)}
    statistics = {
        (row.name, statistic.name): number
        for row in PROBES.values()
        for number, statistic in enumerate(row.statistics)
    }
    places = {name: number for number, name in enumerate(layers)}
    last = len(probes) + len(statistics)

    def place(series: tuple[str, str, str]) -> tuple[Any, ...]:
        probe, layer, statistic = series
        number = statistics.get((probe, statistic), last)
        return probes.get(probe, last), probe, places.get(layer, -1), layer, number, statistic

    # A job has some hundred series, of which the order is worked out, and ten thousand measurements.
    series = sorted({row[2:5] for row in found}, key=place)
    ranks = {each: number for number, each in enumerate(series)}
    return sorted(found, key=lambda row: row[1] * len(ranks) + ranks[row[2:5]])


def _json(job: JobRow, found: Sequence[MeasurementRow], following: int | None) -> bytes:
    # Plain objects: ten thousand models would take longer than all the rest. orjson writes null for what is no number.
    return orjson.dumps({
        "job": job.id,
        "state": job.state,
        "measurements": [
            {
                "epoch": epoch,
                "step": step,
                "probe": probe,
                "layer": layer,
                "statistic": statistic,
                "value": value,
            }
            for epoch, step, probe, layer, statistic, value in found
        ],
        "has_more": following is not None,
        "next": following,
    })  # fmt: skip


_COLUMNS = tuple(MeasurementDocument.model_fields)


def _csv(found: Sequence[MeasurementRow]) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    writer.writerows(found)
    return text.getvalue()
