"""What is known of a comparison that has just been made: its jobs, and the values of those that are used again."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session

from normlab.analysis import RunRecord
from normlab.analysis.records import of_result
from normlab.comparisons.assessment import Assessment, AssessmentDocument
from normlab.comparisons.correctness import CorrectnessFiles
from normlab.comparisons.request import Question
from normlab.comparisons.runs import ComparedRuns
from normlab.spec.metrics import Metric
from normlab.store import Comparison, ComparisonJob, Epoch, Job, JobState
from normlab.store.studies import members


def known_at_start(
    session: Session, comparison: Comparison
) -> tuple[Sequence[ComparisonJob], AssessmentDocument]:
    """The members with the states of their jobs, and an assessment without statistics, which are left to whoever looks
    the comparison up: they would hold up everybody else who writes."""
    question = Question.stored(comparison.question)
    rows = members.of(session, ComparisonJob, comparison.id, Job.state, Job.error_code)
    runs = ComparedRuns(comparison, question, rows, {}, CorrectnessFiles(()), {})
    done = [member.job_id for member in rows if member.job.state is JobState.SUCCEEDED]
    known = replace(
        Assessment.before_any_pair(runs),
        values=values_of_jobs(session, done, question.metric) if done else {},
    )
    return rows, known.to_document()


def values_of_jobs(session: Session, job_ids: Sequence[str], metric: Metric) -> Mapping[str, float | None]:
    """The metric of jobs that have succeeded. Of their epochs only the kept ones are read."""
    results = {
        job_id: of_result(result or {})
        for job_id, result in session.execute(select(Job.id, Job.result).where(Job.id.in_(job_ids)))
    }
    kept = {job_id: result["kept_epoch"] for job_id, result in results.items()}
    unknown = [job_id for job_id, epoch in kept.items() if epoch is None]
    if unknown:
        last = select(Epoch.job_id, func.max(Epoch.epoch)).where(Epoch.job_id.in_(unknown))
        kept |= dict(session.execute(last.group_by(Epoch.job_id)).all())
    query = select(Epoch).where(tuple_(Epoch.job_id, Epoch.epoch).in_(list(kept.items())))
    epochs = {epoch.job_id: (epoch.metrics,) for epoch in session.scalars(query)}
    return {
        job_id: metric.of(RunRecord(job=job_id, spec={}, epochs=epochs.get(job_id, ()), **result))
        for job_id, result in results.items()
    }
