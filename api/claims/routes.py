"""``/claims``: which are known, asking for a trial of some, and what it came to."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from fastapi.responses import JSONResponse
from sqlalchemy.orm import Session
from starlette.background import BackgroundTask

from api.claims import examples
from api.claims.documents import (
    all_claims_document,
    summary_document,
    trial_document,
    trial_url,
    validated_document,
)
from api.http.bodies import JsonBody
from api.http.idempotency import IdempotencyKey, create_once
from api.http.media_types import HTML, JSON
from api.http.pagination import DEFAULT_PAGE, PageLimit, link_header
from api.http.parameters import Findable, IdPart, QueryFlag, TrialCursor, TrialPath
from api.http.problems import error_answers
from api.http.services import ServicesDependency
from api.jobs.files import delete_files
from normlab.claims.lookup import NOTHING_YET, LookedUpTrial, arms_of_comparison, look_up, runs_of
from normlab.claims.parse import ParsedTrial, parse_trial
from normlab.claims.request import TrialRequest
from normlab.documents.claims import ClaimList, TrialDocument, TrialList, ValidatedTrial
from normlab.errors import StateError
from normlab.store import Job, StudyState, Trial, TrialJob, deletion
from normlab.store.datasets.lookup import StoredDatasets
from normlab.store.studies import members, studies
from normlab.store.trials import trials

router = APIRouter(prefix="/claims", tags=["claims"])

_LOCATION = {"Location": {"description": "Where the trial is.", "schema": {"type": "string"}}}
_BODY = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {"$ref": f"#/components/schemas/{TrialRequest.__name__}"},
            "example": examples.FIRST_TRIAL,
        }
    },
}


@router.get("", summary="List the claims that are known")
def list_claims() -> ClaimList:
    """Every claim: what is measured and when it counts, its source, what is run for it, and what that costs.

    A trial (`POST /claims`) tests some of them on two arms of your own.
    """
    return all_claims_document()


@router.post(
    "",
    status_code=202,
    summary="Put claims on trial",
    response_model=None,
    responses={
        200: {"model": ValidatedTrial, "description": "With `validate_only`: the request is in order."},
        202: {
            "model": TrialDocument,
            "description": "The trial and its first jobs are stored.",
            "headers": _LOCATION,
        },
        **error_answers(400, 413, 415, 422, 503),
    },
    openapi_extra={"requestBody": _BODY},
)
def submit_trial(
    services: ServicesDependency,
    body: JsonBody,
    *,
    validate_only: Annotated[QueryFlag, Query(description="Only check the request; store nothing.")] = False,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Train two arms, without a change and with it, and say of each claim whether it holds, by how much, and if not
    why.

    Errors hold over all claims that are asked together. Jobs of the same spec that have succeeded are used again,
    unless `fresh` is set, if what the claims need was measured in them.
    """
    parsed = parse_trial(
        body,
        services.settings.limits,
        StoredDatasets(services.database),
        lambda comparison_id: arms_of_comparison(services.database, comparison_id),
    )
    if validate_only:
        return JSONResponse(validated_document(parsed).model_dump(mode="json"))
    prepared = trials.prepare(_new(parsed), max_attempts=services.settings.max_attempts)

    def create(session: Session) -> dict[str, Any]:
        trial = trials.create(session, prepared)
        rows = members.of(session, TrialJob, trial.id, Job.state, Job.error_code)
        return trial_document(LookedUpTrial(trial, rows, NOTHING_YET)).model_dump(mode="json")

    document = create_once(services.database, idempotency_key, {"claims": body}, create)

    async def notify() -> None:
        for job in document["jobs"]:
            if not job["reused"]:
                services.notifier.notify_soon(job["job"])

    headers = {"Location": trial_url(document["id"])}
    return JSONResponse(document, status_code=202, headers=headers, background=BackgroundTask(notify))


def _new(parsed: ParsedTrial) -> trials.NewTrial:
    request, budget = parsed.request, parsed.request.budget
    return trials.NewTrial(
        arms=[trials.TrialArm(arm.name, arm.spec, arm.at, arm.base_seed) for arm in parsed.arms],
        question=request.question | {"claims": [claim.name for claim in parsed.claims]},
        settings=[
            {"pointer": each.pointer, "value": each.value, "times": each.times} for each in parsed.settings
        ],
        probes=parsed.probes,
        base_seed=request.base_seed,
        replicates=parsed.first_seeds,
        max_replicates=parsed.seeds,
        seconds=None if budget is None else budget.seconds,
        fresh=request.fresh,
        name=request.name,
    )


