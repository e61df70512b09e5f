"""What is seen while a comparison runs: a bar in a terminal, and a line for each pair everywhere."""

from queue import Empty, SimpleQueue
from threading import Thread

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from normlab.cli.display.output import announce, notes, percent
from normlab.client import Client, JobEvent
from normlab.documents.comparisons import ComparisonDocument
from normlab.documents.events import EventKind
from normlab.documents.states import JobState, StudyState

LOOK_SECONDS = 1.0
"""How often the running jobs are asked how far they are."""


def follow_until_interrupted(client: Client, begun: ComparisonDocument) -> ComparisonDocument:
    """``follow``; a Ctrl-C ends the program with a word on the comparison, which goes on."""
    try:
        return follow(client, begun)
    except KeyboardInterrupt:
        announce(f"The comparison goes on; come back with: normlab compare {begun.id}")
        raise typer.Exit(130) from None


def follow(client: Client, begun: ComparisonDocument) -> ComparisonDocument:
    """Show on stderr how a comparison goes until it has ended, and return it as it then is."""
    if begun.state is not StudyState.RUNNING:
        return begun
    happenings: SimpleQueue[JobEvent | Exception] = SimpleQueue()
    # A daemon: a Ctrl-C need not wait for the service's next event.
    Thread(target=_listen, args=(client, begun.id, happenings), daemon=True).start()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=32),
        TextColumn("{task.percentage:3.0f} %"),
    )
    with Progress(*columns, TimeElapsedColumn(), console=notes, disable=not notes.is_terminal) as bar:
        task = bar.add_task("", total=1.0)
        while True:
            try:
                event = happenings.get(timeout=LOOK_SECONDS)
            except Empty:
                event = None
            if isinstance(event, Exception):
                raise event
            now = client.comparisons.get(begun.id) if event or notes.is_terminal else begun
            if event is not None:
                _report(event, now)
                if event.kind is EventKind.END:
                    return now
            if notes.is_terminal:
                bar.update(task, description=_description(now), completed=_fraction(client, now))


def _listen(client: Client, comparison_id: str, happenings: SimpleQueue[JobEvent | Exception]) -> None:
    try:
        for event in client.comparisons.events(comparison_id):
            happenings.put(event)
    except Exception as error:  # raised again by the thread that watches
        happenings.put(error)


def _report(event: JobEvent, now: ComparisonDocument) -> None:
    data = event.data
    match event.kind:
        case EventKind.REPLICATES:
            again = f", {data['jobs_reused']} of them reused" if data["jobs_reused"] else ""
            jobs = data["jobs_made"] + data["jobs_reused"]
            seeds = f"seed{'s' * (len(data['seeds']) > 1)} {', '.join(map(str, data['seeds']))}"
            announce(f"{seeds}: {jobs} jobs{again}")
        case EventKind.JOB if data["state"] != JobState.SUCCEEDED:
            announce(f"seed {data['seed']}  {data['arm']} {data['state']} ({data['job']})")
        case EventKind.PAIR if data["complete"]:
            replicate = data["seed"] - now.base_seed
            jobs = {arm.name: arm.jobs[replicate] for arm in now.arms}
            values = [
                f"{name}{'' if job.seed == data['seed'] else f' (seed {job.seed})'} {_value(job.value, now.metric)}"
                for name, job in jobs.items()
            ]
            announce(f"seed {data['seed']}  {'  '.join(values)}")


def _value(value: float | None, metric: str) -> str:
    if metric.endswith("accuracy") or value is None:
        return percent(value)
    return f"{value:.4f}"


def _description(now: ComparisonDocument) -> str:
    running = now.progress.jobs.get(JobState.RUNNING, 0)
    pairs = f"{now.progress.pairs} of {now.progress.pairs_planned} pairs"
    return f"{pairs}, {running} job{'s' * (running != 1)} running"


def _fraction(client: Client, now: ComparisonDocument) -> float:
    """Of the jobs that there are: those that have ended, and of the running ones what they have done."""
    total = sum(now.progress.jobs.values())
    under_way = client.jobs(state=JobState.RUNNING, tag=now.id)
    done = sum((job.progress.fraction or 0.0) for job in under_way if job.progress)
    return min(now.progress.fraction + done / max(total, 1), 1.0)
