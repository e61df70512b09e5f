"""``normlab watch``: follow jobs to their end."""

import time
from collections.abc import Sequence
from queue import Empty, SimpleQueue
from threading import Thread

import typer

from normlab.cli.display.comparison_progress import exit_unless_finished, follow_until_interrupted
from normlab.cli.display.output import JsonOption, UrlOption, announce, notes, write_json
from normlab.cli.display.training_progress import Board, LiveBoard, PlainBoard
from normlab.cli.display.verdicts import show_answer
from normlab.cli.ids import IdsArgument, Kind, identify, job_ids
from normlab.client import Client, JobEvent
from normlab.documents.events import EventKind
from normlab.documents.jobs import JobDocument
from normlab.documents.states import JobState

Happening = tuple[JobDocument, JobEvent | Exception]

LOOK_SECONDS = 2.0
"""How often a terminal is shown anew where jobs are in the queue."""
MOST_LOOKED_AT = 20
"""Of so many jobs: a terminal has few more lines."""


def watch(
    ids: IdsArgument,
    *,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Follow jobs until all have ended, or a comparison: bars in a terminal, else a line for each epoch.

    The exit code is 0 if all have succeeded, else 1. Ctrl-C stops the watching, not the jobs.
    """
    with Client(url) as client:
        if len(ids) == 1 and (item := identify(client, ids[0])).kind is Kind.COMPARISON:
            ended = follow_until_interrupted(client, client.comparisons.get(item.id))
            write_json(ended) if as_json else show_answer(ended)
            exit_unless_finished(ended)
            return
        watched = job_ids(client, ids, "follows jobs, or one comparison alone")
        jobs = watch_until_interrupted(client, [client.job(job_id) for job_id in watched])
    if as_json:
        write_json(jobs)
    show_warnings(jobs)
    report_failures(jobs)


def watch_until_interrupted(client: Client, jobs: Sequence[JobDocument]) -> list[JobDocument]:
    """``watch_jobs``; a Ctrl-C ends the program with a word on the jobs, which go on."""
    try:
        return watch_jobs(client, jobs)
    except KeyboardInterrupt:
        ids = " ".join(job.id for job in jobs)
        announce(f"The training goes on; watch it again with: normlab watch {ids}")
        raise typer.Exit(130) from None


def watch_jobs(client: Client, jobs: Sequence[JobDocument]) -> list[JobDocument]:
    """Show the jobs' progress on stderr until all have ended, and return them as they then are."""
    board: Board = LiveBoard(notes, jobs) if notes.is_terminal else PlainBoard(notes, jobs)
    happenings: SimpleQueue[Happening] = SimpleQueue()
    for job in jobs:
        # Daemons: a Ctrl-C need not wait for the service's next event.
        Thread(target=_follow, args=(client, job, happenings), daemon=True).start()
    running = {job.id for job in jobs}
    queued: set[str] = set()
    look_at = 0.0
    with board:
        while running:
            if notes.is_terminal and queued and time.monotonic() >= look_at:
                for job_id in sorted(queued)[:MOST_LOOKED_AT]:
                    board.show_place(client.job(job_id))
                look_at = time.monotonic() + LOOK_SECONDS
            try:
                job, happening = happenings.get(timeout=LOOK_SECONDS)
            except Empty:
                continue
            if isinstance(happening, Exception):
                raise happening
            board.show(job, happening)
            if happening.kind is EventKind.STATE:
                if happening.data["state"] == JobState.QUEUED:
                    queued.add(job.id)
                    look_at = 0.0
                else:
                    queued.discard(job.id)
            elif happening.kind is EventKind.END:
                running.discard(job.id)
    return [client.job(job.id) for job in jobs]


def _follow(client: Client, job: JobDocument, happenings: SimpleQueue[Happening]) -> None:
    try:
        for event in client.events(job.id):
            happenings.put((job, event))
    except Exception as error:  # raised again by the thread that watches
        happenings.put((job, error))


def show_warnings(jobs: Sequence[JobDocument]) -> None:
    """Say what is to be known before reading the figures of jobs, and what went wrong without ending them."""
    for job in jobs:
        for warning in job.warnings:
            announce(f"{job.title}: beware, {warning.detail}.")


def report_failures(jobs: Sequence[JobDocument]) -> None:
    """Say which jobs have not succeeded, and why; then exit with 1."""
    lost = [job for job in jobs if job.state is not JobState.SUCCEEDED]
    for job in lost:
        why = f": {job.error.detail} ({job.error.code})" if job.error else "."
        announce(f"{job.title} ({job.id}) is {job.state.value}{why}")
    if lost:
        raise typer.Exit(1)
