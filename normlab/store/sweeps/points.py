"""The points of a sweep and their members: a job for each point and seed, and what its events say of them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from normlab.documents.events import EventKind
from normlab.documents.states import JobState
from normlab.spec import JobSpec
from normlab.spec.job import MAX_NAME_LENGTH
from normlab.spec.metrics import LATER_FIGURES
from normlab.store.jobs.creation import NewJobs
from normlab.store.jobs.tables import Job
from normlab.store.studies import events, members
from normlab.store.studies.members import NewMember
from normlab.store.sweeps.tables import Sweep, SweepJob, SweepPoint

LOWEST_PRIORITY = -10


@dataclass(frozen=True)
class NewPoint:
    """A point that an arm is to have, with its jobs."""

    arm: int
    number: int
    values: Mapping[str, Any]
    epochs: int | None
    members: Sequence[NewMember]


def new_point(
    sweep: Sweep,
    place: tuple[int, int],
    values: Mapping[str, Any],
    spec: JobSpec,
    *,
    epochs: int | None = None,
    max_attempts: int,
) -> NewPoint:
    """A point with its jobs: ``place`` is its arm and its number, ``spec`` its spec. What takes time is done here,
    without a transaction.

    Its jobs wait behind those that nobody has given another priority, such as those of comparisons: a sweep is many
    jobs, of which none is waited for by itself.
    """
    arm, number = place
    tagged = spec.model_copy(
        update={
            "tags": (*spec.tags, sweep.id),
            "priority": max(LOWEST_PRIORITY, spec.priority - 1),
            "name": None,
        }
    )
    jobs = NewJobs(tagged, max_attempts=max_attempts)
    title = _title(sweep.arms[arm].name, number)
    columns = {"arm": arm, "round": sweep.rounds, "number": number}
    wanted = [
        NewMember(jobs.job(seed, f"{title}, seed {seed}"), {**columns, "seed": seed})
        for seed in range(sweep.base_seed, sweep.base_seed + sweep.seeds)
    ]
    return NewPoint(arm, number, values, epochs, wanted)


def add_round(
    session: Session, sweep: Sweep, points: Sequence[NewPoint], *, widened: Mapping[str, Any] | None = None
) -> list[str]:
    """Give a sweep a further round: these points, with a job that can be used again for each seed or else a new one.
    The sweep's row is locked, or new and flushed.

    Gives the ids of the jobs that were made: notify a worker of them when this is committed.
    """
    rows = [
        {
            "sweep_id": sweep.id,
            "arm": point.arm,
            "round": sweep.rounds,
            "number": point.number,
            "values": dict(point.values),
            "epochs": point.epochs,
        }
        for point in points
    ]
    session.execute(insert(SweepPoint), rows)
    wanted = [member for point in points for member in point.members]
    figure = LATER_FIGURES.get(sweep.question.get("metric", ""))
    made = members.add(session, sweep, wanted, fresh=sweep.fresh, figure=figure)
    sweep.rounds += 1
    data: dict[str, Any] = {
        "round": sweep.rounds - 1,
        "added": len(points),
        "jobs_made": len(made),
        "jobs_reused": len(wanted) - len(made),
    }
    if widened is not None:
        sweep.widened = [*sweep.widened, dict(widened)]
        data["widened"] = dict(widened)
    events.append(session, sweep, EventKind.POINTS, data)
    return made


def points_of(session: Session, sweep_id: str) -> Sequence[SweepPoint]:
    """The points of a sweep, by arm and round, then in order."""
    query = (
        select(SweepPoint)
        .where(SweepPoint.sweep_id == sweep_id)
        .order_by(SweepPoint.arm, SweepPoint.round, SweepPoint.number)
    )
    return session.scalars(query).all()


def record_ended(session: Session, sweep: Sweep, ended: Sequence[SweepJob]) -> None:
    """Store an event for each of these members, and for each point that has ended with them."""
    names = {arm.position: arm.name for arm in sweep.arms}
    for member in ended:
        data = {
            "arm": names[member.arm],
            "point": member.number,
            "seed": member.seed,
            "job": member.job_id,
            "state": member.ended,
            "reused": member.reused,
        }
        events.append(session, sweep, EventKind.JOB, data)
    touched = {(member.arm, member.round, member.number) for member in ended}
    for (arm, round_number, number), states in _states(session, sweep, touched).items():
        if not all(state.final for state in states):
            continue
        failed = sum(state is not JobState.SUCCEEDED for state in states)
        data = {
            "arm": names[arm],
            "point": number,
            "round": round_number,
            "complete": not failed,
            "failed_jobs": failed,
        }
        events.append(session, sweep, EventKind.POINT, data)


def _states(
    session: Session, sweep: Sweep, places: Collection[tuple[int, int, int]]
) -> dict[tuple[int, int, int], list[JobState]]:
    """The states of the jobs of these points, in order."""
    rounds = {place[1] for place in places}
    query = (
        select(SweepJob.arm, SweepJob.round, SweepJob.number, Job.state)
        .join(Job, Job.id == SweepJob.job_id)
        .where(SweepJob.study_id == sweep.id, SweepJob.round.in_(rounds))
        .order_by(SweepJob.round, SweepJob.number, SweepJob.arm)
    )
    states: dict[tuple[int, int, int], list[JobState]] = {}
    for arm, round_number, number, state in session.execute(query):
        if (arm, round_number, number) in places:
            states.setdefault((arm, round_number, number), []).append(state)
    return states


def _title(arm_name: str, number: int) -> str:
    """The arm's name, cut where it must be, and the point's number; there is room for a seed."""
    suffix, room = f", point {number}", MAX_NAME_LENGTH - 40
    return (arm_name if len(arm_name) <= room else f"{arm_name[: room - 1]}…") + suffix
