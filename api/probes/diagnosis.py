"""``/jobs/{id}/diagnosis``: what the measurements inside a job's network say."""

from fastapi import APIRouter

from api.http.parameters import JobPath
from api.http.problems import error_answers
from api.http.services import ServicesDependency
from normlab.analysis.diagnosis.diagnose import diagnose
from normlab.analysis.diagnosis.rules import PROBES_READ
from normlab.documents.diagnosis import DiagnosisDocument
from normlab.errors import SpecError, StateError
from normlab.spec import JobSpec, parse_job_spec
from normlab.spec.epochs import EpochMetrics
from normlab.spec.measurements import Measured
from normlab.store import measurements
from normlab.store.jobs import reports, rows
from normlab.store.jobs.rows import JobRow

router = APIRouter(prefix="/jobs", tags=["probes"])


@router.get(
    "/{job_id}/diagnosis",
    summary="What is wrong inside the network",
    responses=error_answers(404, 409, 503),
)
def get_diagnosis(services: ServicesDependency, job_id: JobPath) -> DiagnosisDocument:
    """Vanishing gradients, dead units, stale statistics and the like: each with layer, epochs, numbers, a sentence,
    what would change it, and the source; the worst first.

    `looked` has every question that was asked: also where nothing was found, where it does not apply to this network,
    and where it was not measured. While a job runs, it is what is known so far.
    """
    with services.database.read() as session:
        job = rows.get(session, job_id)
        spec = spec_of(job)
        found = measurements.rows_of_jobs(session, [job_id], PROBES_READ)[job_id]
        epochs = [
            EpochMetrics.model_validate(row, from_attributes=True) for row in reports.epochs(session, job_id)
        ]
    measured = [Measured(r.step, r.epoch, r.probe, r.layer, r.statistic, r.value) for r in found]
    diagnosis = diagnose(measured, spec, epochs)
    return DiagnosisDocument.model_validate({"job": job.id, "state": job.state, **diagnosis.to_document()})


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
