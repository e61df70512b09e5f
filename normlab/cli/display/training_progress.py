"""What is seen while jobs train: bars in a terminal, a line for each epoch elsewhere."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Protocol, Self

from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn
from rich.table import Column
from rich.text import Text

from normlab.cli.display.console import visible
from normlab.cli.display.output import WIDE, clock, moment, percent, seconds, state_text
from normlab.client import JobEvent
from normlab.documents.events import EventKind
from normlab.documents.jobs import JobDocument
from normlab.documents.states import JobState
from normlab.spec.runs import Phase

SHORTEST_TITLE = 12
OTHER_COLUMNS, OTHER_COLUMNS_WIDE = 62, 80
"""How wide all other columns are at most, in a narrow and in a wide terminal: a title is cut to the rest."""


class Board(AbstractContextManager["Board"], Protocol):
    """Shows the events of some jobs."""

    def show(self, job: JobDocument, event: JobEvent) -> None:
        """Show one event."""

    def show_place(self, job: JobDocument) -> None:
        """Show where a job is in the queue."""


def titles(jobs: Sequence[JobDocument]) -> dict[str, str]:
    """A title for each job by its id, as it is shown; where two are the same, the end of the id tells them apart."""
    names = [job.title for job in jobs]
    return {
        job.id: visible(job.title if names.count(job.title) == 1 else f"{job.title} …{job.id[-4:]}")
        for job in jobs
    }


class PlainBoard:
    """A line for each epoch and each change of state."""

    def __init__(self, console: Console, jobs: Sequence[JobDocument]) -> None:
        self._console = console
        self._titles = titles(jobs)
        self._width = max(map(cell_len, self._titles.values()))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def show(self, job: JobDocument, event: JobEvent) -> None:
        """Write a line, unless the event is only progress."""
        if event.kind is EventKind.STATE:
            queued = event.data["state"] == JobState.QUEUED
            self._write(job, f"{event.data['state']}{_place(job) if queued else ''}")
        elif event.kind is EventKind.EPOCH:
            epoch = event.data
            self._write(
                job,
                f"epoch {epoch['epoch']}/{job.epochs}  loss {epoch['loss']:.4f}  "
                f"{_figures(epoch)}{seconds(epoch['train_seconds'])}",
            )

    def show_place(self, job: JobDocument) -> None:
        """Nothing: it is said once, with the job's state."""

    def _write(self, job: JobDocument, text: str) -> None:
        title = self._titles[job.id]
        padding = " " * (self._width - cell_len(title))
        self._console.print(f"{title}{padding}  {text}", markup=False, soft_wrap=True)


def _place(job: JobDocument) -> str:
    """Where a job is in the queue, if it is not the next."""
    if job.position is None or (job.position == 1 and job.waiting_for == "its turn"):
        return ""
    start = f", to start about {moment(job.estimated_start_at)}" if job.estimated_start_at else ""
    return f": number {job.position}, waits for {job.waiting_for}{start}"


def _figures(epoch: dict[str, Any]) -> str:
    figure = "accuracy" if epoch.get("accuracy") is not None else "r2"
    known = {name: epoch.get(name) for name in (figure, f"val_{figure}")}
    return "".join(f"{name} {value:.4f}  " for name, value in known.items() if value is not None)


