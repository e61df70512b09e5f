"""``/sweeps``: ask for one, look it up, list, cancel, delete, and its charts."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy.orm import Session
from starlette.background import BackgroundTask

from api.comparisons.side_by_side import chart_content
from api.http.bodies import JsonBody
from api.http.etags import NOT_MODIFIED, IfNoneMatch
from api.http.idempotency import IdempotencyKey, create_once
from api.http.kept import Made, kept_answer
from api.http.media_types import CHART_IMAGES, CHARTS, JSON, VEGA_LITE
from api.http.negotiation import preferred_media_type
from api.http.pagination import DEFAULT_PAGE, PageLimit, link_header
from api.http.parameters import Findable, IdPart, QueryFlag, SweepCursor, SweepPath, of_pattern
from api.http.problems import error_answers
from api.http.services import Services, ServicesDependency
from api.jobs.files import delete_files
from api.sweeps import examples
from api.sweeps.documents import summary_document, sweep_document, sweep_url
from normlab.documents.sweeps import SweepDocument, SweepList, ValidatedSweep
from normlab.errors import NotFoundError, StateError
from normlab.store import StudyState, Sweep, deletion
from normlab.store.datasets.lookup import StoredDatasets
from normlab.store.studies import studies
from normlab.store.sweeps import sweeps
from normlab.store.sweeps.version import version_of
from normlab.sweeps import SweepRequest, parse_sweep
from normlab.sweeps.charts import SweepChart, draw
from normlab.sweeps.lookup import LookedUpSweep
from normlab.sweeps.runs import load_runs
from normlab.sweeps.start import first_round, prepare

router = APIRouter(prefix="/sweeps", tags=["sweeps"])

_SHOWN_POINTS = 100
_LOCATION = {"Location": {"description": "Where the sweep is.", "schema": {"type": "string"}}}
_SUFFIXES = {"json": VEGA_LITE, **{suffix: kind for kind, suffix in CHART_IMAGES.items()}}
_BODY = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {"$ref": f"#/components/schemas/{SweepRequest.__name__}"},
            "example": examples.FIRST_SWEEP,
        }
    },
}


@router.post(
    "",
    status_code=202,
    summary="Sweep a space",
    response_model=None,
    responses={
        200: {"model": ValidatedSweep, "description": "With `validate_only`: the request is in order."},
        202: {
            "model": SweepDocument,
            "description": "The sweep and its first jobs are stored.",
            "headers": _LOCATION,
        },
        **error_answers(400, 413, 415, 422, 503),
    },
    openapi_extra={"requestBody": _BODY},
)
def submit_sweep(
    services: ServicesDependency,
    body: JsonBody,
    *,
    validate_only: Annotated[QueryFlag, Query(description="Only check the request; store nothing.")] = False,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Train each arm at the points of a space, each point with several seeds, and say which is best, how sure that is,
    and how much it matters.

    Points are jobs like any other, behind those of a comparison; a job of the same spec that has succeeded is used
    again, unless `fresh` is set.
    """
    limits = services.settings.limits
    request, specs = parse_sweep(body, limits, StoredDatasets(services.database))
    if validate_only:
        points, planned = first_round(request, specs, limits)
        answer = ValidatedSweep(
            arms=tuple(arm.name for arm in request.swept),
            points=planned,
            jobs=None if planned is None else planned * len(specs) * request.seeds,
            first=tuple(dict(point.values) for point in points if point.arm == 0)[:_SHOWN_POINTS],
        )
        return JSONResponse(answer.model_dump(mode="json"))
    prepared = prepare(request, specs, limits=limits, max_attempts=services.settings.max_attempts)

    def create(session: Session) -> dict[str, Any]:
        sweep = sweeps.create(session, prepared.sweep, prepared.points, prepared.specs)
        version, runs = version_of(session, sweep.id), load_runs(session, sweep.id)
        found = LookedUpSweep(runs, None, None, version)
        return sweep_document(found, limits).model_dump(mode="json")

    document = create_once(services.database, idempotency_key, {"sweep": body}, create)
    jobs = [job for arm in document["arms"] for point in arm["points"] for job in point["jobs"]]

    async def notify() -> None:
        for job in jobs:
            if not job["reused"]:
                services.notifier.notify_soon(job["job"])

    headers = {"Location": sweep_url(document["id"])}
    return JSONResponse(document, status_code=202, headers=headers, background=BackgroundTask(notify))


