"""``normlab prune``: delete what is old."""

import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from normlab.cli.display.output import JsonOption, UrlOption, announce, out, write_json
from normlab.client import Client
from normlab.documents.comparisons import ComparisonSummary
from normlab.documents.jobs import JobDocument
from normlab.documents.states import JobState
from normlab.errors import ServiceError

_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_ENDED_JOBS = [state for state in JobState if state.final]


@dataclass(frozen=True)
class Old:
    """What is old enough, and why some of it stays."""

    comparisons: list[str]
    jobs: list[str]
    kept: dict[str, str]
    """Of jobs that are old, too, what needs them."""


def prune(
    *,
    older_than: Annotated[
        str, typer.Option(metavar="AGE", help="Ended at least so long ago: 30d, 12h or 2w.")
    ],
    state: Annotated[
        list[JobState] | None,
        typer.Option(help="Only jobs in this state, and no comparisons. Repeatable: any of these."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go; delete nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Delete comparisons and jobs that ended long ago, with their metrics and files.

    What a comparison that stays or a model's name needs is kept.
    """
    before = datetime.now(UTC) - _age(older_than)
    if any(not wanted.final for wanted in state or ()):
        raise typer.BadParameter("only jobs that have ended can be deleted.", param_hint="--state")
    with Client(url) as client:
        old = _find_old(client, before, state)
        if as_json and dry_run:
            write_json(vars(old))
            return
        _say(old, dry_run=dry_run)
        if dry_run or not (old.comparisons or old.jobs):
            return
        if not yes:
            _ask()
        deleted = _delete(client, old)
    if as_json:
        write_json(deleted)
    else:
        out.print(f"{len(deleted)} deleted")


def _age(text: str) -> timedelta:
    match = re.fullmatch(r"(\d{1,5})([hdw])", text.strip())
    if match is None:
        raise typer.BadParameter(f"{text} is no age: write 30d, 12h or 2w.", param_hint="--older-than")
    return int(match[1]) * _UNITS[match[2]]


def _find_old(client: Client, before: datetime, states: list[JobState] | None) -> Old:
    staying: dict[str, str] = {}
    comparisons = []
    for summary in client.comparisons.list():
        if not states and summary.state.final and _ended_before(summary, before):
            comparisons.append(summary.id)
            continue
        document = client.comparisons.get(summary.id)
        staying |= {job.job: f"comparison {summary.id}" for arm in document.arms for job in arm.jobs}
    for model in client.models.list():
        staying |= {version.job: f"model {model.name}" for version in model.versions}
    old = [job.id for job in _old_jobs(client, before, states)]
    return Old(
        comparisons=comparisons,
        jobs=[job_id for job_id in old if job_id not in staying],
        kept={job_id: staying[job_id] for job_id in old if job_id in staying},
    )


def _old_jobs(client: Client, before: datetime, states: list[JobState] | None) -> Iterable[JobDocument]:
    for job in client.jobs(state=states or _ENDED_JOBS):
        if _ended_before(job, before):
            yield job


def _ended_before(ended: JobDocument | ComparisonSummary, before: datetime) -> bool:
    return ended.finished_at is not None and ended.finished_at < before


def _say(old: Old, *, dry_run: bool) -> None:
    verb = "would go" if dry_run else "are to go"
    announce(f"{_count(old.comparisons, 'comparison')} and {_count(old.jobs, 'job')} {verb}.")
    if dry_run:
        for id_ in (*old.comparisons, *old.jobs):
            out.print(id_, soft_wrap=True)
    if old.kept:
        announce(
            f"{_count(list(old.kept), 'job')} of that age {'are' if len(old.kept) > 1 else 'is'} kept: a comparison "
            "that stays or a model's name needs them."
        )


def _count(items: list[str], noun: str) -> str:
    return f"{len(items)} {noun}{'s' * (len(items) != 1)}"


def _ask() -> None:
    if not sys.stdin.isatty():
        raise typer.BadParameter("nobody can be asked here: add it.", param_hint="--yes")
    typer.confirm("Delete them?", abort=True, err=True)


def _delete(client: Client, old: Old) -> list[str]:
    """Delete all of it, and give what was: somebody else may have deleted some of it, or may need it by now."""
    deleted = []
    for ids, delete in ((old.comparisons, client.comparisons.delete), (old.jobs, client.delete)):
        for id_ in ids:
            try:
                delete(id_)
            except ServiceError as error:
                if error.code not in ("not_found", "wrong_state"):
                    raise
                announce(f"{id_} is kept: {error}")
            else:
                deleted.append(id_)
    return deleted
