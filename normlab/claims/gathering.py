"""From the store's rows to the evidence that claims are judged by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from normlab.analysis import RunRecord
from normlab.claims.settings import words_of
from normlab.comparisons.runs import run_records
from normlab.errors import SpecError
from normlab.spec import parse_job_spec
from normlab.spec.measurements import Measured
from normlab.store import FailureCode, Job, JobState, Trial, TrialJob, measurements
from normlab.store.studies import members, studies

if TYPE_CHECKING:
    from normlab.analysis.claims.evidence import Corrupted, Evidence, Run

_JOB_COLUMNS = (
    Job.name,
    Job.state,
    Job.spec,
    Job.spec_digest,
    Job.result,
    Job.timings,
    Job.environment,
    Job.digests,
    Job.error_code,
)
"""What is read of each job: not its layers, its progress and its tags."""


@dataclass(frozen=True)
class TrialRuns:
    """A trial with all that the store has of it."""

    trial: Trial
    members: Sequence[TrialJob]
    """By replicate, setting and arm, each with its job."""
    records: Mapping[str, RunRecord]
    """Of the jobs that have succeeded, by their ids; ``pair`` is the replicate."""
    measured: Mapping[str, Sequence[Measured]]
    corrupted: Mapping[str, "Corrupted"] = field(default_factory=dict)
    """What networks make of corrupted pictures, by job, as far as that is known and needed."""

    def arm(self, arm: int, setting: int = 0) -> list["Run"]:
        """The runs of an arm that have succeeded, in the order of their replicates: at a setting, or as it is where
        the arm has that setting anyway."""
        if setting and self.trial.arms[arm]["at"][setting - 1] is None:
            setting = 0
        return [
            self._run(member)
            for member in self.members
            if (member.arm, member.setting) == (arm, setting) and member.job_id in self.records
        ]

    def _run(self, member: TrialJob) -> "Run":
        from normlab.analysis.claims.evidence import Run  # noqa: PLC0415 - scipy takes seconds

        record = replace(self.records[member.job_id], pair=member.replicate)
        measured, corrupted = self.measured.get(member.job_id, ()), self.corrupted.get(member.job_id)
        return Run(record, measured, _steps(record), corrupted)

    def evidence(self) -> "Evidence":
        """What the claims are judged by."""
        from normlab.analysis.claims.evidence import Evidence, Paired, Setting  # noqa: PLC0415 - scipy takes seconds

        trial = self.trial
        a, b = (arm["name"] for arm in trial.arms)
        at = {
            Setting(**setting): Paired.of(self.arm(0, number), self.arm(1, number))
            for number, setting in enumerate(trial.settings, 1)
        }
        target = trial.question.get("target_accuracy")
        return Evidence(a, b, Paired.of(self.arm(0), self.arm(1)), at, target)

    def left_out(self) -> tuple[str, ...]:
        """A sentence for each job without a result."""
        return tuple(
            f"Seed {member.seed} of {self.trial.arms[member.arm]['name']}{self._at(member)} is left out: its job "
            f"{_what_happened(member)}."
            for member in self.members
            if member.job_id not in self.records and (self.trial.state.final or member.job.state.final)
        )

    def _at(self, member: TrialJob) -> str:
        if not member.setting:
            return ""
        from normlab.analysis.claims.evidence import Setting  # noqa: PLC0415 - scipy takes seconds

        return f" with {words_of(Setting(**self.trial.settings[member.setting - 1]))}"


def load_runs(session: Session, trial_id: str) -> TrialRuns:
    """Read a trial with its jobs, their epochs, and what probes measured in them.

    Raises:
        NotFoundError: there is no such trial.
    """
    from normlab.analysis.claims.registry import all_claims  # noqa: PLC0415 - scipy takes seconds

    trial = studies.get(session, Trial, trial_id)
    rows = members.of(session, TrialJob, trial_id, *_JOB_COLUMNS)
    done = [member for member in rows if _has_something_to_say(trial, member)]
    records = run_records(session, [member.job for member in done])
    as_they_are = {member.job_id for member in done if member.setting == 0}
    probes = {probe for claim in all_claims().values() for probe in claim.probes}
    found = measurements.rows_of_jobs(session, as_they_are, probes) if as_they_are else {}
    measured = {
        job_id: [Measured(r.step, r.epoch, r.probe, r.layer, r.statistic, r.value) for r in of_job]
        for job_id, of_job in found.items()
    }
    return TrialRuns(trial, rows, records, measured)


def _has_something_to_say(trial: Trial, member: TrialJob) -> bool:
    """Whether a member's job counts: it has succeeded, or its loss stopped being a number at a setting that a claim
    chose. To leave the latter out would flatter the arm that has most of them."""
    state = _counted(trial, member)
    diverged = state is JobState.FAILED and member.job.error_code is FailureCode.NAN_LOSS
    return state is JobState.SUCCEEDED or (diverged and member.setting != 0)


def _counted(trial: Trial, member: TrialJob) -> JobState | None:
    """The state of a member's job as far as it counts: of a trial that is over, that in which the job had ended."""
    return member.ended if trial.state.final else member.job.state


def _steps(record: RunRecord) -> int:
    try:
        return parse_job_spec(dict(record.spec)).steps_per_epoch
    except SpecError:  # of another version: how many updates it made is not known
        return 0


def _what_happened(member: TrialJob) -> str:
    state = member.job.state
    if state is JobState.FAILED and member.job.error_code:
        return f"failed ({member.job.error_code})"
    return {JobState.FAILED: "failed", JobState.CANCELLED: "was cancelled"}.get(state, "had not ended")
