"""Which points come next: the plan of a sweep, decided from what is stored of it alone.

Points come in rounds; a round is thought of when all jobs of the one before it have ended, so that the points do not
depend on which job ended first. All arms have the same number of points, and where the strategy does not learn, the
same points.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from normlab.spec import JobSpec, Limits
from normlab.spec.sweeps import Strategy, Value, grid_points
from normlab.sweeps.halving import Ladder, ladder
from normlab.sweeps.request import SweepQuestion
from normlab.sweeps.suggest import Tried, suggest


@dataclass(frozen=True)
class PlannedPoint:
    """A point that an arm is to have."""

    arm: int
    number: int
    values: Mapping[str, Value]
    epochs: int | None = None
    """For how long it is trained, where not as the spec says."""


@dataclass(frozen=True)
class PlanState:
    """What a plan is made from."""

    question: SweepQuestion
    specs: Sequence[JobSpec]
    limits: Limits = field(default_factory=Limits)
    arms: Sequence[Sequence[Sequence[tuple[int, Tried]]]] = ()
    """By arm and round, the points with their numbers, in order."""
    seconds: float = 0.0
    """Of all jobs so far."""

    @property
    def rounds(self) -> int:
        """How many there were."""
        return len(self.arms[0]) if self.arms else 0

    @property
    def points(self) -> int:
        """Of each arm so far; one that goes on with more epochs counts once for each rung."""
        return sum(map(len, self.arms[0])) if self.arms else 0


def most_points(question: SweepQuestion, arms: int, limit: int) -> int:
    """How many points of each arm the budget's jobs allow."""
    jobs = None if question.budget is None else question.budget.jobs
    return min(limit if jobs is None else jobs, limit) // (arms * question.seeds)


def planned_points(state: PlanState) -> int | None:
    """How many points each arm is to have, as far as is known."""
    question, limit = state.question, state.limits.sweep_jobs
    match question.strategy:
        case Strategy.GRID:
            return max(state.points, sum(1 for _ in grid_points(question.space)))
        case Strategy.SUCCESSIVE_HALVING:
            rungs = ladder(question, state.specs, limit)
            return None if rungs is None else sum(rungs.points)
    if question.budget is not None and question.budget.jobs is None:
        return None
    return most_points(question, len(state.specs), limit)


def next_round(state: PlanState) -> list[PlannedPoint]:
    """The next points of all arms; none when the plan is done. Widening a grid is not a matter of the plan."""
    question = state.question
    if _seconds_are_spent(state):
        return []
    match question.strategy:
        case Strategy.GRID:
            if state.rounds:
                return []
            return _for_all_arms(state, list(grid_points(question.space)))
        case Strategy.SUCCESSIVE_HALVING:
            rungs = ladder(question, state.specs, state.limits.sweep_jobs)
            if rungs is None or state.rounds >= len(rungs.points):
                return []
            return _rung(state, rungs)
    count = _how_many(state)
    if not count:
        return []
    if not question.strategy.learns:
        tried = [[point for _, point in points] for points in state.arms[0]] if state.arms else []
        return _for_all_arms(state, suggest(question, tried, count))
    found = []
    for arm in range(len(state.specs)):
        tried = [[point for _, point in points] for points in state.arms[arm]] if state.arms else []
        suggested = suggest(question, tried, count)
        found += [PlannedPoint(arm, state.points + index, values) for index, values in enumerate(suggested)]
    return found


def _how_many(state: PlanState) -> int:
    """Points of each arm in the next round."""
    question = state.question
    left = most_points(question, len(state.specs), state.limits.sweep_jobs) - state.points
    in_seconds = question.budget is not None and question.budget.seconds is not None
    return max(0, min(left, question.at_once) if question.strategy.learns or in_seconds else left)


def _seconds_are_spent(state: PlanState) -> bool:
    budget = state.question.budget
    return budget is not None and budget.seconds is not None and state.seconds >= budget.seconds


def _for_all_arms(state: PlanState, values: Sequence[Mapping[str, Value]]) -> list[PlannedPoint]:
    return [
        PlannedPoint(arm, state.points + index, point)
        for index, point in enumerate(values)
        for arm in range(len(state.specs))
    ]


def _rung(state: PlanState, rungs: Ladder) -> list[PlannedPoint]:
    """The best points of the rung before, with more epochs; of equal ones the earlier. None that diverged goes on."""
    rung, count = state.rounds, rungs.points[state.rounds]
    if rung == 0:
        points = suggest(state.question, [], count)
        return [
            PlannedPoint(arm, index, values, rungs.epochs(spec, 0))
            for index, values in enumerate(points)
            for arm, spec in enumerate(state.specs)
        ]
    sign = -1 if state.question.metric.higher_is_better else 1
    found = []
    for arm, spec in enumerate(state.specs):
        ended = [(number, point) for number, point in state.arms[arm][-1] if point.value is not None]
        ended = [(number, point) for number, point in ended if not point.diverged]
        best = sorted(ended, key=lambda entry: (sign * (entry[1].value or 0.0), entry[0]))[:count]
        found += [PlannedPoint(arm, number, point.values, rungs.epochs(spec, rung)) for number, point in best]
    return found
