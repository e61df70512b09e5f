"""Going on: what follows when all jobs of a comparison have ended. Any number of processes may do it at once."""

from normlab.comparisons.assessment import assess
from normlab.comparisons.runs import load_runs
from normlab.comparisons.stopping import further_replicates, look, stop_reason
from normlab.store import ArtifactStore, Comparison, Database, StudyState
from normlab.store.comparisons.replicates import add_replicates, new_members, record_ended
from normlab.store.studies import studies
from normlab.store.studies.advance import advance as advance_studies


def advance(database: Database, artifacts: ArtifactStore, *, max_attempts: int) -> list[str]:
    """Record which jobs have ended, and end or continue the comparisons all of whose jobs have.

    Gives the ids of jobs that were made: notify a worker of them.
    """

    def decide(comparison_id: str, event_count: int) -> list[str]:
        return _decide(database, artifacts, comparison_id, event_count, max_attempts)

    return advance_studies(database, Comparison, on_ended=record_ended, decide=decide)


def _decide(
    database: Database, artifacts: ArtifactStore, comparison_id: str, event_count: int, max_attempts: int
) -> list[str]:
    """The statistics are worked out between two transactions; the second changes nothing when somebody else was
    faster."""
    with database.read() as session:
        runs = load_runs(session, comparison_id)
    if runs.comparison.event_count != event_count:
        return []
    seen = look(runs)
    more = further_replicates(seen, runs.question.replicates, runs.comparison.replicates)
    if more:
        wanted = new_members(runs.comparison, more, max_attempts=max_attempts)
        with database.write() as session:
            comparison = studies.lock_unchanged(session, Comparison, comparison_id, event_count)
            return add_replicates(session, comparison, wanted) if comparison else []
    state = StudyState.FINISHED if seen.pairs else StudyState.FAILED
    correctness = runs.correctness(artifacts)
    assessment = assess(runs, correctness.by_job, seen=seen, state=state)
    result = assessment.to_document().to_json() if correctness.complete else None
    with database.write() as session:
        comparison = studies.lock_unchanged(session, Comparison, comparison_id, event_count)
        if comparison is not None:
            comparison.verdicts = assessment.verdicts
            studies.end(
                session,
                comparison,
                state=state,
                reason=stop_reason(seen),
                result=result,
                verdicts=assessment.verdicts,
            )
    return []