@router.get("", summary="List sweeps", response_model=SweepList, responses=error_answers(422, 503))
def list_sweeps(
    services: ServicesDependency,
    *,
    state: Annotated[
        list[StudyState] | None,
        Query(max_length=len(StudyState), description="Any of these; repeat it for several."),
    ] = None,
    name: Annotated[Findable | None, Query(description="Exactly this name.")] = None,
    id_part: IdPart = None,
    limit: PageLimit = DEFAULT_PAGE,
    cursor: Annotated[SweepCursor | None, Query(description="From the `next` of the page before.")] = None,
) -> Response:
    """The newest first."""
    with services.database.read() as session:
        page = studies.page(
            session, Sweep, states=state or (), name=name, id_part=id_part, limit=limit, cursor=cursor
        )
        data = [summary_document(sweep) for sweep in page.studies]
    query = {"state": state, "name": name, "id": id_part, "limit": limit}
    document = SweepList(data=data, has_more=page.next_cursor is not None, next=page.next_cursor)
    headers = link_header("/sweeps", query, page.next_cursor)
    return Response(document.model_dump_json(), media_type=JSON, headers=headers)


@router.get(
    "/{sweep_id}",
    summary="Look up a sweep",
    response_model=SweepDocument,
    responses={**NOT_MODIFIED, **error_answers(404, 503)},
)
def get_sweep(
    services: ServicesDependency, sweep_id: SweepPath, if_none_match: IfNoneMatch = None
) -> Response:
    """All points with their jobs, and what is known so far: the best point, how sharp it is, what diverged."""

    def make() -> Made:
        found = services.sweeps.look_up(sweep_id)
        document = sweep_document(found, services.settings.limits)
        return Made(document.model_dump_json(), found.version, found.lasting)

    return _kept(services, sweep_id, "document", make, media_type=JSON, if_none_match=if_none_match)


@router.get(
    "/{sweep_id}/charts/{chart}",
    summary="A chart of a sweep",
    response_class=Response,
    responses={
        200: {"description": "The chart.", "content": {kind: {} for kind in CHARTS}},
        **NOT_MODIFIED,
        **error_answers(404, 406, 409, 503),
    },
)
def get_sweep_chart(
    services: ServicesDependency,
    request: Request,
    sweep_id: SweepPath,
    chart: Annotated[
        str,
        Path(
            description=", ".join(f"`{name}`" for name in SweepChart),
            examples=["response_curve.png"],
            json_schema_extra=of_pattern(rf"({'|'.join(SweepChart)})(\.(png|svg|json))?"),
        ),
    ],
    if_none_match: IfNoneMatch = None,
) -> Response:
    """As Vega-Lite, PNG or SVG: by `Accept`, or by the suffix `.json`, `.png` or `.svg`.

    409 before a point has a value; `expected_best` needs two of them, and a strategy that does not learn.
    """
    name, _, suffix = chart.partition(".")
    if name not in set(SweepChart) or (suffix and suffix not in _SUFFIXES):
        raise NotFoundError(
            f"there is no chart {chart!r}; there are {', '.join(SweepChart)}, each also with .png, .svg or .json"
        )
    media_type = _SUFFIXES.get(suffix) or preferred_media_type(request, CHARTS)

    def make() -> Made:
        found = services.sweeps.look_up(sweep_id)
        drawn = draw(SweepChart(name), found.runs)
        if drawn is None:
            raise StateError(f"sweep {sweep_id} has no points yet of which {name} could be drawn")
        return Made(chart_content(drawn, media_type), found.version, found.lasting)

    return _kept(
        services, sweep_id, (name, media_type), make, media_type=media_type, if_none_match=if_none_match
    )


def _kept(
    services: Services, sweep_id: str, question: Any, make: Any, *, media_type: str, if_none_match: str | None
) -> Response:
    return kept_answer(
        services,
        (sweep_id, question),
        lambda: services.sweeps.version(sweep_id),
        make,
        media_type=media_type,
        if_none_match=if_none_match,
        headers={"Vary": "Accept"},
    )


@router.post(
    "/{sweep_id}/cancel",
    status_code=202,
    summary="Cancel a sweep",
    responses={
        200: {"model": SweepDocument, "description": "It was cancelled before."},
        **error_answers(404, 409, 503),
    },
)
def cancel_sweep(services: ServicesDependency, response: Response, sweep_id: SweepPath) -> SweepDocument:
    """Its unfinished jobs are cancelled, except those that it did not make or that somebody else uses.

    409 when it has ended in another way.
    """
    with services.database.write() as session:
        if studies.get(session, Sweep, sweep_id).state is StudyState.CANCELLED:
            response.status_code = 200
        studies.cancel(session, Sweep, sweep_id)
    return sweep_document(services.sweeps.look_up(sweep_id), services.settings.limits)


@router.delete(
    "/{sweep_id}",
    status_code=204,
    summary="Delete a sweep",
    responses=error_answers(404, 409, 422, 503),
)
def delete_sweep(
    services: ServicesDependency,
    sweep_id: SweepPath,
    *,
    with_jobs: Annotated[
        bool,
        Query(
            description="Also delete jobs that were made for it, if nothing else uses them and no model's name has "
            "them."
        ),
    ] = False,
) -> None:
    """Its jobs stay unless they are asked for. 409 while it runs: cancel it first."""
    with services.database.write() as session:
        deleted = deletion.delete_study(session, Sweep, sweep_id, with_jobs=with_jobs)
    for job_id in deleted:
        delete_files(services, job_id)
