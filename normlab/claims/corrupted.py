"""What a trial's networks make of corrupted pictures: asked for when they are trained, and read when it is there."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from normlab.claims.gathering import TrialRuns
from normlab.errors import NormlabError
from normlab.spec import JobSpec
from normlab.spec.correct_answers import CorrectAnswers
from normlab.spec.robustness import RobustnessRequest
from normlab.spec.robustness_limits import refuse_impossible
from normlab.store import ArtifactStore, Robustness, Trial, robustness

if TYPE_CHECKING:
    from normlab.analysis.claims.evidence import Corrupted

REQUEST = RobustnessRequest()
"""All corruptions at all severities."""


def needs_corrupted(trial: Trial) -> bool:
    """Whether a claim of a trial needs it."""
    from normlab.analysis.claims.claim import Need  # noqa: PLC0415 - scipy takes seconds
    from normlab.analysis.claims.registry import all_claims  # noqa: PLC0415

    claims = all_claims()
    return any(name in claims and Need.ROBUSTNESS in claims[name].needs for name in trial.question["claims"])


def ask(session: Session, runs: TrialRuns) -> None:
    """Ask about the networks of the arms as they are, those that nobody has asked about."""
    for job_id, key in _keys(runs).items():
        robustness.ask(session, job_id, key, REQUEST)


def waiting(session: Session, runs: TrialRuns) -> tuple[bool, bool]:
    """Whether there are networks that nobody has asked about, and such that were asked about and have no answer."""
    keys = _keys(runs)
    rows = _rows(session, keys)
    unasked = any(job_id not in rows for job_id in keys)
    return unasked, any(row.file is None and row.error is None for row in rows.values())


def read(session: Session, runs: TrialRuns, artifacts: ArtifactStore) -> dict[str, "Corrupted"]:
    """What is known, by job: nothing of networks that could not be tried, or whose file cannot be read."""
    from normlab.analysis.claims.evidence import Corrupted  # noqa: PLC0415 - scipy takes seconds

    found: dict[str, Corrupted] = {}
    for job_id, row in _rows(session, _keys(runs)).items():
        if row.file is None:
            continue
        try:
            answers = CorrectAnswers.from_bytes(artifacts.read(row.file)).trained
        except NormlabError:
            continue
        by_corruption: dict[str, float] = {
            name: float(answers.corrupted[number].mean()) for number, name in enumerate(REQUEST.corruptions)
        }
        found[job_id] = Corrupted(float(answers.clean.mean()), by_corruption)
    return found


def _rows(session: Session, keys: Mapping[str, str]) -> dict[str, Robustness]:
    rows: dict[str, Robustness] = {}
    for key in set(keys.values()):
        rows |= robustness.of_jobs(session, [job_id for job_id, of in keys.items() if of == key], key)
    return rows


def _keys(runs: TrialRuns) -> dict[str, str]:
    """By job of an arm as it is, if its network can be tried, what is asked of it."""
    if not needs_corrupted(runs.trial):
        return {}
    keys: dict[str, str] = {}
    for member in runs.members:
        if member.setting != 0 or member.job_id not in runs.records:
            continue
        try:
            spec = JobSpec.model_validate(member.job.spec)
            refuse_impossible("the network", spec, REQUEST)
        except (NormlabError, ValueError):  # no pictures, too many of them, or of another version
            continue
        keys[member.job_id] = REQUEST.key(spec.dataset)
    return keys
