"""The members of a comparison: a job for each arm and seed, and what its events say of them."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from normlab.documents.events import EventKind
from normlab.documents.states import JobState
from normlab.spec import JobSpec
from normlab.spec.job import MAX_NAME_LENGTH
from normlab.spec.metrics import LATER_FIGURES
from normlab.store.comparisons.tables import Comparison, ComparisonArm, ComparisonJob
from normlab.store.jobs.creation import NewJobs
from normlab.store.jobs.tables import Job
from normlab.store.studies import events, members
from normlab.store.studies.members import NewMember


def new_members(comparison: Comparison, count: int, *, max_attempts: int) -> list[NewMember]:
    """The members of so many further replicates, to be stored if no other jobs can stand for theirs. What takes time is
    done here, without a transaction. Replicate after replicate, so that a pair's jobs run together: a pair that is
    complete may decide, so that the jobs of the pairs behind it need not run.
    """
    added = range(comparison.replicates, comparison.replicates + count)
    specs = [(arm, arm_spec(comparison, arm)) for arm in comparison.arms]
    makers = [(arm, spec.training.seed, NewJobs(spec, max_attempts=max_attempts)) for arm, spec in specs]
    new = []
    for replicate in added:
        for arm, first_seed, jobs in makers:
            seed = first_seed + replicate
            job = jobs.job(seed, _job_name(arm.name, seed))
            new.append(NewMember(job, {"replicate": replicate, "arm": arm.position, "seed": seed}))
    return new


def add_replicates(session: Session, comparison: Comparison, wanted: Sequence[NewMember]) -> list[str]:
    """Add what ``new_members`` gave, with a job that can be used again for each or else the new one. The comparison's
    row is locked, or new and flushed.

    Gives the ids of the jobs that were made: notify a worker of them when this is committed.
    """
    count = len(wanted) // len(comparison.arms)
    added = range(comparison.replicates, comparison.replicates + count)
    figure = LATER_FIGURES.get(comparison.question.get("metric", ""))
    made = members.add(session, comparison, wanted, fresh=comparison.fresh, figure=figure)
    comparison.replicates += count
    data = {
        "added": count,
        "replicates": comparison.replicates,
        "seeds": [comparison.base_seed + replicate for replicate in added],
        "jobs_made": len(made),
        "jobs_reused": len(wanted) - len(made),
    }
    events.append(session, comparison, EventKind.REPLICATES, data)
    return made


def record_ended(session: Session, comparison: Comparison, ended: Sequence[ComparisonJob]) -> None:
    """Store an event for each of these members, and for each pair that is complete with them."""
    names = {arm.position: arm.name for arm in comparison.arms}
    for member in ended:
        data = {
            "arm": names[member.arm],
            "seed": member.seed,
            "job": member.job_id,
            "state": member.ended,
            "reused": member.reused,
        }
        events.append(session, comparison, EventKind.JOB, data)
    for replicate, states in _states(session, comparison, {member.replicate for member in ended}).items():
        if not all(state.final for state in states.values()):
            continue
        failed = [names[arm] for arm, state in states.items() if state is not JobState.SUCCEEDED]
        seed = comparison.base_seed + replicate
        data = {"seed": seed, "complete": not failed, "failed_arms": failed}
        events.append(session, comparison, EventKind.PAIR, data)


def _states(session: Session, comparison: Comparison, replicates: set[int]) -> dict[int, dict[int, JobState]]:
    """The states of the jobs of these replicates, by replicate and arm, in order."""
    query = (
        select(ComparisonJob.replicate, ComparisonJob.arm, Job.state)
        .join(Job, Job.id == ComparisonJob.job_id)
        .where(ComparisonJob.study_id == comparison.id, ComparisonJob.replicate.in_(replicates))
        .order_by(ComparisonJob.replicate, ComparisonJob.arm)
    )
    states: dict[int, dict[int, JobState]] = {}
    for replicate, arm, state in session.execute(query):
        states.setdefault(replicate, {})[arm] = state
    return states


def arm_spec(comparison: Comparison, arm: ComparisonArm) -> JobSpec:
    """The spec of an arm's first job."""
    seed = comparison.base_seed if arm.base_seed is None else arm.base_seed
    spec = arm.spec
    training = {**spec["training"], "seed": seed}
    return JobSpec.model_validate({**spec, "tags": [*spec["tags"], comparison.id], "training": training})


def _job_name(arm_name: str, seed: int) -> str:
    """The arm's name, cut where it must be, and the seed."""
    suffix = f", seed {seed}"
    room = MAX_NAME_LENGTH - len(suffix)
    return (arm_name if len(arm_name) <= room else f"{arm_name[: room - 1]}…") + suffix
