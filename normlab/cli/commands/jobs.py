"""``normlab jobs``, ``show``, ``cancel``, ``retry`` and ``delete``."""

from itertools import islice
from typing import Annotated

import typer
from rich.markup import escape

from normlab.cli.display.output import (
    JsonOption,
    UrlOption,
    moment,
    notes,
    out,
    percent,
    seconds,
    state_text,
    table,
    write_json,
)
from normlab.client import Client
from normlab.documents.jobs import JobDocument, JobResult
from normlab.documents.metrics import MetricsDocument
from normlab.documents.states import JobState

JobArgument = Annotated[str, typer.Argument(metavar="JOB", help="The job's id.")]
JobsArgument = Annotated[list[str], typer.Argument(metavar="JOB...", help="Ids of the jobs.")]


def jobs(
    *,
    state: Annotated[JobState | None, typer.Option(help="Only jobs in this state.")] = None,
    tag: Annotated[str | None, typer.Option(help="Only jobs with this tag.")] = None,
    name: Annotated[str | None, typer.Option(help="Only jobs of this name.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Show at most this many.")] = 20,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """List jobs, newest first."""
    with Client(url) as client:
        # One more than is shown, to know whether there are more.
        listed = list(islice(client.jobs(state=state, tag=tag, name=name), limit + 1))
    shown = listed[:limit]
    if as_json:
        write_json(shown)
        return
    listing = table(
        "job", "title", "dataset", "state", "epoch", "val", "test", numbers=("epoch", "val", "test")
    )
    for job in shown:
        result = job.result
        listing.add_row(
            job.id,
            escape(job.title),
            job.spec["dataset"]["name"],
            state_text(job.state),
            _epoch(job),
            percent(result.best_val_accuracy if result else None),
            percent(result.test_accuracy if result else None),
        )
    if shown:
        out.print(listing)
    else:
        notes.print("No jobs match." if state or tag or name else "No jobs yet.")
    if len(listed) > limit:
        notes.print(f"More jobs exist; show them with --limit {limit * 10}.")


def _epoch(job: JobDocument) -> str:
    epochs = job.spec["training"]["epochs"]
    if job.progress is not None:
        return f"{job.progress.epoch}/{epochs}"
    return f"{job.result.epochs if job.result else '-'}/{epochs}"


def show(job_id: JobArgument, *, as_json: JsonOption = False, url: UrlOption = None) -> None:
    """Show a job: its state, its results, and where its time went."""
    with Client(url) as client:
        job = client.job(job_id)
        metrics = None if as_json else client.metrics(job_id)
    if metrics is None:
        write_json(job)
        return
    out.print(f"[bold]{escape(job.title)}[/]  {state_text(job.state)}  [dim]{job.id}[/]", soft_wrap=True)
    for change in job.history:
        reason = f"  {escape(change.reason)}" if change.reason else ""
        out.print(f"  {moment(change.at)}  {state_text(change.state)}{reason}", soft_wrap=True)
    if job.position is not None:
        start = f", to start about {moment(job.estimated_start_at)}" if job.estimated_start_at else ""
        place = f"  number {job.position} in the queue, waits for {job.waiting_for}{start}"
        out.print(place, markup=False, soft_wrap=True)
    for warning in job.warnings:
        out.print(f"  {warning.code}: {warning.detail}", style="yellow", markup=False, soft_wrap=True)
    if job.error:
        out.print(f"  {job.error.code}: {job.error.detail}", style="red", markup=False, soft_wrap=True)
    if metrics.epochs:
        out.print()
        _show_epochs(metrics)
    if job.result:
        out.print(f"\n{_outcome(job.result)}", soft_wrap=True)
    if job.timings:
        parts = [f"{key.removesuffix('_seconds')} {seconds(value)}" for key, value in job.timings if value]
        out.print(f"Time: {', '.join(parts)}.")


def _outcome(result: JobResult) -> str:
    """What the kept network came to, and the best epoch on the way where that is another."""
    kept_epoch = result.kept_epoch or result.epochs
    kept = [f"test accuracy {percent(result.test_accuracy)}"]
    if result.kept_val_accuracy is not None:
        kept.insert(0, f"validation accuracy {percent(result.kept_val_accuracy)}")
    sentence = f"The network of epoch {kept_epoch} was kept: {', '.join(kept)}."
    if result.best_val_accuracy is None or result.best_epoch == kept_epoch:
        return sentence
    best = percent(result.best_val_accuracy)
    return f"{sentence} The best validation accuracy was {best}, at epoch {result.best_epoch}."


def _show_epochs(metrics: MetricsDocument) -> None:
    columns = ("epoch", "loss", "accuracy", "val loss", "val accuracy", "seconds")
    epochs = table(*columns, numbers=columns)
    for epoch in metrics.epochs:
        epochs.add_row(
            str(epoch.epoch),
            f"{epoch.loss:.4f}",
            percent(epoch.accuracy),
            "-" if epoch.val_loss is None else f"{epoch.val_loss:.4f}",
            percent(epoch.val_accuracy),
            f"{epoch.train_seconds + epoch.evaluate_seconds:.2f}",
        )
    out.print(epochs)


def cancel(job_ids: JobsArgument, *, url: UrlOption = None) -> None:
    """Cancel queued or running jobs. Their metrics so far are kept."""
    with Client(url) as client:
        for job_id in job_ids:
            job = client.cancel(job_id)
            done = "is cancelled" if job.state is JobState.CANCELLED else "will be cancelled in a moment"
            out.print(f"{job.id} {done}", soft_wrap=True)


def retry(job_ids: JobsArgument, *, url: UrlOption = None) -> None:
    """Queue failed or cancelled jobs again."""
    with Client(url) as client:
        for job_id in job_ids:
            job = client.retry(job_id)
            out.print(f"{job.id} is queued again", soft_wrap=True)


def delete(job_ids: JobsArgument, *, url: UrlOption = None) -> None:
    """Delete jobs with their metrics and files. Cancel running jobs first."""
    with Client(url) as client:
        for job_id in job_ids:
            client.delete(job_id)
            out.print(f"{job_id} is deleted", soft_wrap=True)
