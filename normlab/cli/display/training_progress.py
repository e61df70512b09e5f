"""What is seen while jobs train: bars in a terminal, a line for each epoch elsewhere."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Protocol, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Column

from normlab.cli.display.console import visible
from normlab.cli.display.output import percent, seconds, state_text
from normlab.client import JobEvent
from normlab.documents.events import EventKind
from normlab.documents.jobs import JobDocument
from normlab.documents.states import JobState


class Board(AbstractContextManager["Board"], Protocol):
    """Shows the events of some jobs."""

    def show(self, job: JobDocument, event: JobEvent) -> None:
        """Show one event."""


def titles(jobs: Sequence[JobDocument]) -> dict[str, str]:
    """A title for each job by its id; where two are the same, the end of the id tells them apart."""
    names = [job.title for job in jobs]
    return {
        job.id: job.title if names.count(job.title) == 1 else f"{job.title} …{job.id[-4:]}" for job in jobs
    }


class PlainBoard:
    """A line for each epoch and each change of state."""

    def __init__(self, console: Console, jobs: Sequence[JobDocument]) -> None:
        self._console = console
        self._titles = titles(jobs)
        self._width = max(map(len, self._titles.values()))
        self._epochs = {job.id: job.spec["training"]["epochs"] for job in jobs}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def show(self, job: JobDocument, event: JobEvent) -> None:
        """Write a line, unless the event is only progress."""
        title = self._titles[job.id].ljust(self._width)
        if event.kind is EventKind.STATE:
            self._write(f"{title}  {event.data['state']}")
        elif event.kind is EventKind.EPOCH:
            epoch = event.data
            self._write(
                f"{title}  epoch {epoch['epoch']}/{self._epochs[job.id]}  loss {epoch['loss']:.4f}  "
                f"accuracy {epoch['accuracy']:.4f}  {_validation(epoch)}{seconds(epoch['train_seconds'])}"
            )

    def _write(self, line: str) -> None:
        self._console.print(line, markup=False, soft_wrap=True)


def _validation(epoch: dict[str, Any]) -> str:
    accuracy = epoch.get("val_accuracy")
    return "" if accuracy is None else f"val_accuracy {accuracy:.4f}  "


class LiveBoard:
    """A bar for each job, with its phase, epoch, loss, validation accuracy and seconds."""

    def __init__(self, console: Console, jobs: Sequence[JobDocument]) -> None:
        self._progress = Progress(
            TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True)),
            BarColumn(bar_width=16),
            TextColumn("{task.fields[phase]}", table_column=Column(min_width=10, no_wrap=True)),
            TextColumn("{task.fields[epoch]}", justify="right", table_column=Column(no_wrap=True)),
            TextColumn("{task.fields[loss]}", table_column=Column(min_width=11, no_wrap=True)),
            TextColumn(
                "{task.fields[accuracy]}", style="bold", table_column=Column(min_width=11, no_wrap=True)
            ),
            TimeElapsedColumn(),
            console=console,
        )
        self._tasks: dict[str, TaskID] = {}
        self._epochs: dict[str, int] = {}
        for job in jobs:
            self._epochs[job.id] = job.spec["training"]["epochs"]
            self._tasks[job.id] = self._progress.add_task(
                visible(titles(jobs)[job.id]),
                start=False,
                total=1.0,
                phase=state_text(job.state),
                epoch="",
                loss="",
                accuracy="",
            )

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
            self._show_state(task, JobState(data["state"]))
        elif event.kind is EventKind.EPOCH:
            self._progress.update(
                task,
                completed=data["epoch"] / self._epochs[job.id],
                epoch=f"{data['epoch']}/{self._epochs[job.id]}",
                loss=f"loss {data['loss']:.4f}",
                accuracy="" if data.get("val_accuracy") is None else f"val {percent(data['val_accuracy'])}",
            )
        elif event.kind is EventKind.PROGRESS:
            known: dict[str, Any] = (
                {"loss": f"loss {data['loss']:.4f}"} if data.get("loss") is not None else {}
            )
            epoch = f"{data['epoch']}/{data['epochs']}"
            # None leaves the bar where it is.
            self._progress.update(
                task, completed=data.get("fraction"), phase=data["phase"], epoch=epoch, **known
            )

    def _show_state(self, task: TaskID, state: JobState) -> None:
        self._progress.update(task, phase=state_text(state))
        if state is JobState.RUNNING:
            self._progress.start_task(task)
        elif state is JobState.SUCCEEDED:
            self._progress.update(task, completed=1.0)
        if state.final:
            self._progress.stop_task(task)
