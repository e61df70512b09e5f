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


@pytest.mark.xdist_group("service")
def test_the_examples_do_what_the_page_says(
    local_service: LocalService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NORMLAB_URL", local_service.url)
    monkeypatch.chdir(tmp_path)
    text = PAGE.read_text(encoding="utf-8")
    names: dict[str, Any] = {}
    try:
        for block in BLOCK.finditer(text):
            line = text[: block.start(2)].count("\n")
            if block[1] == "python":
                with contextlib.redirect_stdout(io.StringIO()):
                    exec(compile("\n" * line + block[2], str(PAGE), "exec"), names)
            else:
                run_prompt(block[2], names, line)
    finally:
        names["client"].close()
    assert {path.name for path in tmp_path.iterdir()} == {
        *("report.html", "curves.png", "bundle.zip", "digits.onnx", "data")
    }


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
