"""``/comparisons``: ask a question, look up the answer, list, cancel, delete."""

from dataclasses import fields
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy.orm import Session
from starlette.background import BackgroundTask

from api.comparisons import examples
from api.comparisons.documents import arm_size, comparison_document, comparison_url, summary_document
from api.comparisons.kept import Made, kept_answer
from api.comparisons.side_by_side import SideBySideQuery, side_by_side
from api.http.bodies import JsonBody
from api.http.etags import NOT_MODIFIED, IfNoneMatch
from api.http.idempotency import IdempotencyKey, create_once
from api.http.media_types import CHARTS, JSON
from api.http.pagination import DEFAULT_PAGE, PageLimit, link_header
from api.http.parameters import ComparisonCursor, ComparisonPath, Findable, IdPart, QueryFlag
from api.http.problems import error_answers
from api.http.queries import refuse_together
from api.http.services import ServicesDependency
from api.jobs.files import delete_files
from normlab import analysis
from normlab.comparisons import ComparisonRequest, LookedUp, parse_comparison
from normlab.comparisons.created import known_at_start
from normlab.documents.comparisons import ComparisonDocument, ComparisonList, ValidatedComparison
from normlab.documents.side_by_side import ComparisonsOrSideBySide
from normlab.store import Comparison, StudyState, deletion
from normlab.store.comparisons import comparisons
from normlab.store.datasets.lookup import StoredDatasets
from normlab.store.studies import studies

router = APIRouter(prefix="/comparisons", tags=["comparisons"])

_OF_JOBS = {field.name for field in fields(SideBySideQuery)} - {"jobs"}
"""Parameters that say how jobs are put side by side."""
_OF_PAGES = {"state", "name", "id", "limit", "cursor"}
"""Parameters that say which comparisons are listed."""

_LOCATION = {"Location": {"description": "Where the comparison is.", "schema": {"type": "string"}}}
_BODY = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {"$ref": f"#/components/schemas/{ComparisonRequest.__name__}"},
            "example": examples.FIRST_COMPARISON,
        }
    },
}


