"""A trial: what is being asked while it runs, and what came out."""

import time
from queue import Empty, SimpleQueue
from threading import Thread

import typer
from rich.progress import BarColumn, Progress, TextColumn

from normlab.cli.display.output import announce, clock, notes, out, show_caveats
from normlab.client import Client, JobEvent
from normlab.documents.claims import Answer, TrialDocument
from normlab.documents.events import EventKind
from normlab.documents.states import JobState, StudyState

LOOK_SECONDS = 1.0
"""How often the service is asked how far the trial is."""

_STYLES = {
    Answer.HOLDS: "green",
    Answer.DOES_NOT_HOLD: "red",
    Answer.DEPENDS_ON_DEFINITION: "yellow",
}


def follow_until_interrupted(client: Client, begun: TrialDocument) -> TrialDocument:
    """Show on stderr how a trial goes until it has ended, and return it as it then is. A Ctrl-C ends the program with a
    word on the trial, which goes on."""
    try:
        return _follow(client, begun)
    except KeyboardInterrupt:
        announce(f"The trial goes on; come back with: normlab trial {begun.id}")
        raise typer.Exit(130) from None


def show_trial(ended: TrialDocument) -> None:
    """Write each claim with its outcome, and what to be careful about."""
    for outcome in ended.outcomes:
        said = outcome.answer.replace("_", " ")
        style = _STYLES.get(Answer(outcome.answer), "") if outcome.answer in set(Answer) else ""
        out.print(f"\n{outcome.claim.replace('_', ' ')}: {said}", style=f"bold {style}".strip(), markup=False)
        out.print(outcome.sentence, markup=False, soft_wrap=not out.is_terminal)
        for note in dict.fromkeys(note for part in outcome.parts for note in part.notes):
            out.print(f"- {note}", markup=False, soft_wrap=not out.is_terminal)
    show_caveats([*ended.caveats, *ended.left_out])


def exit_unless_finished(ended: TrialDocument) -> None:
    """Say why a trial has no outcomes, and exit with 1; nothing if it has some."""
    if ended.state is StudyState.FINISHED:
        return
    for sentence in (*ended.left_out, *([ended.error] if ended.error else [])):
        announce(sentence)
    notes.print(f"The trial has no answer: it is {ended.state}.", style="red", markup=False)
    raise typer.Exit(1)


def _follow(client: Client, begun: TrialDocument) -> TrialDocument:
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
    began, asked = time.monotonic(), ""
    with Progress(*columns, console=notes, disable=not notes.is_terminal) as bar:
        task = bar.add_task("", total=1.0, time="")
        while True:
            try:
                event = happenings.get(timeout=LOOK_SECONDS)
            except Empty:
                event = None
            if isinstance(event, Exception):
                raise event
            if event is None and not notes.is_terminal:
                continue
            now = client.claims.get(begun.id)
            if event is not None:
                _report(event)
                if event.kind is EventKind.END:
                    return now
            if now.progress.asking not in (asked, "") and not notes.is_terminal:
                announce(f"asking: {now.progress.asking}")
            asked = now.progress.asking
            bar.update(
                task, description=asked, completed=now.progress.fraction, time=clock(time.monotonic() - began)
            )


def _listen(client: Client, trial_id: str, happenings: SimpleQueue[JobEvent | Exception]) -> None:
    try:
        for event in client.claims.events(trial_id):
            happenings.put(event)
    except Exception as error:  # raised again by the thread that watches
        happenings.put(error)


def _report(event: JobEvent) -> None:
    data = event.data
    match event.kind:
        case EventKind.REPLICATES:
            again = f", {data['jobs_reused']} of them reused" if data["jobs_reused"] else ""
            announce(f"{data['added']} seeds: {data['jobs_made'] + data['jobs_reused']} jobs{again}")
        case EventKind.JOB if data["state"] != JobState.SUCCEEDED:
            announce(f"seed {data['seed']}  {data['arm']} {data['state']} ({data['job']})")
