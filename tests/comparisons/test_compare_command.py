"""`normlab compare` and `normlab reproduce` against a real service that trains on the digits."""

import io
import json
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from normlab.cli import app
from normlab.client import Client
from normlab.documents.comparisons import ComparisonDocument
from normlab.documents.states import JobState, StudyState

pytestmark = pytest.mark.xdist_group("service")

QUICK = ("--dataset", "digits", "--epochs", "2", "--replicates", "3", "--seed", "700")
ARCHITECTURES = ("baseline", "baseline_with_batch_norm")
A_JOB = "job_00000000000000000000000000"


@pytest.fixture(scope="module")
def run(client: Client):
    def run(*arguments: str) -> Result:
        return CliRunner(env={"NORMLAB_URL": client.base_url}).invoke(app, arguments)

    return run


@pytest.fixture(scope="module")
def first(
    run, client: Client, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Result, ComparisonDocument, Path]:
    """What the command says of two networks, the comparison, and where it has written its files."""
    folder = tmp_path_factory.mktemp("compared")
    files = [f"--{name}={folder / file}" for name, file in FILES.items()]
    result = run("compare", *ARCHITECTURES, *QUICK, "--target", "0.3", "--name", "first", *files)
    assert result.exit_code == 0, result.output
    (found,) = client.comparisons.list(name="first")
    return result, client.comparisons.get(found.id), folder


FILES = {"report": "report.html", "bundle": "bundle.zip", "chart": "chart.svg"}


def test_two_networks_are_compared_from_a_shell(first) -> None:
    result, comparison, folder = first
    assert comparison.state is StudyState.FINISHED
    assert comparison.verdicts is not None
    (verdict,) = comparison.verdicts
    assert comparison.result is not None
    assert result.stdout.splitlines()[0] == comparison.result.headline
    for words in ("1,300 samples for training", "learning rate", "50,610", "TensorFlow"):
        assert words in result.stdout
    assert verdict.sentence in result.stdout.splitlines()
    for words in ("baseline_with_batch_norm ", " is ahead in ", "of 3 runs reached 30.00 %", "Beware"):
        assert words in result.stdout
    lines = result.stderr.splitlines()
    assert lines[0] == f"Comparison {comparison.id}"
    assert lines[1] == "seeds 700, 701, 702: 6 jobs"
    for seed in (700, 701, 702):
        (line,) = (line for line in lines if line.startswith(f"seed {seed}  baseline "))
        assert "  baseline_with_batch_norm " in line
    page = (folder / "report.html").read_text().replace("\N{NO-BREAK SPACE}", " ")
    assert verdict.sentence in page
    assert (folder / "chart.svg").read_text().startswith("<svg")


def test_real_runs_have_all_that_the_analysis_can_use(first) -> None:
    _, comparison, _ = first
    assert comparison.result is not None
    (pair,) = comparison.result.pairs
    assert pair.variance.test_set > 0  # which of the test examples each network got right was stored
    assert len(pair.curve.difference) == 2
    assert comparison.result.clocks is not None
    assert comparison.result.clocks.target.accuracy == 0.3
    assert {difference.field for difference in comparison.result.differences} == {"normalization"}
    assert not any("environments differ" in caveat for caveat in comparison.result.caveats)


def test_what_was_trained_is_used_again(run, client: Client, first) -> None:
    _, comparison, _ = first
    result = run("compare", *ARCHITECTURES, *QUICK, "--name", "again", "--json")
    assert result.exit_code == 0, result.output
    again = json.loads(result.stdout)
    assert all(job["reused"] for arm in again["arms"] for job in arm["jobs"])
    assert again["verdicts"][0]["sentence"] == comparison.verdicts[0].sentence
    # A job that is used cannot be deleted, and stays when one of the comparisons goes.
    client.comparisons.delete(again["id"], with_jobs=True)
    assert client.comparisons.get(comparison.id) == comparison


def test_a_comparison_can_be_looked_at_again(run, first) -> None:
    result, comparison, _ = first
    again = run("compare", comparison.id)
    assert (again.exit_code, again.stdout) == (0, result.stdout)
    changed = run("compare", comparison.id, "--margin", "0.01")
    assert changed.exit_code == 2
    assert "a comparison that exists cannot be changed" in changed.output


def test_jobs_with_common_seeds_get_a_verdict(run, first) -> None:
    _, comparison, _ = first
    jobs = [job.job for arm in comparison.arms for job in arm.jobs]
    result = run("compare", *jobs)
    assert result.exit_code == 0, result.output
    assert comparison.verdicts[0].sentence.split(":")[0] in result.stdout


def test_the_same_bits_come_out_again(run, first) -> None:
    _, _, folder = first
    result = run("reproduce", str(folder / "bundle.zip"))
    assert result.exit_code == 0, result.output
    assert "6 same bits" in result.stdout
    assert "Possible reasons" not in result.stdout