@router.post(
    "",
    status_code=202,
    summary="Compare arms",
    response_model=None,
    responses={
        200: {
            "model": ValidatedComparison,
            "description": "With `validate_only`: the request is in order.",
        },
        202: {
            "model": ComparisonDocument,
            "description": "The comparison and its first jobs are stored.",
            "headers": _LOCATION,
        },
        **error_answers(400, 413, 415, 422, 503),
    },
    openapi_extra={"requestBody": _BODY},
)
def submit_comparison(
    services: ServicesDependency,
    body: JsonBody,
    *,
    validate_only: Annotated[QueryFlag, Query(description="Only check the request; store nothing.")] = False,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Train each arm with the same seeds (or its own), and say whether they differ, by how much, and at what cost.

    `replicates` is the number of pairs, or `{"start": 5, "max": 20}` to go on until it is decided; the error
    rate then allows for looking repeatedly. A job of the same spec that has succeeded in the environment in
    which jobs now run is used again, unless `fresh` is set. So is one that is under way, if it may run as long and
    does not wait with a lower priority.
    """
    request, specs = parse_comparison(body, services.settings.limits, StoredDatasets(services.database))
    arms = [
        comparisons.Arm(arm.name, spec, arm.base_seed) for arm, spec in zip(request.arms, specs, strict=True)
    ]
    if validate_only:
        return JSONResponse(_validated(request, arms).model_dump(mode="json"))
    new = comparisons.NewComparison(
        arms=arms,
        question=request.question.model_dump(mode="json"),
        base_seed=request.base_seed,
        replicates=request.replicates.start,
        max_replicates=request.replicates.max,
        fresh=request.fresh,
        name=request.name,
    )
    prepared = comparisons.prepare(new, max_attempts=services.settings.max_attempts)

    def create(session: Session) -> dict[str, Any]:
        comparison = comparisons.create(session, prepared)
        members, known = known_at_start(session, comparison)
        return comparison_document(comparison, members, known).model_dump(mode="json")

    document = create_once(services.database, idempotency_key, {"comparison": body}, create)
    headers = {"Location": comparison_url(document["id"])}

    async def notify() -> None:
        for arm in document["arms"]:
            for job in arm["jobs"]:
                if not job["reused"]:
                    services.notifier.notify_soon(job["job"])

    return JSONResponse(document, status_code=202, headers=headers, background=BackgroundTask(notify))


def _validated(request: ComparisonRequest, arms: list[comparisons.Arm]) -> ValidatedComparison:
    differences = analysis.differences({arm.name: arm.spec.to_document() for arm in arms})
    return ValidatedComparison(
        arms=[arm_size(arm.name, arm.spec) for arm in arms],
        replicates=request.replicates,
        jobs=len(arms) * request.replicates.start,
        max_jobs=len(arms) * request.replicates.max,
        differences=[difference.to_document() for difference in differences],
    )


@router.get(
    "",
    summary="List comparisons, or compare jobs",
    response_class=Response,
    responses={
        200: {
            "model": ComparisonsOrSideBySide,
            "description": "A page of comparisons; with `jobs`, these side by side, or their chart.",
            "content": {kind: {} for kind in CHARTS},
        },
        **error_answers(404, 406, 422, 503),
    },
)
def list_comparisons(
    services: ServicesDependency,
    request: Request,
    asked: Annotated[SideBySideQuery, Depends()],
    *,
    state: Annotated[
        list[StudyState] | None,
        Query(max_length=len(StudyState), description="Any of these; repeat it for several."),
    ] = None,
    name: Annotated[Findable | None, Query(description="Exactly this name.")] = None,
    id_part: IdPart = None,
    limit: PageLimit = DEFAULT_PAGE,
    cursor: Annotated[
        ComparisonCursor | None,
        Query(description="From the `next` of the page before."),
    ] = None,
) -> Response:
    """The newest comparisons first.

    With `jobs` it is something else: what differs between these jobs' specs, what each came to, and, when they
    form arms with common seeds, the statistics. The same as a chart of learning curves by `Accept`: `image/png`,
    `image/svg+xml`, or its Vega-Lite source.
    """
    if asked.jobs is not None:
        refuse_together(request, _OF_PAGES, "does nothing beside `jobs`: leave it out")
        return side_by_side(services, request, asked)
    refuse_together(request, _OF_JOBS, "does something only with `jobs`: name them, or leave it out")
    with services.database.read() as session:
        page = studies.page(
            session, Comparison, states=state or (), name=name, id_part=id_part, limit=limit, cursor=cursor
        )
        data = [summary_document(comparison) for comparison in page.studies]
    query = {"state": state, "name": name, "id": id_part, "limit": limit}
    headers = {"Vary": "Accept", **link_header("/comparisons", query, page.next_cursor)}
    document = ComparisonList(data=data, has_more=page.next_cursor is not None, next=page.next_cursor)
    return Response(document.model_dump_json(), media_type=JSON, headers=headers)


@router.get(
    "/{comparison_id}",
    summary="Look up a comparison",
    response_model=ComparisonDocument,
    responses={**NOT_MODIFIED, **error_answers(404, 503)},
)
def get_comparison(
    services: ServicesDependency, comparison_id: ComparisonPath, if_none_match: IfNoneMatch = None
) -> Response:
    """What is known so far (verdicts, intervals, clocks, caveats), and how much is missing."""

    def make() -> Made:
        found = services.comparisons.look_up(comparison_id)
        return Made(_document(found).model_dump_json(), found.version, found.lasting)

    return kept_answer(
        services, comparison_id, "document", make, media_type=JSON, if_none_match=if_none_match
    )


@router.post(
    "/{comparison_id}/cancel",
    status_code=202,
    summary="Cancel a comparison",
    responses={
        200: {"model": ComparisonDocument, "description": "It was cancelled before."},
        **error_answers(404, 409, 503),
    },
)
def cancel_comparison(
    services: ServicesDependency, response: Response, comparison_id: ComparisonPath
) -> ComparisonDocument:
    """Its unfinished jobs are cancelled, except those that it did not make or that another comparison uses.

    409 when it has ended in another way.
    """
    with services.database.write() as session:
        if studies.get(session, Comparison, comparison_id).state is StudyState.CANCELLED:
            response.status_code = 200
        studies.cancel(session, Comparison, comparison_id)
    return _document(services.comparisons.look_up(comparison_id))


def _document(found: LookedUp) -> ComparisonDocument:
    return comparison_document(found.comparison, found.members, found.assessment)


@router.delete(
    "/{comparison_id}",
    status_code=204,
    summary="Delete a comparison",
    responses=error_answers(404, 409, 422, 503),
)
def delete_comparison(
    services: ServicesDependency,
    comparison_id: ComparisonPath,
    *,
    with_jobs: Annotated[
        bool,
        Query(
            description="Also delete jobs that were made for it, if no other comparison and no model's name has them."
        ),
    ] = False,
) -> None:
    """Its jobs stay unless they are asked for. 409 while it runs: cancel it first."""
    with services.database.write() as session:
        deleted = deletion.delete_study(session, Comparison, comparison_id, with_jobs=with_jobs)
    for job_id in deleted:
        delete_files(services, job_id)
