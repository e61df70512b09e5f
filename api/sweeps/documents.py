"""Sweeps -> the documents that the API answers with."""

from collections import Counter
from typing import Any

from api.http.root_path import address
from normlab.documents.statistics import IntervalDocument
from normlab.documents.sweeps import (
    PointDocument,
    PointJob,
    SweepArmDocument,
    SweepDocument,
    SweepLinks,
    SweepProgress,
    SweepSummary,
    WidenedDocument,
)
from normlab.spec import Limits
from normlab.store import JobState, Sweep
from normlab.store.clock import rfc3339
from normlab.store.studies.tables import StudyEvent
from normlab.sweeps.charts import SweepChart
from normlab.sweeps.lookup import LookedUpSweep
from normlab.sweeps.planning import planned_points
from normlab.sweeps.request import SweepQuestion
from normlab.sweeps.runs import SweptRuns, counted_state


def sweep_url(sweep_id: str) -> str:
    """Where a sweep is."""
    return address(f"/sweeps/{sweep_id}")


def sweep_document(found: LookedUpSweep, limits: Limits) -> SweepDocument:
    """A sweep with all that is known so far."""
    runs = found.runs
    return SweepDocument(
        **dict(summary_document(runs.sweep)),
        arms=_arms(runs),
        widened=tuple(WidenedDocument(**change) for change in runs.sweep.widened),
        progress=_progress(runs, limits),
        result=found.result,
        error=found.error,
    )


def summary_document(sweep: Sweep) -> SweepSummary:
    """A sweep as a list shows it."""
    question = SweepQuestion.stored(sweep.question)
    url = sweep_url(sweep.id)
    return SweepSummary(
        id=sweep.id,
        name=sweep.name,
        state=sweep.state,
        stop_reason=sweep.stop_reason,
        created_at=sweep.created_at,
        finished_at=sweep.finished_at,
        metric=question.metric,
        confidence=question.confidence,
        delta=question.near,
        strategy=question.strategy,
        space=dict(question.space),
        budget=question.budget,
        seeds=sweep.seeds,
        base_seed=sweep.base_seed,
        seed=question.seed,
        widen=question.widen,
        fresh=sweep.fresh,
        arm_names=tuple(arm.name for arm in sweep.arms),
        sentences=None if sweep.sentences is None else tuple(sweep.sentences),
        links=SweepLinks(
            self=url,
            events=f"{url}/events",
            cancel=f"{url}/cancel",
            charts={name.value: f"{url}/charts/{name}" for name in SweepChart},
        ),
    )


def event_data(event: StudyEvent) -> dict[str, Any]:
    """What an event's ``data:`` line holds."""
    return {**event.data, "at": rfc3339(event.at)}


def _arms(runs: SweptRuns) -> tuple[SweepArmDocument, ...]:
    stored = {(point.arm, point.round, point.number): point for point in runs.points}
    found = []
    for arm, swept in zip(runs.sweep.arms, runs.arms, strict=True):
        points = []
        for point in swept.points:
            place = (arm.position, point.round, point.number)
            low, high = point.interval(runs.question.confidence, runs.question.metric)
            has_interval = point.standard_deviation is not None
            points.append(
                PointDocument(
                    number=point.number,
                    values=dict(point.values),
                    epochs=stored[place].epochs,
                    outcome=point.outcome.value,
                    mean=point.mean,
                    standard_deviation=point.standard_deviation,
                    interval=IntervalDocument(
                        low=low if has_interval else None, high=high if has_interval else None
                    ),
                    jobs=[
                        PointJob(
                            job=member.job_id,
                            seed=member.seed,
                            state=member.job.state,
                            reused=member.reused,
                            value=runs.values.get(member.job_id),
                            error=member.job.error_code if member.job.state is JobState.FAILED else None,
                            diverged_at=runs.diverged.get(member.job_id),
                        )
                        for member in runs.by_point[place]
                    ],
                )
            )
        found.append(SweepArmDocument(name=arm.name, spec=arm.spec, arm_digest=arm.arm_digest, points=points))
    return tuple(found)


def _progress(runs: SweptRuns, limits: Limits) -> SweepProgress:
    states = Counter(member.job.state for member in runs.members)
    ended = sum(
        all(counted_state(runs.sweep, member) is not None for member in jobs)
        for jobs in runs.by_point.values()
    )
    each = planned_points(runs.plan_state(limits))
    planned = None if each is None else max(each * len(runs.sweep.arms), len(runs.points))
    return SweepProgress(
        points=ended,
        points_planned=planned,
        jobs=dict(states),
        seconds=runs.seconds,
        fraction=_fraction(runs, sum(count for state, count in states.items() if state.final), planned),
    )


def _fraction(runs: SweptRuns, ended: int, planned: int | None) -> float:
    if runs.sweep.state.final:
        return 1.0
    budget = runs.question.budget
    spent = runs.seconds / budget.seconds if budget is not None and budget.seconds is not None else 0.0
    of_points = 0.0 if planned is None else ended / max(planned * runs.sweep.seeds, 1)
    return min(max(spent, of_points), 1.0)
