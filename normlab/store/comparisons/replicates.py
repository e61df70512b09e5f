"""The members of a comparison: a job for each arm and seed, and what its events say of them."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from normlab.documents.events import EventKind
from normlab.documents.states import JobState
from normlab.spec import JobSpec
from normlab.spec.job import MAX_NAME_LENGTH
from normlab.store.comparisons.tables import Comparison, ComparisonArm, ComparisonJob
from normlab.store.jobs.tables import Job
from normlab.store.studies import events, members
from normlab.store.studies.members import NewMember


def add_replicates(session: Session, comparison: Comparison, count: int, *, max_attempts: int) -> list[str]:
    """Make or find the jobs of so many further replicates. The comparison's row is locked or new.

    Gives the ids of the jobs that were made: notify a worker of them when this is committed.
    """
    added = range(comparison.replicates, comparison.replicates + count)
    wanted = [_member(comparison, arm, replicate) for replicate in added for arm in comparison.arms]
    made = members.add(session, comparison, wanted, fresh=comparison.fresh, max_attempts=max_attempts)
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


def _member(comparison: Comparison, arm: ComparisonArm, replicate: int) -> NewMember:
    spec = job_spec(comparison, arm, replicate)
    return NewMember(spec, {"replicate": replicate, "arm": arm.position, "seed": spec.training.seed})


def job_spec(comparison: Comparison, arm: ComparisonArm, replicate: int) -> JobSpec:
    """The spec of an arm's job."""
    seed = (comparison.base_seed if arm.base_seed is None else arm.base_seed) + replicate
    spec = arm.spec
    return JobSpec.model_validate(
        {
            **spec,
            "name": _job_name(arm.name, seed),
            "tags": [*spec["tags"], comparison.id],
            "training": {**spec["training"], "seed": seed},
        }
    )


def _job_name(arm_name: str, seed: int) -> str:
    """The arm's name, cut where it must be, and the seed."""
    suffix = f", seed {seed}"
    room = MAX_NAME_LENGTH - len(suffix)
    return (arm_name if len(arm_name) <= room else f"{arm_name[: room - 1]}…") + suffix
