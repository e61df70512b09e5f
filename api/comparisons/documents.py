"""Comparisons -> the documents that the API answers with."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from api.http.root_path import address
from normlab.comparisons import AssessmentDocument, Question
from normlab.comparisons.charts import OF_ANY_PAIR, ChartName, drawable
from normlab.documents.comparisons import (
    ArmDocument,
    ArmJob,
    ArmSize,
    ComparisonDocument,
    ComparisonLinks,
    ComparisonProgress,
    ComparisonResult,
    ComparisonSummary,
)
from normlab.spec import JobSpec, estimate
from normlab.store import Comparison, ComparisonJob, JobState
from normlab.store.clock import rfc3339
from normlab.store.studies.tables import StudyEvent


def comparison_url(comparison_id: str) -> str:
    """Where a comparison is."""
    return address(f"/comparisons/{comparison_id}")


def comparison_document(
    comparison: Comparison, members: Sequence[ComparisonJob], assessment: AssessmentDocument
) -> ComparisonDocument:
    """A comparison with all that is known so far. The states and errors of the members' jobs have been read."""
    arms = [
        ArmDocument(
            name=arm.name,
            spec=arm.spec,
            arm_digest=arm.arm_digest,
            base_seed=arm.base_seed,
            jobs=[
                ArmJob(
                    job=member.job_id,
                    seed=member.seed,
                    state=member.job.state,
                    reused=member.reused,
                    value=assessment.values.get(member.job_id),
                    error=member.job.error_code if member.job.state is JobState.FAILED else None,
                )
                for member in members
                if member.arm == arm.position
            ],
        )
        for arm in comparison.arms
    ]
    result = None
    if assessment.result is not None:
        final = comparison.state.final
        result = ComparisonResult.model_validate(assessment.result | {"final": final})
    summary = summary_document(comparison, OF_ANY_PAIR if result is None else drawable(result))
    return ComparisonDocument(
        **dict(summary),
        arms=arms,
        progress=_progress(comparison, members, assessment),
        result=result,
        left_out=tuple(assessment.left_out),
        error=assessment.error,
    )


def summary_document(comparison: Comparison, charts: Sequence[ChartName] = OF_ANY_PAIR) -> ComparisonSummary:
    """A comparison as a list shows it."""
    question = Question.stored(comparison.question)
    return ComparisonSummary(
        id=comparison.id,
        name=comparison.name,
        state=comparison.state,
        stop_reason=comparison.stop_reason,
        created_at=comparison.created_at,
        finished_at=comparison.finished_at,
        **dict(question),
        base_seed=comparison.base_seed,
        fresh=comparison.fresh,
        arm_names=[arm.name for arm in comparison.arms],
        verdicts=comparison.verdicts,
        links=_links(comparison_url(comparison.id), charts),
    )


def arm_size(name: str, spec: JobSpec) -> ArmSize:
    """An arm of a request that was only checked."""
    document = spec.to_document()
    del document["training"]["seed"]
    return ArmSize(name=name, spec=document, arm_digest=spec.arm_digest, parameters=estimate(spec).parameters)


def event_data(event: StudyEvent) -> dict[str, Any]:
    """What an event's ``data:`` line holds."""
    return {**event.data, "at": rfc3339(event.at)}


def _progress(
    comparison: Comparison, members: Sequence[ComparisonJob], assessment: AssessmentDocument
) -> ComparisonProgress:
    states = Counter(member.job.state for member in members)
    lost = {
        member.replicate for member in members if member.job.state in (JobState.FAILED, JobState.CANCELLED)
    }
    running = {member.replicate for member in members if not member.job.state.final}
    over = comparison.state.final
    return ComparisonProgress(
        pairs=assessment.pairs,
        pairs_left_out=len(lost),
        pairs_running=len(running - lost),
        pairs_planned=comparison.max_replicates,
        next_look=None if over else assessment.next_look,
        jobs=dict(states),
        fraction=sum(count for state, count in states.items() if state.final) / max(len(members), 1),
    )


def _links(url: str, charts: Sequence[ChartName]) -> ComparisonLinks:
    return ComparisonLinks(
        self=url,
        events=f"{url}/events",
        cancel=f"{url}/cancel",
        report=f"{url}/report",
        bundle=f"{url}/bundle",
        charts={name.value: f"{url}/charts/{name}" for name in charts},
    )
