"""How things are written to the terminal."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from textwrap import wrap
from typing import Annotated, Any

import typer
from pydantic import BaseModel
from rich.cells import cell_len
from rich.table import Table

from normlab.cli.display.console import SafeConsole, can_write, visible_json
from normlab.documents.states import JobState, StudyState
from normlab.errors import SetupError

# A file or a pipe has no width; 80 columns, what rich takes then, would break lines that a program reads.
out = SafeConsole(width=None if sys.stdout.isatty() else 200)
"""Results."""
notes = SafeConsole(stderr=True)
"""What is said beside the results."""

STATE_STYLES: dict[JobState | StudyState, str] = {
    JobState.QUEUED: "yellow",
    JobState.RUNNING: "cyan",
    JobState.SUCCEEDED: "green",
    JobState.FAILED: "red",
    JobState.CANCELLED: "magenta",
    StudyState.FINISHED: "green",
}

NO_WRAP = {"job", "comparison", "dataset", "preset", "state", "epoch", "shape", "version", "since", "made"}
"""Columns whose content is not to be broken: one can copy it."""
WIDEST_WORD = 26
"""A header or a name is broken only behind so many columns."""

SHORT_ID = 6
"""So many letters of an id's end are shown where the terminal is too narrow for all of it. They are random."""
WIDE = 120
"""A terminal of so many columns has room for whole ids."""

UrlOption = Annotated[
    str | None,
    typer.Option("--url", envvar="NORMLAB_URL", help="Address of the service.", show_default=False),
]
DatasetOption = Annotated[
    str | None,
    typer.Option(
        help="A built-in dataset (see `normlab datasets`), or one of your own: parts, or parts@2 for a version.",
        show_default=False,
    ),
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


def table(*columns: str, numbers: tuple[str, ...] = (), names: Mapping[str, Iterable[str]] = {}) -> Table:
    """An empty table.

    Args:
        *columns: The headers.
        numbers: The columns that are aligned to the right.
        names: By column, the names that stand in it, which are not broken unless they are very long.
    """
    made = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        words = [word for text in (column, *names.get(column, ())) for word in text.split()] or [""]
        made.add_column(
            # Broken here, since rich would make a name's column narrower before it broke a header.
            _broken(column) if is_narrow() and column in numbers else column,
            justify="right" if column in numbers else "left",
            min_width=min(max(map(cell_len, words)), WIDEST_WORD),
            no_wrap=column in NO_WRAP,
        )
    return made


def _broken(header: str) -> str:
    """The header in lines that are no longer than its longest word."""
    return "\n".join(wrap(header, max(map(len, header.split()))))


def show_table(listing: Table, without_rows: str) -> None:
    """Write a table; a sentence beside the results if it has no rows."""
    if listing.row_count:
        out.print(listing)
    else:
        announce(without_rows)


def is_narrow() -> bool:
    """Whether the results go to a terminal in which long lines do not fit."""
    return out.is_terminal and out.width < WIDE


def ids_shown(ids: Sequence[str]) -> dict[str, str]:
    """How each id is shown in a table: whole, or where the terminal is narrow, the end of it that tells it apart."""
    if not is_narrow():
        return {id_: id_ for id_ in ids}
    length = SHORT_ID
    while len({id_[-length:] for id_ in ids}) < len(set(ids)):
        length += 1
    return {id_: f"…{id_[-length:]}" for id_ in ids}


def state_text(state: JobState | StudyState) -> str:
    """A state in its colour."""
    return f"[{STATE_STYLES.get(state, 'default')}]{state.value}[/]"


def percent(fraction: float | None, digits: int = 2) -> str:
    """An accuracy, as ``84.70 %``."""
    if fraction is None:
        return "-"
    return f"{fraction:.{digits}%}".replace("%", " %").replace("-", "\N{MINUS SIGN}")


def number(value: float) -> str:
    """A setting such as a learning rate, as ``0.001``."""
    return f"{value:g}"


def seconds(value: float | None) -> str:
    """A duration: ``0.71 s``, ``12.3 s``, ``2 min 05 s``."""
    if value is None:
        return "-"
    if value < 60:
        return f"{value:.2f} s" if value < 10 else f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"


def size(count: int) -> str:
    """A number of bytes: ``812 B``, ``1.2 MB``."""
    if count < 1000:
        return f"{count} B"
    value = float(count)
    for unit in ("kB", "MB", "GB", "TB"):
        value /= 1000
        if value < 1000 or unit == "TB":
            break
    return f"{value:.1f} {unit}"


def clock(value: float) -> str:
    """A duration that is counted up or down: ``0:07``, ``12:40``, ``1:02:00``."""
    minutes, rest = divmod(max(0, round(value)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def moment(at: datetime | None) -> str:
    """A time, in this machine's zone."""
    return "-" if at is None else f"{at.astimezone():%Y-%m-%d %H:%M:%S}"
