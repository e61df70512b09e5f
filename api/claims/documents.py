"""Claims and trials -> the documents that the API answers with."""

from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import Any

from api.http.root_path import address
from normlab.claims.lookup import NOTHING_YET, LookedUpTrial
from normlab.claims.parse import ParsedTrial
from normlab.claims.settings import words_of
from normlab.documents.claims import (
    ClaimDocument,
    ClaimList,
    OutcomeDocument,
    SettingDocument,
    TrialArmDocument,
    TrialDocument,
    TrialJobDocument,
    TrialLinks,
    TrialProgress,
    TrialSummary,
    ValidatedTrial,
)
from normlab.store import JobState, Trial, TrialJob
from normlab.store.clock import rfc3339
from normlab.store.studies.tables import StudyEvent


@cache
def all_claims_document() -> ClaimList:
    """Every claim that is known."""
    from normlab.analysis.claims.registry import all_claims  # noqa: PLC0415 - scipy takes seconds

    claims = all_claims().values()
    return ClaimList(data=tuple(ClaimDocument.model_validate(claim.to_document()) for claim in claims))


def trial_url(trial_id: str) -> str:
    """Where a trial is."""
    return address(f"/claims/{trial_id}")


def summary_document(trial: Trial) -> TrialSummary:
    """A trial as a list shows it."""
    question, result, url = trial.question, trial.result, trial_url(trial.id)
    return TrialSummary(
        id=trial.id,
        name=trial.name,
        state=trial.state,
        stop_reason=trial.stop_reason,
        created_at=trial.created_at,
        finished_at=trial.finished_at,
        arm_names=tuple(arm["name"] for arm in trial.arms),
        claims=tuple(question["claims"]),
        answers=None if result is None else _answers(result),
        confidence=question["confidence"],
        target_accuracy=question["target_accuracy"],
        base_seed=trial.base_seed,
        seeds=trial.max_replicates,
        budget=question["budget"],
        fresh=trial.fresh,
        links=TrialLinks(self=url, events=f"{url}/events", cancel=f"{url}/cancel", report=f"{url}/report"),
    )


def trial_document(found: LookedUpTrial) -> TrialDocument:
    """A trial with all that is known so far."""
    trial, result = found.trial, found.result
    summary = dict(summary_document(trial)) | {
        "answers": _answers(result) if trial.state.final and result["outcomes"] else None
    }
    return TrialDocument(
        **summary,
        arms=tuple(TrialArmDocument.model_validate(arm) for arm in trial.arms),
        jobs=tuple(_job(trial, member) for member in found.members),
        progress=_progress(trial, found.members),
        pairs=result["pairs"] if result is not NOTHING_YET else _pairs(found.members),
        outcomes=tuple(OutcomeDocument.model_validate(outcome) for outcome in result["outcomes"]),
        caveats=tuple(result["caveats"]),
        left_out=tuple(result["left_out"]),
        error=result["error"],
    )


def validated_document(parsed: ParsedTrial) -> ValidatedTrial:
    """A request that was only checked."""
    return ValidatedTrial(
        claims=tuple(claim.name for claim in parsed.claims),
        seeds=parsed.seeds,
        jobs_of_a_seed=parsed.jobs_of_a_seed,
        jobs=parsed.seeds * parsed.jobs_of_a_seed,
    )


def event_data(event: StudyEvent) -> dict[str, Any]:
    """What an event's ``data:`` line holds."""
    return {**event.data, "at": rfc3339(event.at)}


def _answers(result: dict[str, Any]) -> dict[str, str]:
    return {outcome["claim"]: outcome["answer"] for outcome in result["outcomes"]}


def _setting(trial: Trial, number: int) -> SettingDocument | None:
    return None if number == 0 else SettingDocument.model_validate(trial.settings[number - 1])


def _job(trial: Trial, member: TrialJob) -> TrialJobDocument:
    return TrialJobDocument(
        job=member.job_id,
        arm=trial.arms[member.arm]["name"],
        setting=_setting(trial, member.setting),
        seed=member.seed,
        state=member.job.state,
        reused=member.reused,
        error=member.job.error_code if member.job.state is JobState.FAILED else None,
    )


def _pairs(members: Sequence[TrialJob]) -> int:
    """Seeds for which both arms, as they are, have a job that succeeded."""
    done = Counter(
        member.replicate
        for member in members
        if member.setting == 0 and member.job.state is JobState.SUCCEEDED
    )
    return sum(count == 2 for count in done.values())


def _progress(trial: Trial, members: Sequence[TrialJob]) -> TrialProgress:
    states = Counter(member.job.state for member in members)
    unfinished = [member for member in members if not member.job.state.final]
    return TrialProgress(
        seeds=trial.replicates,
        jobs=dict(states),
        fraction=sum(count for state, count in states.items() if state.final) / max(len(members), 1),
        asking="" if trial.state.final else _asking(trial, unfinished),
    )


def _asking(trial: Trial, unfinished: Sequence[TrialJob]) -> str:
    """What the next of the unfinished jobs are for, in words."""
    if not unfinished:
        return "what follows from the runs"
    first = min(unfinished, key=lambda member: (member.setting, member.replicate, member.arm))
    a, b = (arm["name"] for arm in trial.arms)
    setting = _setting(trial, first.setting)
    where = "as they are" if setting is None else f"with {words_of(setting)}"
    return f"{a} and {b} {where}, seed {first.seed}"
