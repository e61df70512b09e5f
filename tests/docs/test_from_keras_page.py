"""The examples of docs/from-keras.md run."""

import re
import shlex
from pathlib import Path
from typing import Any

import keras
import pytest
from typer.testing import CliRunner

from normlab.cli import app
from normlab.client import Client
from normlab.local.service import LocalService
from normlab.spec import JobSpec
from support.keras_zoo import MODELS

PAGE = (Path(__file__).parents[2] / "docs" / "from-keras.md").read_text(encoding="utf-8")
(PYTHON,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
(SHELL,) = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
COMMANDS = [shlex.split(line, comments=True)[1:] for line in SHELL.splitlines()]

# Keras's saving calls NumPy as it was before NumPy 2.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture
def model() -> keras.Model:
    return MODELS["flattened_before"][0]()


@pytest.mark.xdist_group("service")
def test_the_example_in_python(
    local_service: LocalService, client: Client, model: keras.Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NORMLAB_URL", local_service.url)
    names: dict[str, Any] = {"model": model, "other": MODELS["added_one_by_one"][0]()}
    exec(compile(PYTHON, "from-keras.md", "exec"), names)
    names["client"].close()
    assert isinstance(names["spec"], JobSpec)
    (newest, *_) = client.comparisons.list()
    # Nothing trains on when the test has ended.
    assert {arm.name for arm in client.comparisons.cancel(newest.id).arms} == {"mine", "other"}


@pytest.mark.xdist_group("service")
@pytest.mark.parametrize(
    "command",
    [pytest.param(command, marks=[pytest.mark.nightly] * (command[0] == "compare")) for command in COMMANDS],
    ids=lambda command: command[0],
)
def test_the_examples_in_a_shell(
    command: list[str],
    local_service: LocalService,
    model: keras.Model,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("model.keras", "mine.keras"):
        model.save(name)
    result = CliRunner(env={"NORMLAB_URL": local_service.url}).invoke(app, command)
    assert result.exit_code == 0, result.output


def test_both_commands_are_there_and_compare_tells_of_model_files() -> None:
    assert [command[0] for command in COMMANDS] == ["submit", "compare"]
    said = CliRunner(env={"COLUMNS": "200"}).invoke(app, ["compare", "--help"]).stdout
    assert "Keras model" in " ".join(said.split())


def test_the_tests_that_the_page_names_exist() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)`", PAGE)
    assert named
    assert all((Path(__file__).parents[2] / name).is_file() for name in named)
