"""``/jobs/{id}/robustness``: how accurate a trained network stays when its pictures are corrupted."""

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request, Response

from api.comparisons.side_by_side import chart_content
from api.http.bodies import OptionalJsonBody, described_body, validated
from api.http.etags import NOT_MODIFIED, IfNoneMatch
from api.http.kept import Made, kept_answer
from api.http.media_types import JSON
from api.http.negotiation import preferred_media_type
from api.http.parameters import JobPath
from api.http.problems import error_answers
from api.http.services import Services, ServicesDependency
from api.models.downloads import succeeded_job
from api.robustness.requests import CHART_TYPES, OFFERED, RETRY_AFTER, InQuery, pending
from normlab.documents.robustness import PendingRobustness, RobustnessDocument
from normlab.errors import NotFoundError, StateError
from normlab.spec import DatasetSpec, JobSpec
from normlab.spec.correct_answers import CorrectAnswers
from normlab.spec.robustness import RobustnessRequest
from normlab.spec.robustness_limits import refuse_impossible
from normlab.store import Job, robustness
from normlab.store.artifacts import StoredFile
from normlab.store.jobs import jobs, workers

router = APIRouter(prefix="/jobs", tags=["robustness"])

_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "model": RobustnessDocument,
        "description": "The figures, or accuracy by severity as a chart.",
        "content": CHART_TYPES,
    },
    202: {
        "model": PendingRobustness,
        "description": "A worker tries the network when somebody first asks, and has not ended yet.",
        "headers": RETRY_AFTER,
    },
}


@router.post(
    "/{job_id}/robustness",
    summary="Try a trained network on corrupted pictures",
    response_class=Response,
    responses={**_ANSWERS, **error_answers(400, 404, 406, 409, 410, 413, 415, 422, 503)},
    openapi_extra=described_body(RobustnessRequest, required=False),
)
def ask_about_robustness(
    services: ServicesDependency, request: Request, job_id: JobPath, body: OptionalJsonBody
) -> Response:
    """Accuracy on corrupted copies of the job's own test set, with the trained statistics and with statistics
    re-estimated on the corrupted pictures.

    A worker tries the network when it is first asked for: 202, ask again after the seconds of `Retry-After`. The chart
    by `Accept`.
    """
    media_type = preferred_media_type(request, OFFERED)
    asked = validated(RobustnessRequest, body)
    with services.database.write() as session:
        job = succeeded_job(jobs.get(session, job_id))
        spec = _spec(job, asked)
        key = asked.key(spec.dataset)
        robustness.ask(session, job_id, key, asked)
        # Told once: who asks again has it tried again.
        error = robustness.take_error(session, job_id, key)
        row = robustness.of_jobs(session, [job_id], key).get(job_id)
        file = None if row is None else row.file
        force = workers.workforce(session)
    if error is not None:
        raise _impossible(job_id, error)
    if file is None:
        return pending((job_id,), force)
    return _answer(services, _Tried(job, spec.dataset, asked, file), media_type, None)


@router.get(
    "/{job_id}/robustness",
    summary="What a network makes of corrupted pictures",
    response_class=Response,
    responses={**_ANSWERS, **NOT_MODIFIED, **error_answers(404, 406, 409, 410, 422, 503)},
)
def get_robustness(
    services: ServicesDependency,
    request: Request,
    job_id: JobPath,
    asked: InQuery,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """What was asked for with `POST`, by the same fields in the query; 404 if it was not asked for."""
    media_type = preferred_media_type(request, OFFERED)
    with services.database.read() as session:
        job = succeeded_job(jobs.get(session, job_id))
        spec = _spec(job, asked)
        row = robustness.of_jobs(session, [job_id], asked.key(spec.dataset)).get(job_id)
        force = workers.workforce(session)
    if row is None:
        raise NotFoundError(f"job {job_id} was not asked about these corrupted pictures: ask with POST")
    if row.error is not None:
        raise _impossible(job_id, row.error)
    if row.file is None:
        return pending((job_id,), force)
    return _answer(services, _Tried(job, spec.dataset, asked, row.file), media_type, if_none_match)


def _spec(job: Job, asked: RobustnessRequest) -> JobSpec:
    spec = JobSpec.model_validate(job.spec)
    refuse_impossible(f"job {job.id}", spec, asked)
    return spec


def _impossible(job_id: str, error: str) -> StateError:
    return StateError(f"job {job_id} could not be tried on corrupted pictures: {error}")


@dataclass(frozen=True)
class _Tried:
    """A network that has been tried."""

    job: Job
    dataset: DatasetSpec
    asked: RobustnessRequest
    file: StoredFile


def _answer(services: Services, tried: _Tried, media_type: str, if_none_match: str | None) -> Response:
    """The document or its chart, which never change."""
    job, version = tried.job, tried.file.sha256

    def make() -> Made:
        from normlab.analysis.robustness.network import robustness_of_network  # noqa: PLC0415 - scipy takes seconds

        answers = CorrectAnswers.from_bytes(services.artifacts.read(tried.file))
        document = robustness_of_network(job.id, answers, tried.asked, tried.dataset)
        if media_type == JSON:
            return Made(document.model_dump_json(), version)
        from normlab.analysis.charts.robustness import of_network  # noqa: PLC0415 - altair takes seconds

        return Made(chart_content(of_network(document, job.name or job.id), media_type), version)

    return kept_answer(
        services,
        (job.id, "robustness", tried.asked, media_type),
        lambda: version,
        make,
        media_type=media_type,
        if_none_match=if_none_match,
        headers={"Vary": "Accept"},
    )
