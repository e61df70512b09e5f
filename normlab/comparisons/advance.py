"""Going on: what follows when jobs of a comparison have ended. Safe to run in any number of processes at once."""

import logging

from normlab.comparisons.assessment import Assessment, assess
from normlab.comparisons.runs import load_runs
from normlab.store import Comparison, ComparisonState, ComparisonStopReason, Database, is_unavailable
from normlab.store.comparisons import progress as comparison_progress

_log = logging.getLogger(__name__)


def advance(database: Database, *, max_attempts: int) -> list[str]:
    """Tell which jobs have ended, and end or continue the comparisons all of whose jobs have.

    The statistics are worked out between two transactions; the second changes nothing when somebody else was
    faster. Gives the ids of jobs that were made: ring for them.
    """
    with database.read() as session:
        news = comparison_progress.with_news(session)
    for comparison_id in news:
        with database.write() as session:
            comparison_progress.note_ended_jobs(session, comparison_id)
    with database.read() as session:
        complete = comparison_progress.complete(session)
    made = []
    for comparison_id in complete:
        try:
            made += _decide(database, comparison_id, max_attempts)
        except Exception as error:
            if is_unavailable(error):
                raise
            # One that cannot be decided must not hold up the others.
            _log.exception("comparison %s could not go on", comparison_id)
    return made


def _decide(database: Database, comparison_id: str, max_attempts: int) -> list[str]:
    with database.read() as session:
        runs = load_runs(session, comparison_id)
    comparison = runs.comparison
    assessment = assess(runs)
    more = _further_replicates(comparison, assessment)
    with database.write() as session:
        if more:
            return comparison_progress.go_on(
                session, comparison_id, expected=comparison.replicates, count=more, max_attempts=max_attempts
            )
        state = ComparisonState.FINISHED if assessment.pairs else ComparisonState.FAILED
        comparison_progress.end(
            session,
            comparison_id,
            expected=comparison.replicates,
            state=state,
            reason=_reason(assessment),
            verdicts=assessment.verdicts,
        )
        return []


def _further_replicates(comparison: Comparison, assessment: Assessment) -> int:
    """As many as are missing to the plan's next look, as far as the plan allows; none once it is decided, or when
    nothing so far has succeeded."""
    if assessment.decided or assessment.next_look is None or not assessment.pairs:
        return 0
    return min(assessment.next_look - assessment.pairs, comparison.max_replicates - comparison.replicates)


def _reason(assessment: Assessment) -> ComparisonStopReason:
    if not assessment.pairs:
        return ComparisonStopReason.NO_PAIR
    return ComparisonStopReason.DECIDED if assessment.decided else ComparisonStopReason.ALL_PAIRS_RUN
