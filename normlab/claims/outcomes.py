"""What a trial's finished runs say of its claims."""

import logging
from collections.abc import Sequence
from typing import Any

from normlab.claims.gathering import TrialRuns
from normlab.claims.request import seconds_of
from normlab.store import StudyState

_log = logging.getLogger(__name__)

NOT_WORKED_OUT = "The outcomes could not be worked out; the log of the service says why."


def assess(runs: TrialRuns, state: StudyState | None = None) -> dict[str, Any]:
    """The result of a trial as plain JSON: what is stored when it ends, and answered. ``state`` is the one that it is
    about to have."""
    from normlab.analysis.claims.judge import judge  # noqa: PLC0415 - scipy takes seconds
    from normlab.analysis.claims.registry import all_claims, named  # noqa: PLC0415

    trial, evidence = runs.trial, runs.evidence()
    asked: Sequence[str] | None = trial.question.get("claims")
    claims = named([*all_claims()] if asked is None else [name for name in asked if name in all_claims()])
    outcomes = judge(claims, evidence, confidence=trial.question["confidence"])
    return {
        "pairs": len(evidence.same),
        "outcomes": [found.to_document() for found in outcomes],
        "left_out": [*runs.left_out()],
        "caveats": [*_caveats(runs, state or trial.state)],
        "error": None,
    }


def assess_or_explain(runs: TrialRuns) -> dict[str, Any]:
    """The same for those who only look: where it raises an error, what is known without."""
    try:
        return assess(runs)
    except Exception:
        _log.exception("the outcomes of trial %s cannot be worked out", runs.trial.id)
        return {"pairs": 0, "outcomes": [], "left_out": [], "caveats": [], "error": NOT_WORKED_OUT}


def _caveats(runs: TrialRuns, state: StudyState) -> list[str]:
    trial = runs.trial
    said = []
    if state is StudyState.CANCELLED:
        said.append(
            "The trial was cancelled. If somebody did so because of what it showed, its error rates do not hold."
        )
    seconds = seconds_of(trial.question)
    if state is StudyState.FINISHED and seconds is not None and trial.replicates < trial.max_replicates:
        said.append(
            f"The budget of {seconds:g} s had room for {trial.replicates} of {trial.max_replicates} seeds."
        )
    rates = [_learning_rate(arm) for arm in trial.arms]
    if rates[0] is not None and rates[0] == rates[1]:
        said.append(
            f"Both arms were trained with one learning rate ({rates[0]:g}), which may suit one of them better: what is "
            "judged is the networks at this rate, not each at its best."
        )
    return said


def _learning_rate(arm: dict[str, Any]) -> float | None:
    rate: float | None = arm["spec"]["training"]["optimizer"].get("learning_rate")
    return rate
