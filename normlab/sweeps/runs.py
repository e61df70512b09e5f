"""From the store's rows to what plans and the analysis take."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from normlab.comparisons.created import values_of_jobs
from normlab.spec import JobSpec, Limits
from normlab.store import Epoch, FailureCode, Job, JobState, Sweep, SweepJob, SweepPoint
from normlab.store.studies import members, studies
from normlab.store.sweeps.points import points_of
from normlab.sweeps.planning import PlanState
from normlab.sweeps.request import SweepQuestion
from normlab.sweeps.suggest import Tried

if TYPE_CHECKING:
    from normlab.analysis.sweeps.points import SweptArm, SweptSpace

_JOB_COLUMNS = (Job.state, Job.error_code, Job.timings, Job.started_at, Job.finished_at)


@dataclass(frozen=True)
class SweptRuns:
    """A sweep with all that the store has of it."""

    sweep: Sweep
    question: SweepQuestion
    """With the space as it has been widened."""
    points: Sequence[SweepPoint]
    """By arm and round."""
    members: Sequence[SweepJob]
    """By round, point, arm and seed, each with its job."""
    values: Mapping[str, float | None]
    """The metric of each job that has succeeded."""
    diverged: Mapping[str, int]
    """Of each job that has diverged the epoch in which it did."""

    @cached_property
    def by_point(self) -> Mapping[tuple[int, int, int], Sequence[SweepJob]]:
        """The members by arm, round and number."""
        found: dict[tuple[int, int, int], list[SweepJob]] = {}
        for member in self.members:
            found.setdefault((member.arm, member.round, member.number), []).append(member)
        return found

    @cached_property
    def arms(self) -> "Sequence[SweptArm]":
        """As the analysis takes them."""
        from normlab.analysis.sweeps.points import PointRun, SweptArm, SweptPoint  # noqa: PLC0415 - scipy

        def runs(point: SweepPoint) -> list[PointRun]:
            return [
                PointRun(
                    member.seed,
                    member.job_id,
                    self.values.get(member.job_id),
                    self.diverged.get(member.job_id),
                    ended=counted_state(self.sweep, member) is not None,
                )
                for member in self.by_point[point.arm, point.round, point.number]
            ]

        def swept(point: SweepPoint) -> SweptPoint:
            jobs = [member.job for member in self.by_point[point.arm, point.round, point.number]]
            values = self.values_of(point)
            return SweptPoint(point.number, point.round, values, runs(point), sum(map(seconds_of, jobs)))

        return [
            SweptArm(arm.name, [swept(point) for point in self.points if point.arm == arm.position])
            for arm in self.sweep.arms
        ]

    @property
    def asked(self) -> "SweptSpace":
        """The question as the analysis takes it."""
        from normlab.analysis.sweeps.points import SweptSpace  # noqa: PLC0415 - scipy

        question = self.question
        return SweptSpace(
            question.space, question.strategy, question.metric, question.confidence, question.near
        )

    @property
    def seconds(self) -> float:
        """Of all jobs, those that were used again included."""
        return sum(seconds_of(member.job) for member in self.members)

    def values_of(self, point: SweepPoint) -> dict[str, object]:
        """In the order of the space, which the database does not keep."""
        return {pointer: point.values[pointer] for pointer in self.question.space}

    def specs(self) -> list[JobSpec]:
        """Of the arms, with the first seed."""
        return [arm_spec(arm.spec, self.sweep.base_seed) for arm in self.sweep.arms]

    def plan_state(self, limits: Limits) -> PlanState:
        """As plans take it."""
        rounds = range(self.sweep.rounds)
        arms = [
            [
                [
                    (point.number, self._tried(point))
                    for point in self.points
                    if (point.arm, point.round) == (arm.position, number)
                ]
                for number in rounds
            ]
            for arm in self.sweep.arms
        ]
        return PlanState(self.question, self.specs(), limits, arms, self.seconds)

    def _tried(self, point: SweepPoint) -> Tried:
        jobs = [member.job_id for member in self.by_point[point.arm, point.round, point.number]]
        known = [value for job in jobs if (value := self.values.get(job)) is not None]
        mean = sum(known) / len(known) if len(known) == len(jobs) else None
        return Tried(self.values_of(point), mean, diverged=any(job in self.diverged for job in jobs))


def arm_spec(document: Mapping[str, object], seed: int) -> JobSpec:
    """The spec of an arm, with a seed."""
    training = document["training"]
    assert isinstance(training, Mapping)  # noqa: S101 - as it was stored
    return JobSpec.model_validate({**document, "training": {**training, "seed": seed}})


def load_runs(session: Session, sweep_id: str) -> SweptRuns:
    """Read a sweep with its points, its jobs and what they came to.

    Raises:
        NotFoundError: there is no such sweep.
    """
    sweep = studies.get(session, Sweep, sweep_id)
    question = widened_question(sweep)
    rows = members.of(session, SweepJob, sweep_id, *_JOB_COLUMNS)
    done = [member.job_id for member in rows if counted_state(sweep, member) is JobState.SUCCEEDED]
    lost = [
        member.job_id
        for member in rows
        if counted_state(sweep, member) is JobState.FAILED and member.job.error_code is FailureCode.NAN_LOSS
    ]
    values = values_of_jobs(session, done, question.metric) if done else {}
    return SweptRuns(sweep, question, points_of(session, sweep_id), rows, values, _epochs(session, lost))


def widened_question(sweep: Sweep) -> SweepQuestion:
    """The question of a sweep, with the space as it has been widened."""
    question = SweepQuestion.stored(sweep.question)
    space = dict(question.space)
    for change in sweep.widened:
        drawn = space[change["parameter"]]
        space[change["parameter"]] = drawn.widened(change["side"])  # type: ignore[union-attr]  # choices have no ends
    return question.model_copy(update={"space": space})


def counted_state(sweep: Sweep, member: SweepJob) -> JobState | None:
    """The final state of a member's job as far as it counts: of a sweep that is over, the one that it had by then."""
    if sweep.state.final:
        return member.ended
    return member.job.state if member.job.state.final else None


def seconds_of(job: Job) -> float:
    """What a job has cost."""
    known = (job.timings or {}).get("total_seconds")
    if known is not None:
        return float(known)
    if job.started_at is None or job.finished_at is None:
        return 0.0
    return (job.finished_at - job.started_at).total_seconds()


def _epochs(session: Session, diverged: Sequence[str]) -> dict[str, int]:
    """The epoch behind the last one that each of these jobs has finished."""
    if not diverged:
        return {}
    query = select(Epoch.job_id, func.max(Epoch.epoch)).where(Epoch.job_id.in_(diverged))
    finished = dict(session.execute(query.group_by(Epoch.job_id)).all())
    return {job_id: finished.get(job_id, 0) + 1 for job_id in diverged}
