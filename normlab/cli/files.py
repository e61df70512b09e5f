"""Files that options name, checked before anything is trained for them."""

from pathlib import Path

import typer

from normlab.client import ChartFormat


def check_folder(option: str, path: Path | None) -> None:
    """Refuse a file in a folder that is not there."""
    if path is not None and not path.parent.is_dir():
        raise typer.BadParameter(f"there is no folder {path.parent}.", param_hint=option)


def suffix_of(path: Path, option: str, known: list[str]) -> str:
    """The file's suffix, which says its format; refuses one that is none of these."""
    suffix = path.suffix.lower().removeprefix(".")
    if suffix not in known:
        *others, last = (f".{name}" for name in known)
        listed = f"{', '.join(others)} or {last}"
        raise typer.BadParameter(f"{path.name} should end in {listed}.", param_hint=option)
    return suffix


def chart_format_of(path: Path | None, option: str = "--chart") -> ChartFormat | None:
    """The format of the file that an option names."""
    return None if path is None else ChartFormat(suffix_of(path, option, list(ChartFormat)))
