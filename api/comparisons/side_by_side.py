"""``GET /comparisons?jobs=…``: jobs that exist, as figures, statistics or a chart."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import orjson
from fastapi import HTTPException, Query, Request, Response
from sqlalchemy.orm import Session

from api.http.media_types import CHART_IMAGES, CHARTS, JSON, VEGA_LITE
from api.http.negotiation import preferred_media_type
from api.http.services import Services
from normlab import analysis
from normlab.analysis.datasets import task_of
from normlab.comparisons.correctness import CorrectnessFiles, correctness_files
from normlab.comparisons.looks import Looks, looks_at_jobs
from normlab.comparisons.request import (
    Confidence,
    EquivalenceMargin,
    TargetAccuracy,
    margin_problem,
    task_problem,
)
from normlab.comparisons.runs import run_records
from normlab.spec.metrics import DEFAULT_METRICS, Metric
from normlab.spec.shown import short
from normlab.store import Job, JobState
from normlab.store.identifiers import possible_id
from normlab.store.jobs import jobs

MAX_JOBS = 100


@dataclass(frozen=True)
class SideBySideQuery:
    """Which jobs, and by what."""

    jobs: Annotated[
        str | None,
        Query(
            description="Ids of jobs, separated by commas; with it, these are compared.",
            examples=["job_…,job_…"],
        ),
    ] = None
    metric: Annotated[
        Metric | None,
        Query(description="With `jobs`; by default `val_accuracy`, or `val_r2` where they predict numbers."),
    ] = None
    confidence: Annotated[Confidence, Query(description="With `jobs`.")] = 0.95
    equivalence_margin: Annotated[EquivalenceMargin, Query(description="With `jobs`.")] = 0.0
    target_accuracy: Annotated[TargetAccuracy | None, Query(description="With `jobs`.")] = None


def side_by_side(services: Services, request: Request, asked: SideBySideQuery) -> Response:
    """What differs between the jobs' specs, what each came to, and what to beware of when comparing them."""
    media_type = preferred_media_type(request, (JSON, *CHARTS))
    job_ids = _job_ids(asked.jobs or "")
    with services.database.read() as session:
        rows = jobs.get_many(session, job_ids)
        records = run_records(session, rows, asked.target_accuracy)
        metric = _metric(asked, [*records.values()])
        finished = [records[row.id] for row in rows if row.state is JobState.SUCCEEDED]
        files = correctness_files(session, [run.job for run in finished])
        arms, most = analysis.by_arm(finished), services.settings.limits.comparison_arms
        before = {} if len(arms) > most else _looks_before(session, rows, arms, asked, metric)
    runs = [records[job_id] for job_id in job_ids]
    if media_type == JSON:
        document = analysis.summarize(runs).to_document()
        if len(arms) > most:  # their pairs grow with the square of their number
            document["caveats"].append(
                f"There are no statistics: these jobs are {len(arms)} arms, and this service compares at most {most} "
                "at once (limit 'comparison_arms')."
            )
        document["statistics"] = (
            None
            if len(arms) > most
            else _statistics(services, arms, files, asked, metric=metric, before=before)
        )
        return Response(orjson.dumps(document), media_type=JSON, headers={"Vary": "Accept"})
    chart = chart_content(analysis.learning_curves(runs, metric=metric), media_type)
    return Response(chart, media_type=media_type, headers={"Vary": "Accept"})


def _metric(asked: SideBySideQuery, runs: Sequence[analysis.RunRecord]) -> Metric:
    """The metric that is asked for, or the default of what the runs predict; else 422."""
    task = task_of(runs)
    metric = DEFAULT_METRICS[task] if asked.metric is None else asked.metric
    if (wrong_task := task_problem(metric, task)) is not None:
        raise HTTPException(422, f"query parameter `metric`: {wrong_task}")
    if (wrong_margin := margin_problem(metric, asked.equivalence_margin)) is not None:
        raise HTTPException(422, f"query parameter `equivalence_margin`: {wrong_margin}")
    return metric


def chart_content(chart: dict[str, Any], media_type: str) -> bytes:
    """A chart as what was asked for."""
    if media_type == VEGA_LITE:
        return orjson.dumps(chart)
    return analysis.render(chart, CHART_IMAGES[media_type])


def _looks_before(
    session: Session,
    rows: Sequence[Job],
    arms: Mapping[str, Sequence[analysis.RunRecord]],
    asked: SideBySideQuery,
    metric: Metric,
) -> Looks:
    by_id = {row.id: row for row in rows}
    of_arms = {name: [by_id[run.job] for run in runs] for name, runs in arms.items()}
    return looks_at_jobs(session, of_arms, metric, asked.confidence, asked.equivalence_margin)


def _statistics(
    services: Services,
    arms: Mapping[str, Sequence[analysis.RunRecord]],
    files: CorrectnessFiles,
    asked: SideBySideQuery,
    *,
    metric: Metric,
    before: Looks,
) -> dict[str, Any] | None:
    from normlab.analysis.comparison import common_seeds  # noqa: PLC0415 - scipy takes seconds

    if len(arms) < 2 or not common_seeds(arms, metric):
        return None
    statistics = analysis.compare_runs(
        arms,
        metric=metric,
        confidence=asked.confidence,
        equivalence_margin=asked.equivalence_margin,
        target_accuracy=asked.target_accuracy,
        correct=files.read(services.artifacts).by_job,
        before=before,
    )
    return {"final": True, **statistics.to_document()}


def _job_ids(listed: str) -> list[str]:
    """The ids in the query, in the order given."""
    job_ids = [part.strip() for part in listed.split(",") if part.strip()]
    if not 1 <= len(job_ids) <= MAX_JOBS:
        raise HTTPException(422, f"query parameter `jobs`: name 1 to {MAX_JOBS} jobs, separated by commas")
    for job_id in job_ids:
        if job_ids.count(job_id) > 1:
            raise HTTPException(
                422,
                f"query parameter `jobs`: {short(job_id)} is named twice; a job beside itself shows nothing, so name "
                "each job once",
            )
    return [possible_id(job_id) for job_id in job_ids]
