"""Looking a trial up: what was stored when it ended, or else how far it is."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from normlab.claims.gathering import TrialRuns, load_runs
from normlab.claims.outcomes import assess_or_explain
from normlab.documents.identifiers import COMPARISON_ID_PATTERN
from normlab.spec.replicates import MIN_PAIRS
from normlab.store import Comparison, Database, Job, Trial, TrialJob, is_unavailable
from normlab.store.studies import members, studies

NOTHING_YET: dict[str, Any] = {"pairs": 0, "outcomes": [], "left_out": [], "caveats": [], "error": None}


@dataclass(frozen=True)
class LookedUpTrial:
    """A trial, its members with the states of their jobs, and its result."""

    trial: Trial
    members: Sequence[TrialJob]
    result: dict[str, Any]


def look_up(database: Database, trial_id: str) -> LookedUpTrial:
    """A trial with all that is known. Outcomes of one that was cancelled are worked out when somebody looks first.

    Raises:
        NotFoundError: there is no such trial.
    """
    with database.read() as session:
        trial = studies.get(session, Trial, trial_id)
        rows = members.of(session, TrialJob, trial_id, Job.state, Job.error_code)
        if trial.result is not None:
            return LookedUpTrial(trial, rows, trial.result)
        if not trial.state.final:
            return LookedUpTrial(trial, rows, NOTHING_YET)
        runs = load_runs(session, trial_id)
    result = assess_or_explain(runs)
    if result["error"] is None:
        _store(database, trial_id, result)
    return LookedUpTrial(trial, rows, result)


def runs_of(database: Database, trial_id: str) -> TrialRuns:
    """A trial with all that the store has of it.

    Raises:
        NotFoundError: there is no such trial.
    """
    with database.read() as session:
        return load_runs(session, trial_id)


def arms_of_comparison(database: Database, comparison_id: str) -> dict[str, Any] | None:
    """The arms, seeds and first seed of a comparison, as a request for a trial has them; None: there is none."""
    if not re.fullmatch(COMPARISON_ID_PATTERN, comparison_id):
        return None
    with database.read() as session:
        comparison = studies.find(session, Comparison, comparison_id)
        if comparison is None:
            return None
        arms = [
            {"name": arm.name, "spec": arm.spec}
            | ({} if arm.base_seed is None else {"base_seed": arm.base_seed})
            for arm in comparison.arms
        ]
        seeds = max(MIN_PAIRS, comparison.replicates)
        return {"arms": arms, "base_seed": comparison.base_seed, "seeds": seeds}


def _store(database: Database, trial_id: str, result: dict[str, Any]) -> None:
    try:
        with database.write() as session:
            studies.keep_result(session, Trial, trial_id, result)
    except Exception as error:
        if not is_unavailable(error):
            raise
