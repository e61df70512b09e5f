"""Jobs side by side."""

from pathlib import Path

from rich.markup import escape

from normlab.cli.display.output import out, percent, seconds, show_caveats, table, write_file
from normlab.cli.display.setup import show_setup
from normlab.client import ChartFormat, Client
from normlab.documents.side_by_side import ComparedJob, SideBySide


def write_chart(client: Client, job_ids: list[str], path: Path, chart_format: ChartFormat) -> None:
    """Write the chart of jobs that are compared to a file, and say so."""
    write_file(path, client.compare_chart(job_ids, chart_format), "The learning curves are")


def show_comparison(comparison: SideBySide) -> None:
    """Write the parts of a comparison as tables, first what was trained."""
    jobs = comparison.jobs
    names = {job.id: job.name for job in jobs}
    show_setup(comparison.setup, lambda job: names.get(job, job))
    has_target = any(job.target_accuracy is not None for job in jobs)
    figures = ["best validation", "at epoch", "kept validation", "test", "per epoch", "training", "whole run"]
    figures += ["to target"] if has_target else []
    made = table("job", *figures, numbers=tuple(figures))
    for job in jobs:
        made.add_row(
            escape(job.name),
            percent(job.best_val_accuracy),
            "-" if job.best_epoch is None else str(job.best_epoch),
            percent(job.kept_val_accuracy),
            percent(job.test_accuracy),
            seconds(job.seconds_per_epoch),
            seconds(job.train_seconds),
            seconds(job.run_seconds),
            *([_to_target(job)] if has_target else []),
        )
    out.print(made)
    if len(jobs) > 1 and not comparison.differences:
        out.print("\nTheir specs are the same.")
    if comparison.statistics is not None:
        out.print()
        for pair in comparison.statistics.pairs:
            out.print(pair.sentence, style="bold", markup=False, soft_wrap=not out.is_terminal)
    show_caveats(comparison.caveats)


def _to_target(job: ComparedJob) -> str:
    if job.target_accuracy is None:
        return "-"
    if job.seconds_to_target is None:
        return f"{percent(job.target_accuracy)} not reached"
    return f"{seconds(job.seconds_to_target)} (epoch {job.reached_target_at_epoch})"