@router.get(
    "/trials",
    summary="List trials",
    response_class=Response,
    responses={200: {"model": TrialList}, **error_answers(422, 503)},
)
def list_trials(
    services: ServicesDependency,
    *,
    state: Annotated[
        list[StudyState] | None,
        Query(max_length=len(StudyState), description="Any of these; repeat it for several."),
    ] = None,
    name: Annotated[Findable | None, Query(description="Exactly this name.")] = None,
    id_part: IdPart = None,
    limit: PageLimit = DEFAULT_PAGE,
    cursor: Annotated[TrialCursor | None, Query(description="From the `next` of the page before.")] = None,
) -> Response:
    """The newest trials first, with the answer to each claim of those that have ended."""
    with services.database.read() as session:
        page = studies.page(
            session, Trial, states=state or (), name=name, id_part=id_part, limit=limit, cursor=cursor
        )
        data = tuple(summary_document(trial) for trial in page.studies)
    query = {"state": state, "name": name, "id": id_part, "limit": limit}
    document = TrialList(data=data, has_more=page.next_cursor is not None, next=page.next_cursor)
    headers = link_header("/claims/trials", query, page.next_cursor)
    return Response(document.model_dump_json(), media_type=JSON, headers=headers)


@router.get("/{trial_id}", summary="Look up a trial", responses=error_answers(404, 503))
def get_trial(services: ServicesDependency, trial_id: TrialPath) -> TrialDocument:
    """How far it is and what is being asked; when it has ended, the outcome of each claim with its numbers."""
    return trial_document(look_up(services.database, trial_id))


@router.post(
    "/{trial_id}/cancel",
    status_code=202,
    summary="Cancel a trial",
    responses={
        200: {"model": TrialDocument, "description": "It was cancelled before."},
        **error_answers(404, 409, 503),
    },
)
def cancel_trial(services: ServicesDependency, response: Response, trial_id: TrialPath) -> TrialDocument:
    """Its unfinished jobs are cancelled, except those that it did not make or that something else uses.

    409 when it has ended in another way.
    """
    with services.database.write() as session:
        if studies.get(session, Trial, trial_id).state is StudyState.CANCELLED:
            response.status_code = 200
        studies.cancel(session, Trial, trial_id)
    return trial_document(look_up(services.database, trial_id))


@router.delete(
    "/{trial_id}", status_code=204, summary="Delete a trial", responses=error_answers(404, 409, 422, 503)
)
def delete_trial(
    services: ServicesDependency,
    trial_id: TrialPath,
    *,
    with_jobs: Annotated[
        bool,
        Query(
            description="Also delete jobs that were made for it, if nothing else and no model's name has them."
        ),
    ] = False,
) -> None:
    """Its jobs stay unless they are asked for. 409 while it runs: cancel it first."""
    with services.database.write() as session:
        deleted = deletion.delete_study(session, Trial, trial_id, with_jobs=with_jobs)
    for job_id in deleted:
        delete_files(services, job_id)


@router.get(
    "/{trial_id}/report",
    summary="The page of a trial",
    response_class=Response,
    responses={
        200: {"description": "One page with everything in it.", "content": {HTML: {}}},
        **error_answers(404, 409, 503),
    },
)
def get_trial_report(services: ServicesDependency, trial_id: TrialPath) -> Response:
    """Claim by claim and chart by chart, for a class: HTML that loads nothing.

    409 while it runs, and where it has no pair.
    """
    from normlab.claims.report import html_page  # noqa: PLC0415 - scipy and altair take seconds

    found = look_up(services.database, trial_id)
    if not found.result["outcomes"] or not found.result["pairs"]:
        raise StateError(f"trial {trial_id} is {found.trial.state}. It has no outcomes to show.")
    # Names are other people's text: nothing in the page may run, whatever they contain.
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    headers = {"Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff"}
    page = html_page(runs_of(services.database, trial_id), found.result)
    return Response(page, media_type=HTML, headers=headers)
