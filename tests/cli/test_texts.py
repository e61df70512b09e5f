"""Whatever a text holds and whatever the output can show, a command ends with its result and no trace."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.progress import Progress, TextColumn
from rich.table import Table
from typer.testing import CliRunner, Result

from normlab.cli import app
from normlab.cli.display import output
from normlab.cli.display.console import SafeConsole, accept_any_text, visible, visible_json
from normlab.client import Client
from normlab.documents.jobs import JobDocument

PROGRAM = [sys.executable, "-c", "from normlab.cli import app; app()"]
HOSTILE = "a\x1b[2Jb\x9b31mc\u202ed\u200be\rf:bomb:[red]g"
SEEN = r"a\x1b[2Jb\x9b31mc\u202ed\u200be\rf:bomb:[red]g"


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*PROGRAM, *arguments], env={**os.environ, **environment}, capture_output=True, check=False
    )


def test_a_table_that_is_piped_has_no_blanks_at_the_ends_of_its_lines() -> None:
    table = output.table("job", "title")
    table.add_row("job_1", "a [bold]long[/] title")
    table.add_row("job_2", "short")
    written = {}
    for terminal in (False, True):
        console = SafeConsole(file=io.StringIO(), width=200, force_terminal=terminal, color_system=None)
        console.print(table)
        written[terminal] = console.file.getvalue()
    assert written[False].splitlines() == ["job    title", "job_1  a long title", "job_2  short"]
    assert written[True] != written[False]
    assert [line.rstrip() for line in written[True].splitlines()] == written[False].splitlines()


def test_what_a_terminal_would_obey_is_shown_as_an_escape() -> None:
    console = SafeConsole(file=io.StringIO(), width=200)
    console.print(HOSTILE, markup=False)
    table = Table(HOSTILE.replace("[", r"\["))
    table.add_row(HOSTILE.replace("[", r"\["))
    console.print(table)
    with Progress(TextColumn("{task.description}", markup=False), console=console) as progress:
        progress.add_task(HOSTILE)
    written = console.file.getvalue()
    assert written.count(SEEN) == 3  # the bar's line is cut
    assert visible(written) == written
    assert visible("größer\n\tאב 👩🏽\u200d🔬 ❤️") == "größer\n\tאב 👩🏽\u200d🔬 ❤️"


def test_json_says_the_same_with_escapes(capsys: pytest.CaptureFixture[str]) -> None:
    output.write_json({"name": HOSTILE + "\U000e0061 größer"})
    written = capsys.readouterr().out
    assert visible(written) == written
    assert "größer" in written
    assert json.loads(written) == {"name": HOSTILE + "\U000e0061 größer"}


def test_errors_with_the_services_words_are_shown_likewise(capsys: pytest.CaptureFixture[str]) -> None:
    output.write_error(f"two\nlines {HOSTILE}")
    assert capsys.readouterr().err == f"Error: two\nlines {SEEN}\n"


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=()) | st.sampled_from(HOSTILE)))
def test_any_text_is_written_as_characters_that_are_seen(text: str) -> None:
    console = SafeConsole(file=io.StringIO(), width=10_000)
    console.print(text, markup=False, soft_wrap=True)
    written = console.file.getvalue()
    assert visible(written) == written
    as_json = visible_json(json.dumps(text, ensure_ascii=False))
    assert visible(as_json) == as_json
    assert json.loads(as_json) == text
    accept_any_text()
    for encoding in ("ascii", "cp1252", "utf-8"):
        written.encode(encoding, "normlab.lookalike")


@pytest.mark.parametrize(
    "encoding", ["cp1252", *(pytest.param(name, marks=pytest.mark.nightly) for name in ("ascii", "utf-16"))]
)
@pytest.mark.parametrize("arguments", [["--help"], ["compare", "--help"], ["submit", "--epochs", "many"]])
def test_help_and_errors_in_any_encoding(encoding: str, arguments: list[str]) -> None:
    done = run(*arguments, PYTHONIOENCODING=encoding)
    assert done.returncode == (0 if "--help" in arguments else 2)
    written = (done.stdout + done.stderr).decode(encoding)
    assert "Traceback" not in written
    assert "Usage: " in written


@pytest.mark.xdist_group("service")
@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONIOENCODING": "cp1252"},
        pytest.param(
            {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": ""},
            marks=pytest.mark.nightly,
        ),
    ],
    ids=["cp1252", "POSIX"],
)
def test_results_in_any_encoding(
    client: Client, trained: tuple[JobDocument, JobDocument], tmp_path: Path, environment: dict[str, str]
) -> None:
    named = client.submit("baseline", dataset="digits", training={"epochs": 1}, name="größer 大 👩🏽\u200d🔬")
    encoding = environment["PYTHONIOENCODING"] or "ascii"
    environment = environment | {"NORMLAB_URL": client.base_url}
    watched = run("watch", named.id, **environment)
    assert (watched.returncode, b"Traceback" in watched.stderr) == (0, False)
    ids = [job.id for job in trained]
    chart = tmp_path / "chart.svg"
    compared = run("compare", *ids, named.id, "--chart", str(chart), **environment)
    assert compared.returncode == 0, compared.stderr
    assert chart.exists()
    assert r"\u5927" in compared.stdout.decode(encoding)
    as_json = run("show", named.id, "--json", **environment)
    assert json.loads(as_json.stdout.decode(encoding))["name"] == named.name


def test_nobody_reads_the_output() -> None:
    for command in ("architectures --url {}", "--help"):
        done = subprocess.run(
            ["/bin/sh", "-c", f'"$@" {command.format("http://127.0.0.1:1")} 2>&1 | true', "sh", *PROGRAM],
            capture_output=True,
            check=False,
        )
        assert done.stdout + done.stderr == b""


@pytest.mark.xdist_group("service")
@pytest.mark.parametrize(
    "arguments", [("datasets", "--json"), pytest.param(("datasets",), marks=pytest.mark.nightly)]
)
def test_an_output_that_is_closed_or_full(client: Client, arguments: tuple[str, ...]) -> None:
    environment = {**os.environ, "NORMLAB_URL": client.base_url}
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as closed:
        done = subprocess.run(
            [*PROGRAM, *arguments], env=environment, stdout=closed, stderr=subprocess.PIPE, check=False
        )
    assert (done.returncode, done.stderr) == (1, b"")
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*PROGRAM, *arguments], env=environment, stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert (done.returncode, done.stderr.count(b"\n")) == (1, 1)
    assert b"No space left on device" in done.stderr


def from_file(client: Client, path: Path, content: bytes, *options: str) -> Result:
    path.write_bytes(content)
    arguments = ["submit", "--file", str(path), "--dry-run", "--json", *options]
    return CliRunner(env={"NORMLAB_URL": client.base_url}).invoke(app, arguments)


@pytest.mark.xdist_group("service")
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_a_spec_file_in_any_encoding_of_unicode(client: Client, tmp_path: Path, encoding: str) -> None:
    spec = json.dumps({"architecture": "baseline", "name": "größer"}, ensure_ascii=False)
    result = from_file(client, tmp_path / "spec.json", spec.encode(encoding))
    assert json.loads(result.stdout)["spec"]["name"] == "größer"


@pytest.mark.xdist_group("service")
@pytest.mark.parametrize(
    ("content", "code", "message"),
    [
        (b'{"architecture": "baseline", "name": "gr\xf6\xdfer"}', 2, "it is not text in UTF-8"),
        (
            b'{"training": {"target_accuracy": NaN}}',
            1,
            "/training/target_accuracy: should be a finite number",
        ),
        (b'{"training": {"batch_size": [1e999]}}', 1, "/training/batch_size/0: should be a finite number"),
        (b'{"a/b": [0, -Infinity]}', 1, "/a~1b/1: should be a finite number"),
        (b'{"name": "\\ud800"}', 1, "/name: should be text"),
        (b'{"name": "a", "name": "b"}', 1, "/name: stands twice"),
        (b"[" * 5000 + b"]" * 5000, 2, "nested too deeply"),
        (b'{"name": ' + b"[" * 700 + b"]" * 700 + b"}", 1, "/name"),
        (b'{"training": 5}', 1, "/training: should be an object"),
        (b"null", 1, "a job spec is an object"),
        (b"", 2, "is empty"),
    ],
)
def test_a_spec_file_that_cannot_be_sent(
    client: Client, tmp_path: Path, content: bytes, code: int, message: str
) -> None:
    result = from_file(client, tmp_path / "spec.json", content, "baseline", "--epochs", "2")
    assert (result.exit_code, result.stdout) == (code, ""), result.exception
    assert message in " ".join(result.stderr.replace("│", " ").split())


@pytest.mark.xdist_group("service")
@pytest.mark.parametrize(
    ("arguments", "pointer"),
    [
        (("submit", "baseline", "--learning-rate", "nan"), "/training/optimizer/learning_rate: "),
        (("submit", "baseline", "--name", "\udcff"), "/name: "),
        (("compare", "baseline", "batch_norm", "--confidence", "inf"), "/confidence: "),
        (("jobs", "--name", "\udcff"), "This request cannot be sent: "),
        (("show", "\udcff"), ""),
    ],
)
def test_arguments_that_cannot_be_sent(client: Client, arguments: tuple[str, ...], pointer: str) -> None:
    result = CliRunner(env={"NORMLAB_URL": client.base_url}).invoke(app, arguments)
    assert (result.exit_code, result.stdout) == (1, ""), result.exception
    assert f"Error: {pointer}" in result.stderr
