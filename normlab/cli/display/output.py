"""How things are written to the terminal."""

import json
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import BaseModel
from rich.table import Table

from normlab.cli.display.console import SafeConsole, can_write, visible_json
from normlab.documents.states import JobState
from normlab.errors import SetupError

# A file or a pipe has no width; 80 columns, what rich takes then, would break lines that a program reads.
out = SafeConsole(width=None if sys.stdout.isatty() else 200)
"""Results."""
notes = SafeConsole(stderr=True)
"""What is said beside the results."""

STATE_STYLES = {
    JobState.QUEUED: "yellow",
    JobState.RUNNING: "cyan",
    JobState.SUCCEEDED: "green",
    JobState.FAILED: "red",
    JobState.CANCELLED: "magenta",
}

NO_WRAP = {"job", "dataset", "preset", "state", "epoch", "shape"}
"""Columns whose content is not to be broken: one can copy it."""

UrlOption = Annotated[
    str | None,
    typer.Option("--url", envvar="NORMLAB_URL", help="Address of the service.", show_default=False),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]


def write_json(value: Any) -> None:
    """Write an answer of the service (or a list of them) as JSON."""
    text = json.dumps(value, default=_plain, indent=2, ensure_ascii=False)
    if not can_write(sys.stdout, text):
        text = json.dumps(value, default=_plain, indent=2)
    sys.stdout.write(visible_json(text) + "\n")


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True)
    raise TypeError(f"{type(value).__name__} is not JSON")


def write_file(path: Path, content: bytes, what: str) -> None:
    """Write a file that was asked for, and say where it is; ``what`` begins that sentence."""
    try:
        path.write_bytes(content)
    except OSError as error:
        raise SetupError(f"Nothing can be written to {path}: {error.strerror}.") from error
    announce(f"{what} in {path}")


def announce(sentence: str) -> None:
    """Write a sentence beside the results as it is, whatever names are in it."""
    notes.print(sentence, markup=False, soft_wrap=True)


def write_error(sentence: str) -> None:
    """Write why a command failed."""
    announce(f"Error: {sentence}")


def show_caveats(caveats: Sequence[str]) -> None:
    """Write what to know before drawing a conclusion."""
    if caveats:
        out.print("\n[bold]Beware[/]")
        for caveat in caveats:
            out.print(f"- {caveat}", markup=False, soft_wrap=not out.is_terminal)


def table(*columns: str, numbers: tuple[str, ...] = ()) -> Table:
    """An empty table; the columns named in ``numbers`` are aligned to the right."""
    made = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        made.add_column(column, justify="right" if column in numbers else "left", no_wrap=column in NO_WRAP)
    return made


def state_text(state: JobState) -> str:
    """A state in its colour."""
    return f"[{STATE_STYLES.get(state, 'default')}]{state.value}[/]"


def percent(fraction: float | None) -> str:
    """An accuracy, as ``84.7 %``."""
    return "-" if fraction is None else f"{fraction:.2%}".replace("%", " %")


def seconds(value: float | None) -> str:
    """A duration: ``0.71 s``, ``12.3 s``, ``2 min 05 s``."""
    if value is None:
        return "-"
    if value < 60:
        return f"{value:.2f} s" if value < 10 else f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"


def moment(at: datetime | None) -> str:
    """A time, in this machine's zone."""
    return "-" if at is None else f"{at.astimezone():%Y-%m-%d %H:%M:%S}"