class LiveBoard:
    """A bar for each job, with its phase or epoch, its newest numbers, and the time that is left."""

    def __init__(self, console: Console, jobs: Sequence[JobDocument]) -> None:
        wide = console.width >= WIDE
        room = max(SHORTEST_TITLE, console.width - (OTHER_COLUMNS_WIDE if wide else OTHER_COLUMNS))
        loss = [TextColumn("{task.fields[loss]}", table_column=Column(min_width=11, no_wrap=True))]
        self._progress = Progress(
            TextColumn(
                "{task.description}",
                markup=False,
                table_column=Column(no_wrap=True, overflow="ellipsis", max_width=room),
            ),
            BarColumn(bar_width=16 if wide else 10),
            TextColumn("{task.percentage:3.0f} %", table_column=Column(no_wrap=True)),
            TextColumn("{task.fields[phase]}", table_column=Column(min_width=10, no_wrap=True)),
            *(loss if wide else []),
            TextColumn(
                "{task.fields[accuracy]}", style="bold", table_column=Column(min_width=18, no_wrap=True)
            ),
            _TimeColumn(table_column=Column(min_width=9, no_wrap=True)),
            console=console,
        )
        self._tasks: dict[str, TaskID] = {}
        shown = titles(jobs)
        for job in jobs:
            self._tasks[job.id] = self._progress.add_task(
                shown[job.id],
                total=1.0,
                phase=state_text(job.state),
                loss="",
                accuracy="",
                began=None,
                ended=None,
                ends=None,
            )
            self.show_place(job)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def show(self, job: JobDocument, event: JobEvent) -> None:
        """Move the job's bar."""
        task, data = self._tasks[job.id], event.data
        if event.kind is EventKind.STATE:
            self._show_state(task, JobState(data["state"]), datetime.fromisoformat(data["at"]))
        elif event.kind is EventKind.EPOCH:
            # How far the whole run is, is said by its progress: other things follow the last epoch.
            accuracy, r2 = data.get("val_accuracy"), data.get("val_r2")
            of_numbers = "" if r2 is None else f"validation R² {r2:.4f}"
            self._progress.update(
                task,
                loss=f"loss {data['loss']:.4f}",
                accuracy=of_numbers if accuracy is None else f"validation {percent(accuracy)}",
            )
        elif event.kind is EventKind.PROGRESS:
            self._show_progress(task, data)

    def show_place(self, job: JobDocument) -> None:
        """Show where a job is in the queue, and when it is to start."""
        if job.position is None:
            return
        waits = f"number {job.position}" if job.waiting_for == "its turn" else "no worker"
        start = job.estimated_start_at
        accuracy = "" if start is None else f"starts in {clock(_seconds_to(start))}"
        self._progress.update(self._tasks[job.id], phase=waits, accuracy=accuracy)

    def _show_progress(self, task: TaskID, data: dict[str, Any]) -> None:
        training = data["phase"] == Phase.TRAINING
        phase = f"epoch {data['epoch']}/{data['epochs']}" if training else data["phase"]
        known: dict[str, Any] = {} if data.get("loss") is None else {"loss": f"loss {data['loss']:.4f}"}
        if data.get("fraction") is not None:  # it never goes back, but for another attempt
            known["completed"] = max(self._progress.tasks[task].completed, data["fraction"])
        end = data.get("estimated_end_at")
        self._progress.update(
            task, phase=phase, ends=None if end is None else datetime.fromisoformat(end), **known
        )

    def _show_state(self, task: TaskID, state: JobState, at: datetime) -> None:
        self._progress.update(task, phase=state_text(state), ends=None)
        if state is JobState.QUEUED:  # perhaps again
            self._progress.update(task, completed=0.0, began=None, ended=None)
        elif state is JobState.RUNNING:
            self._progress.update(task, accuracy="", began=at)
        elif state is JobState.SUCCEEDED:
            self._progress.update(task, completed=1.0)
        if state.final:
            self._progress.update(task, ended=at)


class _TimeColumn(ProgressColumn):
    """How long it will still take; where that is not known, or it has ended, how long it took."""

    def render(self, task: Task) -> Text:
        """The text for a task."""
        began, ended, ends = (task.fields[name] for name in ("began", "ended", "ends"))
        if began is None:
            return Text("")
        if ended is None and ends is not None:
            return Text(f"{clock(_seconds_to(ends))} left")
        return Text(clock(((ended or datetime.now(UTC)) - began).total_seconds()))


def _seconds_to(moment: datetime) -> float:
    return (moment - datetime.now(UTC)).total_seconds()
