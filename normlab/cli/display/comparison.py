"""A comparison as text: what was asked, its jobs, and the answer."""

from rich.markup import escape

from normlab.cli.display.output import ids_shown, moment, out, state_text, table
from normlab.cli.display.verdicts import metric_value, show_answer
from normlab.documents.comparisons import ComparisonDocument


def display_comparison(comparison: ComparisonDocument) -> None:
    """Write a comparison with the jobs of its arms, and what follows from them so far."""
    title = comparison.name or " against ".join(arm.name for arm in comparison.arms)
    state = state_text(comparison.state)
    out.print(f"[bold]{escape(title)}[/]  {state}  [dim]{comparison.id}[/]", soft_wrap=True)
    out.print(f"  {moment(comparison.created_at)}  made", soft_wrap=True)
    if comparison.finished_at is not None:
        why = f"  {comparison.stop_reason.replace('_', ' ')}" if comparison.stop_reason else ""
        out.print(f"  {moment(comparison.finished_at)}  {comparison.state}{why}", soft_wrap=True)
    out.print()
    metric = comparison.metric.words
    jobs = table("arm", "seed", "job", "state", metric, numbers=("seed", metric))
    ids = ids_shown([job.job for arm in comparison.arms for job in arm.jobs])
    for arm in comparison.arms:
        for job in arm.jobs:
            jobs.add_row(
                escape(arm.name),
                str(job.seed),
                ids[job.job],
                state_text(job.state),
                metric_value(job.value, comparison.metric),
            )
    out.print(jobs)
    for sentence in (*comparison.left_out, *([comparison.error] if comparison.error else [])):
        out.print(sentence, style="yellow", markup=False, soft_wrap=not out.is_terminal)
    if comparison.result is not None:
        out.print()
        show_answer(comparison)
