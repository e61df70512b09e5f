"""Jobs side by side."""

from collections.abc import Sequence
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from normlab.cli.display.output import is_narrow, out, percent, seconds, show_caveats, table, write_file
from normlab.cli.display.setup import show_setup
from normlab.cli.display.verdicts import metric_value
from normlab.client import ChartFormat, Client
from normlab.documents.side_by_side import ComparedJob, SideBySide
from normlab.spec.metrics import Metric


def write_chart(client: Client, job_ids: list[str], path: Path, chart_format: ChartFormat) -> None:
    """Write the chart of jobs that are compared to a file, and say so."""
    write_file(path, client.compare_chart(job_ids, chart_format), "The learning curves are")


def show_comparison(comparison: SideBySide) -> None:
    """Write the parts of a comparison as tables, first what was trained."""
    jobs = comparison.jobs
    names = {job.id: job.name for job in jobs}
    show_setup(comparison.setup, lambda job: names.get(job, job))
    out.print(_figures(jobs))
    if len(jobs) > 1 and not comparison.differences:
        out.print("\nTheir specs are the same.")
    if comparison.statistics is not None:
        out.print()
        for pair in comparison.statistics.pairs:
            out.print(pair.sentence, style="bold", markup=False, soft_wrap=not out.is_terminal)
    show_caveats(comparison.caveats)


def _figures(jobs: Sequence[ComparedJob]) -> Table:
    """What each job came to: a row for each, or in a narrow terminal a column."""
    figures = {
        **(_of_numbers(jobs) if any(job.test_r2 is not None for job in jobs) else _of_classes(jobs)),
        "per epoch": [seconds(job.seconds_per_epoch) for job in jobs],
        "training": [seconds(job.train_seconds) for job in jobs],
        "whole run": [seconds(job.run_seconds) for job in jobs],
    }
    if any(job.target_accuracy is not None for job in jobs):
        figures["to target"] = [_to_target(job) for job in jobs]
    names = [escape(job.name) for job in jobs]
    if is_narrow():
        made = table("", *names)
        for figure, values in figures.items():
            made.add_row(figure, *values)
        return made
    made = table("job", *figures, numbers=tuple(figures), names={"job": names})
    for name, *values in zip(names, *figures.values(), strict=True):
        made.add_row(name, *values)
    return made


def _of_classes(jobs: Sequence[ComparedJob]) -> dict[str, list[str]]:
    return {
        "best validation accuracy": [percent(job.best_val_accuracy) for job in jobs],
        "at epoch": ["-" if job.best_epoch is None else str(job.best_epoch) for job in jobs],
        "kept validation accuracy": [percent(job.kept_val_accuracy) for job in jobs],
        "test accuracy": [percent(job.test_accuracy) for job in jobs],
    }


def _of_numbers(jobs: Sequence[ComparedJob]) -> dict[str, list[str]]:
    return {
        "kept validation R²": [metric_value(job.kept_val_r2, Metric.VAL_R2) for job in jobs],
        "validation RMSE": [metric_value(job.kept_val_rmse, Metric.VAL_RMSE) for job in jobs],
        "test R²": [metric_value(job.test_r2, Metric.TEST_R2) for job in jobs],
        "test RMSE": [metric_value(job.test_rmse, Metric.TEST_RMSE) for job in jobs],
    }


def _to_target(job: ComparedJob) -> str:
    if job.target_accuracy is None:
        return "-"
    if job.seconds_to_target is None:
        return f"{percent(job.target_accuracy)} not reached"
    return f"{seconds(job.seconds_to_target)} (epoch {job.reached_target_at_epoch})"
