"""``normlab compare``: jobs side by side."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from normlab.cli.output import JsonOption, UrlOption, notes, out, percent, seconds, table, write_json
from normlab.client import ChartFormat, Client, ComparedJob, Comparison
from normlab.errors import SetupError


def compare(
    job_ids: Annotated[list[str], typer.Argument(metavar="JOB...", help="Ids of the jobs.")],
    *,
    chart: Annotated[
        Path | None,
        typer.Option(
            help="Write the learning curves here: .png, .svg, or .json (Vega-Lite).", show_default=False
        ),
    ] = None,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Put jobs side by side: accuracies, seconds, what differs between them, and what to beware of."""
    chart_format = None if chart is None else _chart_format(chart)
    with Client(url) as client:
        comparison = client.compare(job_ids)
        write_json(comparison) if as_json else show_comparison(comparison)
        if chart is not None and chart_format is not None:
            write_chart(client, job_ids, chart, chart_format)


def _chart_format(path: Path) -> ChartFormat:
    try:
        return ChartFormat(path.suffix.lower().removeprefix("."))
    except ValueError:
        raise typer.BadParameter(
            f"{path.name} should end in .png, .svg or .json.", param_hint="--chart"
        ) from None


def write_chart(client: Client, job_ids: list[str], path: Path, chart_format: ChartFormat) -> None:
    """Write the comparison's chart to a file, and say so."""
    picture = client.compare_chart(job_ids, chart_format)
    try:
        path.write_bytes(picture)
    except OSError as error:
        raise SetupError(f"The chart cannot be written to {path}: {error.strerror}.") from error
    notes.print(f"The learning curves are in {path}", markup=False, soft_wrap=True)


def show_comparison(comparison: Comparison) -> None:
    """Write the three parts of a comparison as tables."""
    jobs = comparison.jobs
    has_target = any(job.target_accuracy is not None for job in jobs)
    figures = ["best val", "at epoch", "last val", "test", "per epoch", "training", "whole run"]
    figures += ["to target"] if has_target else []
    made = table("job", *figures, numbers=tuple(figures))
    for job in jobs:
        made.add_row(
            escape(job.name),
            percent(job.best_val_accuracy),
            "-" if job.best_epoch is None else str(job.best_epoch),
            percent(job.last_val_accuracy),
            percent(job.test_accuracy),
            seconds(job.seconds_per_epoch),
            seconds(job.train_seconds),
            seconds(job.run_seconds),
            *([_to_target(job)] if has_target else []),
        )
    out.print(made)
    if comparison.differences:
        differing = table("what differs", *(escape(job.name) for job in jobs))
        for difference in comparison.differences:
            values = [difference.values.get(job.id) for job in jobs]
            differing.add_row(
                difference.field, *(escape("-" if value is None else str(value)) for value in values)
            )
        out.print()
        out.print(differing)
    elif len(jobs) > 1:
        out.print("\nTheir specs do not differ.")
    if comparison.caveats:
        out.print("\n[bold]Beware[/]")
        for caveat in comparison.caveats:
            out.print(f"- {caveat}", markup=False, soft_wrap=not out.is_terminal)


def _to_target(job: ComparedJob) -> str:
    if job.target_accuracy is None:
        return "-"
    if job.seconds_to_target is None:
        return f"{percent(job.target_accuracy)} not reached"
    return f"{seconds(job.seconds_to_target)} (epoch {job.reached_target_at_epoch})"
