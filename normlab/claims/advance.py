"""Going on: what follows when all jobs of a trial have ended. Any number of processes may do it at once."""

from dataclasses import replace
from datetime import UTC, datetime

from normlab.claims import corrupted
from normlab.claims.gathering import TrialRuns, load_runs
from normlab.claims.outcomes import assess
from normlab.claims.request import seconds_of
from normlab.store import ArtifactStore, Database, StudyState, StudyStopReason, Trial
from normlab.store.studies import studies
from normlab.store.studies.advance import advance as advance_studies
from normlab.store.trials.trials import (
    add_replicates,
    cancel_jobs,
    new_members,
    overdue_trials,
    record_ended,
)


def advance(database: Database, artifacts: ArtifactStore, *, max_attempts: int) -> list[str]:
    """Record which jobs have ended, and end or continue the trials all of whose jobs have.

    Gives the ids of jobs that were made: notify a worker of them.
    """
    with database.read() as session:
        overdue = overdue_trials(session)
    if overdue:
        with database.write() as session:
            cancel_jobs(session, overdue)

    def decide(trial_id: str, event_count: int) -> list[str]:
        return _decide(database, artifacts, trial_id, event_count, max_attempts)

    return advance_studies(database, Trial, on_ended=record_ended, decide=decide)


def _decide(
    database: Database, artifacts: ArtifactStore, trial_id: str, event_count: int, max_attempts: int
) -> list[str]:
    """Outcomes are worked out between two transactions; the second changes nothing when somebody else was faster."""
    with database.read() as session:
        runs = load_runs(session, trial_id)
    if runs.trial.event_count != event_count:
        return []
    more = further_replicates(runs, datetime.now(UTC))
    if more:
        wanted = new_members(runs.trial, more, max_attempts=max_attempts)
        with database.write() as session:
            trial = studies.lock_unchanged(session, Trial, trial_id, event_count)
            return add_replicates(session, trial, wanted) if trial else []
    with database.read() as session:
        unasked, unanswered = corrupted.waiting(session, runs)
    over = _is_over(runs.trial, datetime.now(UTC))
    if unasked and not over:  # else nobody would read the answers
        with database.write() as session:
            corrupted.ask(session, runs)
    if (unasked or unanswered) and not over:
        return []  # looked at again, until a worker has tried the networks
    with database.read() as session:
        runs = replace(runs, corrupted=corrupted.read(session, runs, artifacts))
    pairs = len(runs.evidence().same)
    state = StudyState.FINISHED if pairs else StudyState.FAILED
    reason = StudyStopReason.ALL_PAIRS_RUN if pairs else StudyStopReason.NO_PAIR
    result = assess(runs, state)
    with database.write() as session:
        trial = studies.lock_unchanged(session, Trial, trial_id, event_count)
        if trial is not None:
            answers = {outcome["claim"]: outcome["answer"] for outcome in result["outcomes"]}
            studies.end(session, trial, state=state, reason=reason, result=result, answers=answers)
    return []


def further_replicates(runs: TrialRuns, now: datetime) -> int:
    """How many seeds to add to those that all have ended: as many as were asked for, but of a budget of seconds those
    that the rest of it has room for, by what the ones before took. It depends on clocks, not on what they show; it is
    rounded down, since seconds differ from seed to seed."""
    trial = runs.trial
    missing = trial.max_replicates - trial.replicates
    seconds = seconds_of(trial.question)
    if missing <= 0 or not len(runs.evidence().same):
        return 0
    if seconds is None:
        return missing
    elapsed = (now - trial.created_at).total_seconds()
    each = max(elapsed, 0.0) / trial.replicates
    room = int((seconds - elapsed) / each) if each else missing
    return max(0, min(missing, room))


def _is_over(trial: Trial, now: datetime) -> bool:
    """Whether the budget of seconds is used up."""
    return trial.ends_at is not None and trial.ends_at < now
