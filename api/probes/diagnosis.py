"""``/jobs/{id}/diagnosis``: what the measurements inside a job's network say."""

from fastapi import APIRouter, Response

from api.http.etags import NOT_MODIFIED, IfNoneMatch
from api.http.kept import Made
from api.http.media_types import JSON
from api.http.parameters import JobPath
from api.http.problems import error_answers
from api.http.services import Services, ServicesDependency
from api.probes.kept import kept_answer_about_job
from normlab.analysis.diagnosis.diagnose import diagnose
from normlab.analysis.diagnosis.rules import PROBES_READ
from normlab.documents.diagnosis import DiagnosisDocument
from normlab.errors import SpecError, StateError
from normlab.spec import JobSpec, parse_job_spec
from normlab.spec.epochs import EpochMetrics
from normlab.spec.measurements import Measured
from normlab.store import measurements
from normlab.store.jobs import reports, rows
from normlab.store.jobs.rows import JobRow, JobVersion

router = APIRouter(prefix="/jobs", tags=["probes"])


@router.get(
    "/{job_id}/diagnosis",
    summary="What is wrong inside the network",
    response_model=DiagnosisDocument,
    responses={**NOT_MODIFIED, **error_answers(404, 409, 503)},
)
def get_diagnosis(
    services: ServicesDependency, job_id: JobPath, if_none_match: IfNoneMatch = None
) -> Response:
    """Vanishing gradients, dead units, stale statistics and the like: each with layer, epochs, numbers, a sentence,
    what would change it, and the source; the worst first.

    `looked` has every question that was asked: also where nothing was found, where it does not apply to this network,
    and where it was not measured. While a job runs, it is what is known so far.
    """
    return kept_answer_about_job(
        services,
        job_id,
        "diagnosis",
        lambda: _diagnosed(services, job_id),
        media_type=JSON,
        if_none_match=if_none_match,
    )


def _diagnosed(services: Services, job_id: str) -> Made:
    with services.database.read() as session:
        job = rows.get(session, job_id)
        spec = spec_of(job)
        found = measurements.rows_of_jobs(session, [job_id], PROBES_READ)[job_id]
        epochs = [
            EpochMetrics.model_validate(row, from_attributes=True) for row in reports.epochs(session, job_id)
        ]
    measured = [Measured(r.step, r.epoch, r.probe, r.layer, r.statistic, r.value) for r in found]
    diagnosis = diagnose(measured, spec, epochs)
    document = {"job": job.id, "state": job.state, **diagnosis.to_document()}
    return Made(DiagnosisDocument.model_validate(document).model_dump_json(), JobVersion.of(job))


def spec_of(job: JobRow) -> JobSpec:
    """The spec of a job.

    Raises:
        StateError: This version cannot read it.
    """
    try:
        return parse_job_spec(job.spec)
    except SpecError:
        raise StateError(
            f"job {job.id} is of another version of Normlab, and cannot be looked into"
        ) from None
