"""``normlab jobs``: the jobs that there are."""

from itertools import islice
from typing import Annotated

import typer
from rich.markup import escape

from normlab.cli.display.output import (
    JsonOption,
    UrlOption,
    announce,
    ids_shown,
    is_narrow,
    number,
    percent,
    show_table,
    state_text,
    table,
    write_json,
)
from normlab.client import Client
from normlab.documents.jobs import JobDocument, JobOrder
from normlab.documents.states import JobState
from normlab.spec import DATASETS, no_such_dataset
from normlab.spec.dataset_names import with_version
from normlab.spec.runs import Phase


def jobs(
    *,
    state: Annotated[
        list[JobState] | None, typer.Option(help="Only jobs in this state. Repeatable: any of these.")
    ] = None,
    tag: Annotated[
        list[str] | None, typer.Option(help="Only jobs with this tag. Repeatable: all of these.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Only jobs of this name.")] = None,
    preset: Annotated[str | None, typer.Option(help="Only jobs of this preset.")] = None,
    dataset: Annotated[str | None, typer.Option(help="Only jobs on this dataset.")] = None,
    sort: Annotated[
        JobOrder,
        typer.Option(
            help="Accuracies: the highest first; seconds: the shortest first; jobs without such a figure last."
        ),
    ] = JobOrder.NEWEST,
    limit: Annotated[int, typer.Option(min=1, help="Show at most this many.")] = 20,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """List jobs, newest first, with what they are and what came of them."""
    with Client(url) as client:
        matching = client.jobs(state=state, tag=tag, name=name, preset=preset, dataset=dataset, sort=sort)
        # One more than is shown, to know whether there are more.
        listed = list(islice(matching, limit + 1))
        if dataset is not None and not listed:
            _refuse_unknown(dataset, [each.name for each in client.datasets()])
    shown = listed[:limit]
    if as_json:
        write_json(shown)
        return
    filtered = state or tag or name or preset or dataset
    _show(shown, "No jobs match." if filtered else "No jobs yet. Train one with: normlab submit baseline")
    if len(listed) > limit:
        announce(f"More jobs exist; show them with --limit {limit * 10}.")


def _refuse_unknown(dataset: str, names: list[str]) -> None:
    """Of a dataset that there is not, "No jobs match." would say too little."""
    if dataset not in names:
        added = [name for name in names if name not in DATASETS]
        raise typer.BadParameter(no_such_dataset(dataset, added).detail, param_hint="--dataset")


def _show(jobs: list[JobDocument], without_rows: str) -> None:
    roomy = not is_narrow()
    best = "best validation accuracy"
    figures = ("epoch", "learning rate", best, "kept validation accuracy", "test accuracy")
    columns = ["job", "title", "dataset", "state", *figures]
    if not roomy:
        columns = [column for column in columns if column not in ("dataset", "epoch", best)]
    listing = table(*columns, numbers=figures)
    ids = ids_shown([job.id for job in jobs])
    for job in jobs:
        result = job.result
        listing.add_row(
            ids[job.id],
            escape(job.title),
            *([with_version(job.dataset, job.dataset_version)] if roomy else []),
            _state(job),
            *([_epoch(job)] if roomy else []),
            number(job.learning_rate),
            *([percent(result.best_val_accuracy if result else None)] if roomy else []),
            percent(result.kept_val_accuracy if result else None),
            percent(result.test_accuracy if result else None),
        )
    show_table(listing, without_rows)


def _state(job: JobDocument) -> str:
    text = state_text(job.state)
    if job.position is not None:
        return f"{text} ({job.position})"
    if job.progress is not None and job.progress.phase is not Phase.TRAINING:
        return f"{text} ({job.progress.phase})"
    if job.progress is not None and job.progress.fraction is not None:
        return f"{text} {job.progress.fraction:.0%}".replace("%", " %")
    return text


def _epoch(job: JobDocument) -> str:
    if job.progress is not None:
        return f"{job.progress.epoch}/{job.epochs}"
    return f"{job.result.epochs if job.result else '-'}/{job.epochs}"
