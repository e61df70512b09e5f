"""A comparison from the command line: asked for, listed, shown, cancelled and deleted, by its id or a part of it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from normlab.client import Client
from normlab.documents.comparisons import ComparisonDocument
from normlab.documents.jobs import JobDocument
from normlab.documents.states import StudyState

pytestmark = pytest.mark.xdist_group("service")
Run = Callable[..., Result]
ENDLESS = {"architecture": "baseline", "dataset": "digits", "training": {"epochs": 10_000}}


@pytest.fixture(scope="module")
def compared(client: Client) -> ComparisonDocument:
    """A finished comparison of two arms with three seeds."""
    spec = {"dataset": "digits", "training": {"epochs": 1}}
    arms = {name: {"architecture": name, **spec} for name in ("baseline", "baseline_with_batch_norm")}
    return client.comparisons.run(arms, replicates=3, name="of the tests", timeout_seconds=120)


def test_it_is_listed_and_shown_by_the_end_of_its_id(run: Run, compared: ComparisonDocument) -> None:
    listed = run("comparisons", "--name", "of the tests")
    assert listed.exit_code == 0, listed.output
    assert listed.stdout.splitlines()[1].startswith(f"{compared.id}  ")
    assert "baseline against baseline_with_batch_norm, by validation accuracy" in listed.stdout
    assert json.loads(run("comparisons", "--json").stdout)[0]["id"] == compared.id
    assert run("comparisons", "--state", "failed").stderr == "No comparisons match.\n"

    shown = run("show", compared.id[-8:])
    assert shown.exit_code == 0, shown.output
    assert compared.id in shown.stdout
    assert all(job.job in shown.stdout for arm in compared.arms for job in arm.jobs)
    assert compared.verdicts[0].sentence in shown.stdout
    assert " is ahead in " in shown.stdout
    for command in (["compare", compared.id[-8:]], ["watch", f"…{compared.id[-8:]}"]):
        again = run(*command)
        assert again.exit_code == 0, again.output
        assert compared.verdicts[0].sentence in again.stdout
    assert json.loads(run("show", compared.id, "--json").stdout)["id"] == compared.id


@pytest.mark.parametrize(
    "command", [["retry"], ["predict", "image.png"], ["evaluate"], ["download"], ["models", "name", "it"]]
)
def test_a_command_for_jobs_says_so_of_a_comparison(
    run: Run, compared: ComparisonDocument, command: list[str]
) -> None:
    words = [*command[:1], compared.id, *command[1:]] if command[0] != "models" else [*command, compared.id]
    result = run(*words)
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"{compared.id} is a comparison, and this command " in result.stderr
    assert f"`normlab show {compared.id}` lists its jobs." in result.stderr


def test_what_of_an_id_fits_two_things_names_them(run: Run, trained: tuple[JobDocument, JobDocument]) -> None:
    result = run("cancel", trained[0].id[:6])
    assert result.exit_code == 1
    assert "of an id, type its last 4 letters" in result.stderr  # job_01 of all of them
    result = run("cancel", trained[0].id[4:8])
    assert result.exit_code == 1
    assert "fits more than one id; type more of it:\n  job_" in result.stderr
    assert trained[0].id[-6:] not in run("show", trained[0].id[-6:]).stderr


def test_one_that_runs_is_cancelled_and_deleted_with_its_jobs(run: Run, client: Client) -> None:
    begun = client.comparisons.create(
        {"a": ENDLESS, "b": {**ENDLESS, "architecture": "batch_norm"}}, replicates=3
    )
    part = begun.id[-8:]
    refused = run("delete", part)
    assert refused.exit_code == 1
    assert "cancel it first" in refused.stderr
    assert run("cancel", part).stdout == f"{begun.id} is cancelled\n"
    assert client.comparisons.wait(begun.id).state is StudyState.CANCELLED
    jobs = [job.job for arm in begun.arms for job in arm.jobs]
    for job in jobs:
        client.wait(job)
    needed = run("delete", jobs[0])
    assert needed.exit_code == 1
    assert begun.id in needed.stderr
    assert run("delete", part, "--with-jobs").stdout == f"{begun.id} is deleted\n"
    assert run("show", jobs[0]).exit_code == 1
    assert run("watch", begun.id).exit_code == 1


def test_the_links_name_charts_that_there_are(client: Client, compared: ComparisonDocument) -> None:
    finished = client.comparisons.get(compared.id)
    assert {"learning_curves", "paired_differences", "difference_curves"} <= set(finished.links.charts)
    assert "time_to_target" not in finished.links.charts
    for name in finished.links.charts:
        assert client.comparisons.chart(compared.id, name, "json").startswith(b"{")


def test_files_of_a_comparison_that_exists(run: Run, compared: ComparisonDocument, tmp_path: Path) -> None:
    files = {"--report": "report.md", "--chart": "chart.svg", "--bundle": "bundle.zip"}
    options = [word for option, name in files.items() for word in (option, str(tmp_path / name))]
    result = run("compare", compared.id, *options)
    assert result.exit_code == 0, result.output
    assert {path.name for path in tmp_path.iterdir()} == set(files.values())


def test_runs_that_were_not_measured_inside_are_said_to_be_so(run: Run, client: Client) -> None:
    spec = {"dataset": "digits", "training": {"epochs": 1}, "probes": "off"}
    arms = {name: {"architecture": name, **spec} for name in ("baseline", "batch_norm")}
    unmeasured = client.comparisons.run(arms, replicates=1, base_seed=4711, timeout_seconds=120)
    result = run("compare", unmeasured.id, "--why")
    assert result.exit_code == 0, result.output
    assert "What differs inside\nNo run of this comparison was measured inside" in result.stdout
    mechanism = client.comparisons.mechanism(unmeasured.id)
    assert mechanism.pairs == ()
    assert '"probes" at "standard"' in mechanism.reason
