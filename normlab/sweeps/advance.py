"""Going on: what follows when all jobs of a sweep's points have ended. Any number of processes may do it at once."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from normlab.errors import SpecError
from normlab.spec import JobSpec, Limits
from normlab.store import Database, StudyState, StudyStopReason, Sweep
from normlab.store.studies import studies
from normlab.store.studies.advance import advance as advance_studies
from normlab.store.sweeps.points import NewPoint, add_round, new_point, record_ended
from normlab.sweeps.assessment import assess
from normlab.sweeps.parse import point_spec
from normlab.sweeps.planning import PlannedPoint, next_round
from normlab.sweeps.runs import SweptRuns, load_runs
from normlab.sweeps.widening import next_widening

_log = logging.getLogger(__name__)


def advance(database: Database, limits: Limits, *, max_attempts: int) -> list[str]:
    """Record which jobs have ended, and end or continue the sweeps all of whose jobs have.

    Gives the ids of jobs that were made: notify a worker of them.
    """

    def decide(sweep_id: str, event_count: int) -> list[str]:
        return _decide(database, limits, sweep_id, event_count, max_attempts)

    return advance_studies(database, Sweep, on_ended=record_ended, decide=decide)


def new_points(
    sweep: Sweep,
    specs: Sequence[JobSpec],
    points: Sequence[PlannedPoint],
    *,
    limits: Limits,
    max_attempts: int,
) -> list[NewPoint]:
    """Points with their jobs, to be stored."""
    found = []
    for point in points:
        spec = point_spec(specs[point.arm], point.values, limits)
        if point.epochs is not None:
            training = spec.training.model_copy(update={"epochs": point.epochs})
            spec = spec.model_copy(update={"training": training})
        place = (point.arm, point.number)
        found.append(
            new_point(sweep, place, point.values, spec, epochs=point.epochs, max_attempts=max_attempts)
        )
    return found


def _decide(
    database: Database, limits: Limits, sweep_id: str, event_count: int, max_attempts: int
) -> list[str]:
    """What follows is worked out between two transactions; the second changes nothing when somebody else was faster."""
    with database.read() as session:
        runs = load_runs(session, sweep_id)
    if runs.sweep.event_count != event_count:
        return []
    points, widened = _further(runs, limits)
    points = _that_can_be_trained(runs, points, limits)
    if points:
        wanted = new_points(runs.sweep, runs.specs(), points, limits=limits, max_attempts=max_attempts)
        with database.write() as session:
            sweep = studies.lock_unchanged(session, Sweep, sweep_id, event_count)
            return add_round(session, sweep, wanted, widened=widened) if sweep else []
    result = assess(runs)
    found = any(arm.best is not None for arm in result.arms.values())
    with database.write() as session:
        sweep = studies.lock_unchanged(session, Sweep, sweep_id, event_count)
        if sweep is not None:
            sweep.sentences = list(result.sentences)
            studies.end(
                session,
                sweep,
                state=StudyState.FINISHED if found else StudyState.FAILED,
                reason=_reason(runs) if found else StudyStopReason.NO_POINT,
                result=result.model_dump(mode="json"),
                sentences=sweep.sentences,
            )
    return []


def _that_can_be_trained(
    runs: SweptRuns, points: Sequence[PlannedPoint], limits: Limits
) -> list[PlannedPoint]:
    """Of these points those that every arm can train, numbered on: values that a spec can have one by one may be none
    together, and what the points before came to must not be lost for it."""
    specs, left_out = runs.specs(), set()
    for point in points:
        try:
            point_spec(specs[point.arm], point.values, limits)
        except SpecError as error:
            left_out.add(point.number)
            _log.warning("sweep %s: point %s is left out: %s", runs.sweep.id, dict(point.values), error)
    numbers = sorted({point.number for point in points})
    places = dict(zip((number for number in numbers if number not in left_out), numbers, strict=False))
    return [replace(point, number=places[point.number]) for point in points if point.number in places]


def _further(runs: SweptRuns, limits: Limits) -> tuple[Sequence[PlannedPoint], Mapping[str, Any] | None]:
    """The points to add, and the end of the space that was moved for them."""
    points = next_round(runs.plan_state(limits))
    if points:
        return points, None
    widening = next_widening(runs, limits)
    return (widening.points, widening.change) if widening else ((), None)


def _reason(runs: SweptRuns) -> StudyStopReason:
    budget = runs.question.budget
    spent = budget is not None and budget.seconds is not None and runs.seconds >= budget.seconds
    return StudyStopReason.BUDGET_SPENT if spent else StudyStopReason.ALL_POINTS_RUN
