"""What is seen while a comparison runs: a bar in a terminal, and a line for each pair everywhere."""

import time
from queue import Empty, SimpleQueue
from threading import Thread

import typer
from rich.progress import BarColumn, Progress, TextColumn

from normlab.cli.display.output import announce, clock, notes
from normlab.cli.display.verdicts import metric_value
from normlab.client import Client, JobEvent
from normlab.documents.comparisons import ComparisonDocument
from normlab.documents.events import EventKind
from normlab.documents.states import JobState, StudyState

LOOK_SECONDS = 1.0
"""How often the running jobs are asked how far they are."""
MOST_LOOKED_AT = 20
"""So many of them."""
ENOUGH_FOR_A_PACE = 0.02
"""Before so much was done, nothing is said about the time that is left."""


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
        BarColumn(bar_width=20),
        TextColumn("{task.percentage:3.0f} %"),
        TextColumn("{task.fields[time]}"),
    )
    with Progress(*columns, console=notes, disable=not notes.is_terminal) as bar:
        task = bar.add_task("", total=1.0, time="")
        done = _Done(client)
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
                completed = done.look(now)
                bar.update(task, description=_description(now), completed=completed, time=done.time)


def exit_unless_finished(ended: ComparisonDocument) -> None:
    """Say why a comparison has no answer, and exit with 1; nothing if it has one."""
    if ended.state is StudyState.FINISHED:
        return
    for sentence in (*ended.left_out, *([ended.error] if ended.error else [])):
        announce(sentence)
    notes.print(f"The comparison has no answer: it is {ended.state}.", style="red", markup=False)
    raise typer.Exit(1)


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
                f"{name if job.seed == data['seed'] else f'{name} (seed {job.seed})'} "
                f"{metric_value(job.value, now.metric)}"
                for name, job in jobs.items()
            ]
            announce(f"seed {data['seed']}  {'  '.join(values)}")


def _description(now: ComparisonDocument) -> str:
    running = now.progress.jobs.get(JobState.RUNNING, 0)
    # Arms with seeds of their own have runs in common, and no seeds.
    what = "runs of each arm" if any(arm.base_seed is not None for arm in now.arms) else "seeds"
    most = now.progress.pairs_planned
    planned = f"up to {most}" if now.replicates.max > now.replicates.start else f"{most}"
    return f"{now.progress.pairs} of {planned} {what}, {running} job{'s' * (running != 1)} running"


class _Done:
    """How much of a comparison is done, which never goes back, and how long the rest will take."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._began = time.monotonic()
        self._first: float | None = None
        self._fraction = 0.0

    def look(self, now: ComparisonDocument) -> float:
        """The part of all jobs that the plan allows, those under way by how far they are."""
        planned = len(now.arms) * now.progress.pairs_planned
        ended = sum(count for state, count in now.progress.jobs.items() if state.final)
        under_way = [job.job for arm in now.arms for job in arm.jobs if job.state is JobState.RUNNING]
        looked_at = [self._client.job(job_id) for job_id in under_way[:MOST_LOOKED_AT]]
        running = sum(job.progress.fraction or 0.0 for job in looked_at if job.progress)
        # The two were read one after the other: a job that has ended in between counts for nothing.
        self._fraction = max(self._fraction, min((ended + running) / max(planned, 1), 1.0))
        if self._first is None:
            self._first = self._fraction  # of jobs that were used again
        return self._fraction

    @property
    def time(self) -> str:
        """What is left at the pace so far; what has passed, while there is none."""
        elapsed, first = time.monotonic() - self._began, self._first or 0.0
        done = self._fraction - first
        if done < ENOUGH_FOR_A_PACE:
            return clock(elapsed)
        return f"about {clock(elapsed * (1.0 - self._fraction) / done)} left"
