"""`normlab sweep` against a real service that trains on the digits."""

import json

import pytest
from typer.testing import CliRunner

from normlab.cli import app
from normlab.cli.commands.sweep import parameter
from normlab.documents.states import StudyState

pytestmark = pytest.mark.xdist_group("service")


@pytest.fixture
def run(client):
    return lambda *arguments: CliRunner(env={"NORMLAB_URL": client.base_url}).invoke(app, arguments)


def test_a_rate_is_swept_from_a_shell(run, client, tmp_path):
    chart = tmp_path / "curve.svg"
    asked = (
        "baseline",
        "--dataset",
        "digits",
        "--epochs",
        "1",
        "--over",
        "lr=log:0.01..1/1",
        "--seeds",
        "2",
        "--fresh",
    )
    result = run("sweep", *asked, "--name", "shell", f"--chart={chart}")
    assert result.exit_code == 0, result.output
    (summary,) = client.sweeps.list(name="shell")
    sweep = client.sweeps.get(summary.id)
    assert sweep.state is StudyState.FINISHED
    assert result.stdout.splitlines()[0] == sweep.sentences[0]
    assert sweep.sentences[0].startswith("baseline: best at learning_rate ")
    lines = result.stderr.splitlines()
    assert lines[:2] == [f"Sweep {sweep.id}", "3 points: 6 jobs"]
    assert sum(line.startswith("baseline  learning_rate ") for line in lines) == 3
    assert chart.read_text().startswith("<svg")

    again = run("sweep", sweep.id, "--json")
    assert json.loads(again.stdout)["id"] == sweep.id
    assert sweep.sentences[0] in run("show", sweep.id[-6:]).stdout
    assert "baseline over" in run("sweeps", "--name", "shell").stdout
    assert run("cancel", sweep.id).exit_code != 0  # it has ended
    assert run("delete", sweep.id, "--with-jobs").exit_code == 0
    assert not list(client.sweeps.list(name="shell"))


@pytest.mark.parametrize(
    "text", ["lr", "lr=", "=1,2", "lr=log:1", "lr=log:1..", "lr=linear:0..1/x", "lr=1..2"]
)
def test_a_range_that_cannot_be_read_says_what_would_be_right(run, text):
    result = run("sweep", "baseline", "--over", text)
    assert result.exit_code == 2
    assert "PATH=log:LOW..HIGH" in " ".join(result.output.replace("│", " ").split())


def test_ranges_are_read():
    assert parameter("a.b=integer:16..64/16") == ("a.b", {"integer": [16, 64], "step": 16})
    assert parameter("a.b=linear:0..0.5") == ("a.b", {"linear": [0, 0.5]})
    assert parameter("/a/b=true,null,x") == ("/a/b", {"choices": [True, None, "x"]})
