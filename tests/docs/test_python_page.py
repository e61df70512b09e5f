"""The examples of docs/python.md run in their order, and say what the page says."""

import contextlib
import doctest
import inspect
import io
import re
from pathlib import Path
from typing import Any

import pytest

from normlab.client import Client, Comparisons, Models
from normlab.local.service import LocalService

PAGE = Path(__file__).parents[2] / "docs" / "python.md"
BLOCK = re.compile(r"^```(python|pycon)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


OWN, WITHOUT = "## A service of your own", "## Without a service"


@pytest.mark.xdist_group("service")
def test_the_clients_examples_do_what_the_page_says(
    local_service: LocalService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NORMLAB_URL", local_service.url)
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    try:
        run_page(None, OWN, names)
    finally:
        names["client"].close()
    written = {"doses.csv", "report.html", "curves.png", "bundle.zip", "digits.onnx"}
    assert {path.name for path in tmp_path.iterdir()} == written


@pytest.mark.nightly
def test_a_service_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    run_page(OWN, WITHOUT, names)
    assert names["job"].result.epochs == 1


def test_the_trainer_and_the_statistics_alone() -> None:
    run_page(WITHOUT, None, {})


def run_page(beginning: str | None, end: str | None, names: dict[str, Any]) -> None:
    """Run the blocks from one heading to another."""
    text = PAGE.read_text(encoding="utf-8")
    first = 0 if beginning is None else text.index(beginning)
    blocks = list(BLOCK.finditer(text, first, len(text) if end is None else text.index(end)))
    assert blocks
    for block in blocks:
        line = text[: block.start(2)].count("\n")
        if block[1] == "python":
            with contextlib.redirect_stdout(io.StringIO()):
                exec(compile("\n" * line + block[2], str(PAGE), "exec"), names)
        else:
            run_prompt(block[2], names, line)


def run_prompt(block: str, names: dict[str, Any], line: int) -> None:
    example = doctest.DocTestParser().get_doctest(block, names, PAGE.name, str(PAGE), line)
    runner = doctest.DocTestRunner(verbose=False)
    said: list[str] = []
    runner.run(example, out=said.append, clear_globs=False)
    names.update(example.globs)
    assert runner.summarize(verbose=False).failed == 0, "".join(said)


@pytest.mark.parametrize(
    ("kind", "prefix"),
    [(Client, "client."), (Comparisons, "client.comparisons."), (Models, "client.models.")],
)
def test_each_method_is_on_the_page(kind: type, prefix: str) -> None:
    text = PAGE.read_text(encoding="utf-8")
    methods = [name for name, item in vars(kind).items() if inspect.isfunction(item) and name[0] != "_"]
    assert len(methods) > 5
    assert [name for name in methods if not re.search(rf"{re.escape(prefix)}{name}\(", text)] == []
