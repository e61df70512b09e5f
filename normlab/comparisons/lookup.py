"""Looking a comparison up: what was stored when it ended, or else what its runs say now."""

from collections.abc import Sequence
from dataclasses import dataclass

from normlab.comparisons.assessment import AssessmentDocument, assess_or_explain
from normlab.comparisons.runs import load_runs
from normlab.store import (
    ArtifactStore,
    Comparison,
    ComparisonJob,
    Database,
    Job,
    is_unavailable,
)
from normlab.store.studies import members, studies


@dataclass(frozen=True)
class LookedUp:
    """A comparison, its members with the states of their jobs, and what is known."""

    comparison: Comparison
    members: Sequence[ComparisonJob]
    assessment: AssessmentDocument


def look_up(database: Database, artifacts: ArtifactStore, comparison_id: str) -> LookedUp:
    """A comparison with all that is known. Statistics are worked out only as long as none are stored.

    Raises:
        NotFoundError: there is no such comparison.
    """
    with database.read() as session:
        comparison = studies.get(session, Comparison, comparison_id)
        if comparison.result is not None:
            jobs = members.of(session, ComparisonJob, comparison_id, Job.state, Job.error_code)
            return LookedUp(comparison, jobs, AssessmentDocument(**comparison.result))
        runs = load_runs(session, comparison_id)
    correctness = runs.correctness(artifacts)
    assessment = assess_or_explain(runs, correctness.by_job).to_document()
    if runs.comparison.state.final and correctness.complete:
        _keep(database, comparison_id, assessment)
    return LookedUp(runs.comparison, runs.members, assessment)


def _keep(database: Database, comparison_id: str, assessment: AssessmentDocument) -> None:
    """Of a comparison that was cancelled, or that ended in an earlier version or while files could not be read."""
    try:
        with database.write() as session:
            studies.keep_result(session, Comparison, comparison_id, assessment.to_json())
    except Exception as error:
        if not is_unavailable(error):
            raise
