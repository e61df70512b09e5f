"""From the store's rows to what the analysis takes."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from normlab.analysis import RunRecord
from normlab.analysis.leaks import leak_caveats
from normlab.analysis.records import of_result
from normlab.comparisons.correctness import Correctness, CorrectnessFiles, correctness_files
from normlab.comparisons.looks import Looks, looks_before
from normlab.comparisons.request import Question
from normlab.documents.datasets import DataCardDocument
from normlab.store import ArtifactStore, Comparison, ComparisonJob, Epoch, Job, JobState
from normlab.store.datasets import versions
from normlab.store.studies import members, studies


@dataclass(frozen=True)
class ComparedRuns:
    """A comparison with all that the store has of it."""

    comparison: Comparison
    question: Question
    members: Sequence[ComparisonJob]
    """By replicate, then by arm, each with its job."""
    arms: Mapping[str, Sequence[RunRecord]]
    """The runs that have succeeded, in the order of their replicates."""
    correctness_files: CorrectnessFiles
    """Which of the test set's examples each of them got right."""
    before: Looks

    def arm_name(self, member: ComparisonJob) -> str:
        """The name of the arm that a job stands for."""
        return self.comparison.arms[member.arm].name

    def values(self) -> dict[str, float | None]:
        """The metric of each run by its job."""
        return {run.job: self.question.metric.of(run) for group in self.arms.values() for run in group}

    def complete_pairs(self) -> int:
        """For how many replicates every arm has a run that succeeded."""
        done = {run.job for group in self.arms.values() for run in group}
        replicates = {member.replicate for member in self.members}
        return len(replicates - {member.replicate for member in self.members if member.job_id not in done})

    def correctness(self, artifacts: ArtifactStore) -> Correctness:
        """Which of the test set's examples each run got right, as far as the files can be read."""
        return self.correctness_files.read(artifacts)


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


def load_runs(session: Session, comparison_id: str) -> ComparedRuns:
    """Read a comparison with its jobs and their epochs.

    Raises:
        NotFoundError: there is no such comparison.
    """
    comparison = studies.get(session, Comparison, comparison_id)
    question = Question.stored(comparison.question)
    rows = members.of(session, ComparisonJob, comparison_id, *_JOB_COLUMNS)
    done = [member for member in rows if counted_state(comparison, member) is JobState.SUCCEEDED]
    records = run_records(session, [member.job for member in done], question.target_accuracy)
    by_arm: dict[str, list[RunRecord]] = {arm.name: [] for arm in comparison.arms}
    for member in done:
        name = comparison.arms[member.arm].name
        by_arm[name].append(replace(records[member.job_id], name=name, pair=_pair(comparison, member)))
    before = looks_before(session, comparison)
    return ComparedRuns(comparison, question, rows, by_arm, correctness_files(session, records), before)


def counted_state(comparison: Comparison, member: ComparisonJob) -> JobState | None:
    """The state of a member's job as far as it counts.

    What a comparison that is over has said stays as it is, also when a failed job of it is retried: what counts is
    the state in which the job had ended by then, and None if it had not.
    """
    return member.ended if comparison.state.final else member.job.state


def _pair(comparison: Comparison, member: ComparisonJob) -> int | None:
    """The number of a job's pair, where seeds do not tell it: what the seed would be without any of an arm's own."""
    if all(arm.base_seed is None for arm in comparison.arms):
        return None
    return comparison.base_seed + member.replicate


def run_records(
    session: Session, jobs: Collection[Job], target_accuracy: float | None = None
) -> dict[str, RunRecord]:
    """The runs of jobs by their ids, all epochs read at once."""
    epochs: dict[str, list[Epoch]] = {job.id: [] for job in jobs}
    query = select(Epoch).where(Epoch.job_id.in_(epochs)).order_by(Epoch.job_id, Epoch.epoch)
    for epoch in session.scalars(query):
        epochs[epoch.job_id].append(epoch)
    leaks = _leaks(session, jobs)
    return {job.id: _record(job, epochs[job.id], target_accuracy, leaks) for job in jobs}


def _leaks(session: Session, jobs: Collection[Job]) -> Mapping[str, tuple[str, ...]]:
    """What to know of leaks between the parts of uploaded datasets, by their contents' digests."""
    titles = {
        content["digest"]: f"{dataset['name']}, version {dataset['version']}"
        for dataset in (job.spec["dataset"] for job in jobs)
        if (content := dataset.get("content")) is not None
    }
    cards = versions.cards(session, titles) if titles else {}
    return {
        digest: tuple(leak_caveats({titles[digest]: DataCardDocument.model_validate(card)}))
        for digest, card in cards.items()
    }


def _record(
    job: Job, epochs: Sequence[Epoch], target_accuracy: float | None, leaks: Mapping[str, tuple[str, ...]]
) -> RunRecord:
    content = job.spec["dataset"].get("content") or {}
    return RunRecord(
        job=job.id,
        spec=job.spec,
        epochs=tuple(epoch.metrics for epoch in epochs),
        name=job.name,
        target_accuracy=target_accuracy,
        timings=job.timings or {},
        environment=job.environment or {},
        state=job.state,
        leaks=leaks.get(content.get("digest", ""), ()),
        **of_result(job.result or {}),
    )
