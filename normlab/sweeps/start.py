"""A sweep that waits to be stored, with its first points."""

from collections.abc import Sequence
from dataclasses import dataclass

from normlab.errors import Problem, SpecError
from normlab.spec import JobSpec, Limits
from normlab.store import Sweep
from normlab.store.jobs.retry import MAX_ATTEMPTS
from normlab.store.sweeps.points import NewPoint
from normlab.store.sweeps.sweeps import NewSweep, begin
from normlab.sweeps.advance import new_points
from normlab.sweeps.planning import PlannedPoint, PlanState, next_round, planned_points
from normlab.sweeps.request import SweepRequest


@dataclass(frozen=True)
class PreparedSweep:
    """All that takes time has been worked out."""

    sweep: Sweep
    points: Sequence[NewPoint]
    specs: Sequence[JobSpec]


def first_round(
    request: SweepRequest, specs: Sequence[JobSpec], limits: Limits
) -> tuple[list[PlannedPoint], int | None]:
    """The first points, and how many each arm is to have as far as is known."""
    state = PlanState(request.question, specs, limits)
    return next_round(state), planned_points(state)


def prepare(
    request: SweepRequest, specs: Sequence[JobSpec], *, limits: Limits, max_attempts: int = MAX_ATTEMPTS
) -> PreparedSweep:
    """A sweep and its first points; no transaction is needed.

    Raises:
        SpecError: values that can be trained each by itself cannot be together.
    """
    new = NewSweep(
        arms=[(arm.name, spec) for arm, spec in zip(request.swept, specs, strict=True)],
        question=request.question.model_dump(mode="json"),
        base_seed=request.base_seed,
        seeds=request.seeds,
        fresh=request.fresh,
        name=request.name,
    )
    sweep = begin(new)
    points, _ = first_round(request, specs, limits)
    try:
        made = new_points(sweep, specs, points, limits=limits, max_attempts=max_attempts)
    except SpecError as error:
        raise SpecError(
            [Problem("/space", f"has a point that cannot be trained: {each}") for each in error.problems]
        ) from None
    return PreparedSweep(sweep, made, specs)