def test_what_was_changed_is_told_apart(run, first, tmp_path: Path) -> None:
    _, _, folder = first

    def edited(change) -> str:
        with zipfile.ZipFile(folder / "bundle.zip") as archive:
            manifest = json.loads(archive.read("manifest.json"))
            metrics = archive.read("metrics.csv")
        manifest["jobs"] = manifest["jobs"][:1]
        change(manifest["jobs"][0])
        with zipfile.ZipFile(tmp_path / "edited.zip", "w") as archive:
            archive.writestr("manifest.json", json.dumps(manifest))
            archive.writestr("metrics.csv", metrics)
        return str(tmp_path / "edited.zip")

    def other_machine(job) -> None:
        job["digests"]["final_weights"] = "sha256:other"
        job["environment"]["device_name"] = "an abacus"

    result = run("reproduce", edited(other_machine))
    assert result.exit_code == 0, result.output
    assert "1 within tolerance" in result.stdout
    assert "another processor (an abacus, now " in result.stdout

    def other_learning_rate(job) -> None:
        job["spec"]["training"]["optimizer"]["learning_rate"] = 0.1

    result = run("reproduce", edited(other_learning_rate), "--json")
    assert result.exit_code == 1
    (judged,) = json.loads(result.stdout)
    assert judged["outcome"] == "different"
    assert judged["largest_difference"] > 0.01
    assert "nothing that is known to matter differs" in judged["reasons"][0]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("compare", "baseline"), 2, "name two architectures or more"),
        (("compare", "baseline", "baseline"), 2, "--own-seeds gives each its own"),
        (("compare", A_JOB, "--own-seeds"), 2, "only --chart, --json and --url go with jobs"),
        (("compare", "baseline", "no_norm"), 1, '/arms/1/spec/architecture: there is no preset "no_norm"'),
        (("compare", "baseline", "missing.json"), 2, "missing.json cannot be read: No such file"),
        (("compare", "baseline", "batch_norm", "--replicates", "0"), 1, "/replicates: should be at least 1"),
        (
            ("compare", "baseline", "batch_norm", "--metric", "f1"),
            1,
            '/metric: "f1" is called "val_macro_f1"',
        ),
        (("compare", "baseline", "batch_norm", "--report", "a.pdf"), 2, "a.pdf should end in .html or .md."),
        (("compare", A_JOB, "--replicates", "3"), 2, "only --chart, --json and --url go with jobs"),
        (("compare", "cmp_00000000000000000000000000"), 1, "Error: there is no comparison"),
        (("reproduce", "missing.zip"), 1, "missing.zip cannot be read: No such file or directory."),
        (("reproduce", __file__), 1, "is no bundle of a comparison: File is not a zip file."),
    ],
)
def test_what_cannot_be_done_is_told(run, arguments, code, message) -> None:
    result = run(*arguments)
    assert result.exit_code == code, result.output
    assert message in " ".join(result.output.replace("│", "").split())


def test_a_bundle_of_another_version_is_refused(run, tmp_path: Path) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("manifest.json", json.dumps({"format": 99, "jobs": []}))
        archive.writestr("metrics.csv", "")
    (tmp_path / "new.zip").write_bytes(content.getvalue())
    result = run("reproduce", str(tmp_path / "new.zip"))
    assert result.exit_code == 1
    assert "has the format 99, and this version of Normlab reads 1." in result.output


def test_spec_files_are_arms_and_it_goes_on_until_decided(run, client: Client, tmp_path: Path) -> None:
    spec = {"architecture": "baseline", "training": {"optimizer": {"name": "sgd", "learning_rate": 0.05}}}
    (tmp_path / "faster.json").write_text(json.dumps(spec))
    options = ("--up-to", "5", "--metric", "loss", "--name", "files")
    result = run("compare", "baseline", str(tmp_path / "faster.json"), *QUICK, *options)
    assert result.exit_code == 0, result.output
    (comparison,) = client.comparisons.list(name="files")
    assert comparison.arm_names == ("baseline", "faster")
    assert comparison.stop_reason == "decided"
    assert "\nfaster is better than baseline: its training loss is " in result.stdout


@pytest.mark.nightly
def test_a_network_is_not_told_apart_from_itself(run, client: Client) -> None:
    """On real training, with no seed in common: what differs is chance, and the answer says so."""
    options = ("--dataset", "digits", "--epochs", "3", "--seed", "800", "--own-seeds", "--name", "itself")
    result = run("compare", "baseline", "baseline", *options)
    assert result.exit_code == 0, result.output
    (comparison,) = client.comparisons.list(name="itself")
    assert comparison.arm_names == ("baseline", "baseline (2)")
    assert [verdict.verdict for verdict in comparison.verdicts] == ["inconclusive"]
    assert "\nNot decided: baseline (2) minus baseline is " in result.stdout
    assert "baseline and baseline (2) are the same but for their seeds" in result.stdout
    assert "The runs of a pair do not share their seed" in result.stdout
    arms = client.comparisons.get(comparison.id).arms
    assert [[job.seed for job in arm.jobs] for arm in arms] == [list(range(800, 805)), list(range(805, 810))]
    for pair in range(5):
        first, second = (f"{100 * arm.jobs[pair].value:.2f} %" for arm in arms)
        line = f"seed {800 + pair}  baseline {first}  baseline (2) (seed {805 + pair}) {second}"
        assert line in result.stderr


def test_a_comparison_is_cancelled_from_python(client: Client) -> None:
    training = {"epochs": 5_000}
    arms = {name: {"architecture": name, "dataset": "digits", "training": training} for name in ARCHITECTURES}
    comparison = client.comparisons.create(arms, replicates=2, idempotency_key="to be cancelled")
    assert client.comparisons.create(arms, replicates=2, idempotency_key="to be cancelled") == comparison
    client.comparisons.cancel(comparison.id)
    ended = client.comparisons.wait(comparison.id, timeout_seconds=30)
    assert ended.state is StudyState.CANCELLED
    for arm in ended.arms:
        for job in arm.jobs:
            assert client.wait(job.job, timeout_seconds=60).state is JobState.CANCELLED
    client.comparisons.delete(comparison.id, with_jobs=True)
    assert comparison.id not in {found.id for found in client.comparisons.list()}
