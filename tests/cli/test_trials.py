"""A trial from the command line: asked, followed, shown with its page, and looked at again."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

pytestmark = pytest.mark.xdist_group("service")
Run = Callable[..., Result]
ARMS = ("--arms", "baseline", "baseline_with_batch_norm", "--dataset", "digits", "--epochs", "1")


def test_a_trial_is_asked_and_writes_its_page(run: Run, tmp_path: Path) -> None:
    """Its jobs are those of the comparison of the other tests here, where they ran before."""
    page = tmp_path / "trial.html"
    done = run("trial", *ARMS, "--seeds", "3", "--claim", "faster", "--page", str(page))
    assert done.exit_code == 0, done.output
    assert "1 claims, up to 3 seeds" in done.stderr
    assert done.stdout.lstrip().startswith("faster: ")
    assert "baseline_with_batch_norm trains faster" in page.read_text()
    trial_id = done.stderr.split("Trial ", 1)[1].split(":")[0]
    again = run("trial", trial_id[-8:], "--json", "--page", str(page))
    assert json.loads(again.stdout)["id"] == trial_id
    assert json.loads(again.stdout)["answers"].keys() == {"faster"}


def test_claims_are_listed(run: Run) -> None:
    listed = run("trial", "--list")
    assert listed.exit_code == 0
    assert "large_batch: it needs a large batch" in listed.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "name two --arms"),
        (["--arms", "baseline", "baseline"], "named twice"),
        ([*ARMS, "--page", "trial.pdf"], "html"),
        ([*ARMS, "--claim", "fastr"], "there is no claim"),
        (["nothinglikeit"], "0 trials"),
    ],
)
def test_what_is_wrong_is_said(run: Run, arguments: list[str], sentence: str) -> None:
    done = run("trial", *arguments)
    assert done.exit_code != 0
    assert sentence in " ".join(done.stderr.split())
