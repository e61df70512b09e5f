"""The help as a guide: what is where, and what the exit codes are."""

import re
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from normlab.cli import EXIT_CODES, app


def test_the_version() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    result = CliRunner().invoke(app, ["--version"])
    assert (result.exit_code, result.stdout) == (0, f"normlab {project['version']}\n")


def test_the_help_groups_the_commands_and_says_the_rest() -> None:
    shown = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "80"}).stdout
    panels = re.findall(r"^╭─ (.*?) ─", shown, re.MULTILINE)
    assert panels[0] == "Options"
    assert len(panels) > 5
    assert "Commands" not in panels, "a command without a panel"
    assert "NORMLAB_URL" in shown
    flat = " ".join(shown.split())
    for code, meaning in EXIT_CODES.items():
        assert f"{code} {meaning}" in flat
    assert max(map(len, shown.splitlines())) <= 80


@pytest.mark.parametrize("arguments", [["models", "-h"], ["models", "name", "-h"], ["jobs", "--help"]])
def test_each_command_has_help(arguments: list[str]) -> None:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0
    assert "Usage: " in result.stdout
