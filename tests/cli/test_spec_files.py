"""Files that are to be a spec: what can be read, and what is said of the rest."""

from pathlib import Path

import pytest
import typer

from normlab.cli.spec_files import read_spec
from normlab.cli.specs import check_is_json
from normlab.errors import SpecError

SPEC = '{"architecture": "baseline"}'


def refusal(path: Path) -> str:
    with pytest.raises(typer.BadParameter) as refused:
        read_spec(str(path), "--file")
    return refused.value.message


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_what_editors_write_is_read(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "spec.json").write_text(SPEC, encoding=encoding)
    assert read_spec(str(tmp_path / "spec.json"), "--file") == {"architecture": "baseline"}


@pytest.mark.parametrize(
    ("content", "phrase"),
    [
        (b"", "is empty"),
        (b"\n \n", "is empty"),
        (b"architecture: baseline\n", "YAML or TOML"),
        (b"---\na: 1\n", "YAML or TOML"),
        (b"[training]\nepochs = 3\n", "YAML or TOML"),
        (b"{'architecture': 'baseline'}", "single quotes"),
        (b'{"architecture": "baseline",}', "comma after the last item"),
        (b'{"tags": ["a",, "b"]}', "comma after the last item of an object or a list, or two"),
        (b'{"architecture": "baseline" /* a preset */}', "has a comment"),
        (b'# a spec\n{"architecture": "baseline"}', "has a comment"),
        (b'{"training": {"shuffle": True}}', "JSON writes true (line 1, column 26)"),
        (b'{"name": None}', "JSON writes null"),
        (b"{architecture: 1}", "architecture without quotes"),
        (b'{"a": 1 "b": 2}', "has no comma between two items"),
        (b'{"a": .5}', "has a number that JSON writes otherwise"),
        (b'{"a": 1_000}', "has a number that JSON writes otherwise"),
        (b'{"a": 1', "ends too soon"),
        (b'{"a": 1} {"b": 2}', "goes on after its end"),
        ("{“a”: 1}".encode(), "typographic quotes"),
        (b"PK\x03\x04", "does not begin like JSON"),
        (b"\xe9\xe8 {", "not text in UTF-8"),
        (b"[" * 100_000, "nested too deeply"),
    ],
    ids=lambda given: str(given)[:40],
)
def test_what_is_no_json_is_told_why(tmp_path: Path, content: bytes, phrase: str) -> None:
    path = tmp_path / "spec.json"
    path.write_bytes(content)
    assert phrase in refusal(path)


def test_what_is_no_file(tmp_path: Path) -> None:
    assert "is a folder" in refusal(tmp_path)
    assert "No such file" in refusal(tmp_path / "missing.json")
    assert "is too large" in refusal(Path("/dev/zero"))
    assert "cannot be read" in refusal(Path("a\x00b"))


@pytest.mark.parametrize(
    ("text", "pointer"),
    [(SPEC[:-1] + ', "architecture": "x"}', "/architecture"), ("[1]", ""), ('"baseline"', "")],
)
def test_json_that_is_no_spec(tmp_path: Path, text: str, pointer: str) -> None:
    (tmp_path / "spec.json").write_text(text)
    with pytest.raises(SpecError) as refused:
        read_spec(str(tmp_path / "spec.json"), "--file")
    assert [problem.pointer for problem in refused.value.problems] == [pointer]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_numbers_that_are_not_finite_are_pointed_at(tmp_path: Path, number: str) -> None:
    (tmp_path / "spec.json").write_text(
        '{"training": {"optimizer": {"learning_rate": N}}}'.replace("N", number)
    )
    with pytest.raises(SpecError) as refused:
        check_is_json(read_spec(str(tmp_path / "spec.json"), "--file"))
    (problem,) = refused.value.problems
    assert problem.pointer == "/training/optimizer/learning_rate"
    assert "finite number" in problem.detail
