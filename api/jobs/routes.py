"""``/jobs``: look up, list, cancel, retry, delete. ``submission.py`` has ``POST /jobs``."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from sqlalchemy.orm import Session

from api.http.declared import run_directly
from api.http.fast_lane import JSON, Answer
from api.http.idempotency import IdempotencyKey, create_once
from api.http.pagination import DEFAULT_PAGE, PageLimit, link_header
from api.http.parameters import Findable, IdPart, JobCursor, JobPath, PresetName, QueryFlag
from api.http.problems import error_answers
from api.http.services import ServicesDependency
from api.jobs.answers import write_job, write_jobs
from api.jobs.documents import job_document
from api.jobs.files import delete_files
from normlab.documents.jobs import JobDocument, JobList, JobOrder
from normlab.spec.job import MAX_TAGS
from normlab.store import JobState, deletion
from normlab.store.jobs import jobs, listing
from normlab.store.jobs.listing import JobFilter

router = APIRouter(prefix="/jobs", tags=["jobs"])


@router.get("", summary="List jobs", response_model=JobList, responses=error_answers(404, 422, 503))
@run_directly
def list_jobs(
    services: ServicesDependency,
    *,
    state: Annotated[
        list[JobState] | None,
        Query(max_length=len(JobState), description="Any of these; repeat it for several."),
    ] = None,
    tag: Annotated[
        list[Findable] | None,
        Query(max_length=MAX_TAGS, description="All of these; repeat it for several."),
    ] = None,
    name: Annotated[Findable | None, Query(description="Exactly this name.")] = None,
    dataset: Annotated[Findable | None, Query(description="Trained on the dataset of this name.")] = None,
    preset: Annotated[PresetName | None, Query(description="Of this preset, such as `baseline`.")] = None,
    id_part: IdPart = None,
    sort: Annotated[
        JobOrder,
        Query(
            description="Accuracies: the highest first; seconds: the shortest first; jobs without such a figure last."
        ),
    ] = JobOrder.NEWEST,
    limit: PageLimit = DEFAULT_PAGE,
    cursor: Annotated[JobCursor | None, Query(description="From the `next` of the page before.")] = None,
) -> Answer:
    """The newest jobs first, or by `sort`. By age, jobs that come in between two pages neither shift nor repeat any.

    404 when the job at which the page before ended is deleted, and the order is by a figure of it.
    """
    given = {"name": name, "dataset": dataset, "preset": preset}
    wanted = JobFilter(states=state or (), tags=tag or (), id_part=id_part, **given)
    with services.database.reading() as connection:
        page = listing.page(connection, wanted, order=sort, limit=limit, cursor=cursor)
        content = write_jobs(connection, page.ids, page.next_cursor)
    query = {"state": state, "tag": tag, **given, "id": id_part, "sort": sort, "limit": limit}
    links = link_header("/jobs", query, page.next_cursor)
    return Answer(
        content, JSON, tuple((name.lower().encode(), link.encode()) for name, link in links.items())
    )


@router.get(
    "/{job_id}", summary="Look up a job", response_model=JobDocument, responses=error_answers(404, 503)
)
@run_directly
def get_job(services: ServicesDependency, job_id: JobPath) -> Answer:
    """State, progress and estimated end, results, timings, history, and where everything else is."""
    return Answer(write_job(services.database, job_id), JSON)


@router.post(
    "/{job_id}/cancel",
    status_code=202,
    summary="Cancel a job",
    responses={
        200: {"model": JobDocument, "description": "It was cancelled before."},
        **error_answers(404, 409, 503),
    },
)
def cancel_job(services: ServicesDependency, response: Response, job_id: JobPath) -> JobDocument:
    """A queued job is cancelled at once; the worker of a running one stops within a second or so.

    409 when the job has succeeded or failed.
    """
    with services.database.write() as session:
        if jobs.get(session, job_id).state is JobState.CANCELLED:
            response.status_code = 200
        document = job_document(session, jobs.request_cancel(session, job_id))
    if document.state is JobState.CANCELLED:
        delete_files(services, job_id)  # of an attempt that was killed before the job waited again
    return document


@router.post(
    "/{job_id}/retry",
    status_code=202,
    summary="Retry a job",
    response_model=JobDocument,
    responses=error_answers(404, 409, 422, 503),
)
def retry_job(
    services: ServicesDependency, job_id: JobPath, idempotency_key: IdempotencyKey = None
) -> dict[str, Any]:
    """Queue a failed or cancelled job again. Its history stays, its epochs are trained anew.

    409 when it has not ended, or has succeeded.
    """

    def retry(session: Session) -> dict[str, Any]:
        return job_document(session, jobs.retry(session, job_id)).model_dump(mode="json")

    document = create_once(services.database, idempotency_key, {"retry": job_id}, retry)
    services.notifier.notify_soon(job_id)
    return document


@router.delete(
    "/{job_id}", status_code=204, summary="Delete a job", responses=error_answers(404, 409, 422, 503)
)
def delete_job(
    services: ServicesDependency,
    job_id: JobPath,
    *,
    forget_names: Annotated[
        QueryFlag, Query(description="Also take it out of the models' names that stand or stood for it.")
    ] = False,
) -> None:
    """Its metrics, events and files go with it. 409 while it runs, is compared or has a name."""
    with services.database.write() as session:
        deletion.delete_job(session, job_id, forget_names=forget_names)
    delete_files(services, job_id)
