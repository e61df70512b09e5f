"""What is seen while a sweep runs: a bar in a terminal, and a line for each point everywhere."""

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from normlab.cli.display.output import announce, notes
from normlab.cli.display.verdicts import metric_value
from normlab.client import Client, JobEvent
from normlab.documents.events import EventKind
from normlab.documents.states import JobState, StudyState
from normlab.documents.sweeps import SweepDocument

_TOLD = {EventKind.POINT, EventKind.POINTS, EventKind.JOB}


def follow_until_interrupted(client: Client, begun: SweepDocument) -> SweepDocument:
    """``follow``; a Ctrl-C ends the program with a word on the sweep, which goes on."""
    try:
        return follow(client, begun)
    except KeyboardInterrupt:
        announce(f"The sweep goes on; come back with: normlab sweep {begun.id}")
        raise typer.Exit(130) from None


def follow(client: Client, begun: SweepDocument) -> SweepDocument:
    """Show on stderr how a sweep goes until it has ended, and return it as it then is."""
    if begun.state is not StudyState.RUNNING:
        return begun
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        TextColumn("{task.percentage:3.0f} %"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=notes, disable=not notes.is_terminal) as bar:
        task = bar.add_task(_description(begun), total=1.0)
        for event in client.sweeps.events(begun.id):
            if event.kind not in _TOLD or (event.kind is EventKind.JOB and not notes.is_terminal):
                continue
            now = client.sweeps.get(begun.id)
            _report(event, now)
            bar.update(task, description=_description(now), completed=now.progress.fraction)
    return client.sweeps.get(begun.id)


def exit_unless_finished(ended: SweepDocument) -> None:
    """Say why a sweep has no answer, and exit with 1; nothing if it has one."""
    if ended.state is StudyState.FINISHED:
        return
    if ended.error:
        announce(ended.error)
    notes.print(f"The sweep has no answer: it is {ended.state}.", style="red", markup=False)
    raise typer.Exit(1)


def _description(now: SweepDocument) -> str:
    running = now.progress.jobs.get(JobState.RUNNING, 0)
    planned = "" if now.progress.points_planned is None else f" of {now.progress.points_planned}"
    return f"{now.progress.points}{planned} points, {running} job{'s' * (running != 1)} running"


def _report(event: JobEvent, now: SweepDocument) -> None:
    data = event.data
    match event.kind:
        case EventKind.POINTS:
            again = f", {data['jobs_reused']} of them reused" if data["jobs_reused"] else ""
            jobs = data["jobs_made"] + data["jobs_reused"]
            wider = data.get("widened")
            why = f" ({wider['parameter']} is widened at its {wider['side']} end)" if wider else ""
            announce(f"{data['added']} points: {jobs} jobs{again}{why}")
        case EventKind.POINT:
            points = next(arm.points for arm in now.arms if arm.name == data["arm"])
            # Of one that goes on with more epochs the newest of those that have ended.
            point = [each for each in points if each.number == data["point"] and each.outcome != "running"][
                -1:
            ]
            for each in point:
                values = ", ".join(
                    f"{pointer.rpartition('/')[2]} {value:.3g}"
                    if isinstance(value, float)
                    else f"{pointer.rpartition('/')[2]} {value}"
                    for pointer, value in each.values.items()
                )
                came_to = metric_value(each.mean, now.metric) if each.outcome == "complete" else each.outcome
                announce(f"{data['arm']}  {values}  {came_to}")
