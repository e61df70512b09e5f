"""The commands as a page, from what ``--help`` shows. ``scripts/make-reference`` writes it."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import typer

from normlab.cli import EXIT_CODES, app


def commands_page() -> str:
    """The page of all commands."""
    program: Any = typer.main.get_command(app)
    panels: dict[str, list[str]] = {}
    for name, command in program.commands.items():
        panels.setdefault(command.rich_help_panel, []).append(_section(f"normlab {name}", command))
    sections = "\n".join(f"## {panel}\n\n" + "\n".join(made) for panel, made in panels.items())
    codes = "\n".join(f"| {code} | {meaning} |" for code, meaning in EXIT_CODES.items())
    return f"""# Commands

`normlab --help` and `normlab COMMAND --help` say the same. `make reference` makes this page from `normlab/cli/`.

Results go to stdout, everything else to stderr. With `--json` the result is JSON with the fields of the API.
`NORMLAB_URL` is the address of the service, if it is not http://127.0.0.1:8000.

Where an id is asked for, its end or its beginning is enough (four letters or more), if it fits nothing else; a part
that fits several names them. Where a job's network is asked for, a model's name will do.

| exit code | meaning |
| --- | --- |
{codes}

{sections}"""


def _section(title: str, command: Any) -> str:
    """A command with its arguments and options; of a group, all of its commands."""
    context = typer.Context(command, info_name=title)
    usage = " ".join(command.get_usage(context).removeprefix("Usage: ").split())
    text = f"### `{title}`\n\n`{usage}`\n\n{command.help}\n\n{_table(command, context)}"
    commands: Mapping[str, Any] = getattr(command, "commands", {})
    return "\n".join([text, *(_section(f"{title} {name}", inner) for name, inner in commands.items())])


def _table(command: Any, context: typer.Context) -> str:
    rows = "".join(f"| `{name}` | {meaning} |\n" for name, meaning in _parameters(command, context))
    return f"| argument or option | |\n| --- | --- |\n{rows}" if rows else ""


def _parameters(command: Any, context: typer.Context) -> Iterator[tuple[str, str]]:
    for parameter in command.params:
        name, meaning = parameter.get_help_record(context)
        # A list of something is said by its description, and by the dots in the usage.
        name = re.sub(r"<list\[(.*)\]>", r"<\1>", name)
        yield _cell(name), _cell(meaning)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
