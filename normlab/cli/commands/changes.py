"""``normlab cancel``, ``retry`` and ``delete``: of jobs, comparisons and sweeps."""

from typing import Annotated

import typer

from normlab.cli.display.output import UrlOption, out
from normlab.cli.ids import Identified, IdsArgument, JobsArgument, Kind, identify, job_ids
from normlab.client import Client
from normlab.documents.states import JobState


def cancel(ids: IdsArgument, *, url: UrlOption = None) -> None:
    """Cancel queued or running jobs, comparisons or sweeps. What was measured so far is kept.

    The unfinished jobs of a comparison or sweep end with it, unless another one uses them.
    """
    with Client(url) as client:
        for item in _identified(client, ids):
            if item.kind is Kind.COMPARISON:
                client.comparisons.cancel(item.id)
                ended = True
            elif item.kind is Kind.SWEEP:
                client.sweeps.cancel(item.id)
                ended = True
            else:
                ended = client.cancel(item.id).state is JobState.CANCELLED
            _say(item.id, "is cancelled" if ended else "will be cancelled in a moment")


def retry(jobs: JobsArgument, *, url: UrlOption = None) -> None:
    """Queue failed or cancelled jobs again."""
    with Client(url) as client:
        for job_id in job_ids(client, jobs, "queues jobs again"):
            _say(client.retry(job_id).id, "is queued again")


def delete(
    ids: IdsArgument,
    *,
    with_jobs: Annotated[
        bool,
        typer.Option(
            "--with-jobs",
            help="With a comparison or sweep also delete the jobs that were made for it and that nothing else uses.",
        ),
    ] = False,
    forget_names: Annotated[
        bool,
        typer.Option(
            "--forget-names", help="Also delete jobs that have a model's name: the name loses that version."
        ),
    ] = False,
    url: UrlOption = None,
) -> None:
    """Delete jobs with their metrics and files, comparisons or sweeps. Cancel what runs first.

    The jobs of a comparison or sweep stay unless you ask for them, too. `normlab prune` deletes what is old.
    """
    with Client(url) as client:
        items = _identified(client, ids)
        if with_jobs and all(item.kind is Kind.JOB for item in items):
            raise typer.BadParameter("it goes with comparisons and sweeps.", param_hint="--with-jobs")
        # Comparisons and sweeps first: a job that one of them uses cannot be deleted before it.
        for item in sorted(items, key=lambda item: item.kind is Kind.JOB):
            if item.kind is Kind.COMPARISON:
                client.comparisons.delete(item.id, with_jobs=with_jobs)
            elif item.kind is Kind.SWEEP:
                client.sweeps.delete(item.id, with_jobs=with_jobs)
            else:
                client.delete(item.id, forget_names=forget_names)
            _say(item.id, "is deleted")


def _identified(client: Client, ids: list[str]) -> list[Identified]:
    """All of them, before anything is done to the first."""
    return list(dict.fromkeys(identify(client, text) for text in ids))


def _say(id_: str, what: str) -> None:
    out.print(f"{id_} {what}", soft_wrap=True)
