"""How an uploaded dataset is shown: its progress, and its card."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from normlab.cli.display.console import visible
from normlab.cli.display.output import announce, notes, number, out, percent, size, table
from normlab.documents.dataset_versions import DatasetDocument, DatasetProgress
from normlab.documents.datasets import ColumnDocument, DataCardDocument
from normlab.documents.states import DatasetState

MOST_CLASSES = 20
"""Of more classes the first ones are shown."""
MOST_COLUMNS = 50
MOST_CATEGORIES = 4
"""So many of a column are named, the most frequent first."""
_SEVERITIES = {"error": "[red]error[/]", "warning": "[yellow]warning[/]", "info": "info"}


@contextmanager
def upload_shown(path: Path) -> Iterator[Callable[[int], None] | None]:
    """A bar of what was sent, in a terminal; gives what is to be told."""
    if not notes.is_terminal:
        yield None
        return
    total = path.stat().st_size if path.is_file() else None
    with Progress(TextColumn("sent"), BarColumn(), DownloadColumn(), console=notes, transient=True) as bars:
        task = bars.add_task("sent", total=total)
        yield lambda count: bars.update(task, completed=count)


@contextmanager
def check_shown(dataset: DatasetDocument) -> Iterator[Callable[[DatasetDocument], None]]:
    """How far a check is: a bar in a terminal, a line for each phase elsewhere; gives what is to be told."""
    title = visible(f"{dataset.name} version {dataset.version}")
    if notes.is_terminal:
        columns = (TextColumn("{task.description}", markup=False), BarColumn())
        with Progress(*columns, console=notes, transient=True) as bars:
            task = bars.add_task(f"{title}: waits for a worker", total=None)

            def update(now: DatasetDocument) -> None:
                done = None if now.progress is None else now.progress.fraction
                bars.update(
                    task,
                    description=f"{title}: {_phase(now.progress)}",
                    total=None if done is None else 1.0,
                    completed=done or 0.0,
                )

            yield update
        return
    said: list[str] = []

    def say(now: DatasetDocument) -> None:
        phase = "waits for a worker" if now.progress is None else now.progress.phase.value
        if phase not in said[-1:]:
            said.append(phase)
            announce(f"{title}  {phase}")

    yield say


def _phase(progress: DatasetProgress | None) -> str:
    if progress is None:
        return "waits for a worker"
    samples = f", {progress.samples:,} samples" if progress.samples else ""
    return f"{progress.phase.value}{samples}"


def display_dataset(dataset: DatasetDocument) -> None:
    """Write all that is known of a version."""
    file = ", ".join(filter(None, (dataset.file.name, size(dataset.file.bytes))))
    out.print(
        f"{dataset.name} version {dataset.version}  {dataset.state}  ({file})",
        markup=False,
        soft_wrap=True,
    )
    if dataset.description:
        out.print(dataset.description, markup=False, soft_wrap=True)
    if dataset.state is DatasetState.CHECKING:
        out.print(_phase(dataset.progress), markup=False)
    if dataset.reason:
        out.print(dataset.reason, markup=False, soft_wrap=True)
    if dataset.shape is not None and dataset.reading is not None:
        parts = ", ".join(f"{part} {how}" for part, how in dataset.reading.parts.items())
        seed = "" if dataset.reading.seed is None else f", seed {dataset.reading.seed}"
        out.print(f"read as {dataset.reading.format}: {parts}{seed}", markup=False, soft_wrap=True)
        out.print(f"{dataset.digest}", markup=False, soft_wrap=True)
    if dataset.card is not None:
        _display_card(dataset.card)


def _display_card(card: DataCardDocument) -> None:
    shape = " x ".join(map(str, card.shape))
    counts = f"{card.training_samples:,} training, {card.validation_samples:,} validation, {card.test_samples:,} test"
    if card.columns is not None:
        out.print(f"{counts} rows of {shape} columns")
    elif card.smallest is not None and card.largest is not None:
        out.print(
            f"{counts} samples of {shape}, values from {number(card.smallest)} to {number(card.largest)}"
        )
    inputs = card.inputs
    if inputs is not None and (inputs.constant or inputs.nearly_constant):
        out.print(
            f"{inputs.constant:,} of {inputs.inputs:,} inputs are constant in training, "
            f"{inputs.nearly_constant:,} nearly",
            soft_wrap=True,
        )
    if card.columns is not None:
        _display_columns(card.columns)
    if card.target is not None:
        target = card.target
        out.print(
            f"{target.name} is predicted: mean {number(target.mean)}, deviation {number(target.deviation)}, "
            f"{number(target.smallest)} to {number(target.largest)} in training",
            markup=False,
            soft_wrap=True,
        )
    if card.classes:
        _display_classes(card)
    for finding in card.findings:
        out.print()
        out.print(_SEVERITIES.get(finding.severity, finding.severity), end="  ")
        out.print(finding.detail, markup=False, soft_wrap=not out.is_terminal)
        if finding.examples:
            out.print(f"    {', '.join(finding.examples)}", markup=False, soft_wrap=True)


def _display_columns(columns: Sequence[ColumnDocument]) -> None:
    out.print()
    listing = table("column", "kind", "missing", "values", numbers=("missing",))
    for column in columns[:MOST_COLUMNS]:
        missing = sum((column.missing.training, column.missing.validation, column.missing.test))
        listing.add_row(
            visible(column.name), column.kind, f"{missing:,}" if missing else "-", _values(column)
        )
    out.print(listing, markup=False)
    if len(columns) > MOST_COLUMNS:
        out.print(f"and {len(columns) - MOST_COLUMNS:,} more columns")
    out.print()


def _values(column: ColumnDocument) -> str:
    """What its values in the training part are like, in a line."""
    if column.categories is not None:
        often = sorted(column.categories, key=lambda category: -category.training)
        named = ", ".join(visible(category.name) for category in often[:MOST_CATEGORIES])
        more = len(often) - MOST_CATEGORIES
        return f"{len(often):,}: {named}{f' and {more:,} more' if more > 0 else ''}"
    if column.mean is None or column.deviation is None or column.smallest is None or column.largest is None:
        return "-"
    if column.constant:
        return f"always {number(column.mean)}"
    return f"{column.smallest:.4g} to {column.largest:.4g}, mean {column.mean:.4g}, deviation {column.deviation:.4g}"


def _display_classes(card: DataCardDocument) -> None:
    out.print()
    listing = table(
        "class",
        "training",
        "validation",
        "test",
        "share",
        numbers=("training", "validation", "test", "share"),
    )
    for item in card.classes[:MOST_CLASSES]:
        share = percent(item.training / max(card.training_samples, 1), 1)
        listing.add_row(
            visible(item.name), f"{item.training:,}", f"{item.validation:,}", f"{item.test:,}", share
        )
    out.print(listing, markup=False)
    if len(card.classes) > MOST_CLASSES:
        out.print(f"and {len(card.classes) - MOST_CLASSES:,} more classes")
