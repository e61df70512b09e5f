"""The page of a trial that was run by the service."""

import json
from typing import Any

from normlab.analysis.claims.page import trial_page
from normlab.claims.gathering import TrialRuns
from normlab.documents.claims import OutcomeDocument
from normlab.spec.shortest import shortest_spec
from normlab.store import Trial


def html_page(runs: TrialRuns, result: dict[str, Any]) -> str:
    """One page that loads nothing. There is at least one pair."""
    trial, evidence = runs.trial, runs.evidence()
    arms = {
        evidence.a: [run.record for run in evidence.same.a],
        evidence.b: [run.record for run in evidence.same.b],
    }
    when = trial.finished_at or trial.created_at
    return trial_page(
        [OutcomeDocument.model_validate(outcome) for outcome in result["outcomes"]],
        arms,
        confidence=trial.question["confidence"],
        caveats=result["caveats"],
        left_out=result["left_out"],
        subtitle=f"{trial.name + '; ' if trial.name else ''}{trial.replicates} seeds from {trial.base_seed}; "
        f"{trial.state}, {when:%Y-%m-%d %H:%M} UTC; {trial.id}",
        request=_request(trial),
    )


def _request(trial: Trial) -> str:
    """The body of a request that asks for the same trial."""
    arms = [
        {"name": arm["name"], "spec": shortest_spec(arm["spec"])}
        | ({} if arm["base_seed"] is None else {"base_seed": arm["base_seed"]})
        for arm in trial.arms
    ]
    question = {
        name: value for name, value in trial.question.items() if value is not None and name != "budget"
    }
    body = {"arms": arms, **question, "seeds": trial.replicates, "base_seed": trial.base_seed}
    # Names are other people's text: escaped in JSON's way they are no markup anywhere.
    return json.dumps(body, ensure_ascii=False, indent=2).replace("<", "\\u003c")
