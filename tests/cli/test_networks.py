"""What was trained, from the command line: evaluated, downloaded, named; and what is old, deleted."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import Result

from normlab.client import Client
from normlab.documents.jobs import JobDocument

pytestmark = pytest.mark.xdist_group("service")
Run = Callable[..., Result]


def test_an_evaluation(run: Run, trained: tuple[JobDocument, JobDocument], tmp_path: Path) -> None:
    job = trained[1]
    result = run(
        "evaluate",
        job.id[-6:],
        "--mistakes",
        "2",
        "--chart",
        str(tmp_path / "confusion.svg"),
        "--reliability",
        str(tmp_path / "reliability.svg"),
    )
    assert result.exit_code == 0, result.output
    assert f"{100 * job.result.test_accuracy:.2f} % of 360 test samples of digits" in result.stdout
    assert result.stdout.count("- sample ") == 2
    assert f"balanced accuracy {100 * job.result.test_balanced_accuracy:.2f} %" in result.stdout
    assert f"log loss {job.result.test_cross_entropy:.4f}" in result.stdout
    assert "expected calibration error" in result.stdout
    assert "accuracy by confidence" in (tmp_path / "reliability.svg").read_text()
    assert (tmp_path / "confusion.svg").read_text().startswith("<svg")
    validation = run("evaluate", job.id, "--split", "validation", "--json")
    assert json.loads(validation.stdout)["split"] == "validation"


@pytest.mark.nightly
def test_every_format_is_downloaded(
    run: Run, client: Client, trained: tuple[JobDocument, JobDocument], tmp_path: Path
) -> None:
    job = trained[0].id
    formats = {item.format: item for item in client.model(job).formats}
    listed = run("download", job)
    assert [line.split()[0] for line in listed.stdout.splitlines()[1:]] == list(formats)
    everything = run("download", job, "all", "--to", str(tmp_path), "--json")
    assert everything.exit_code == 0, everything.output
    written = {item["format"]: Path(item["file"]) for item in json.loads(everything.stdout)}
    assert set(written) == set(formats)
    assert len(set(written.values())) == len(formats)
    formats = {item.format: item for item in client.model(job).formats}  # some were made just now
    for name, path in written.items():
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        assert digest == formats[name].sha256.removeprefix("sha256:")
    one = run("download", job, "onnx", "--to", str(tmp_path / "network.onnx"))
    assert one.stdout == f"{tmp_path}/network.onnx\n"
    assert run("download", job, "torch").exit_code == 1
    two = run("download", job, "onnx", "keras", "--to", str(tmp_path / "network.onnx"))
    assert (two.exit_code, "is no folder" in two.stderr) == (2, True)


def test_a_name_is_given_used_rolled_back_and_deleted(
    run: Run, trained: tuple[JobDocument, JobDocument], tmp_path: Path
) -> None:
    first, second = (job.id for job in trained)
    assert run("models", "name", "zip", first[-6:]).stdout == f"zip is version 1: {first}\n"
    assert run("models", "name", "zip", second).stdout == f"zip is version 2: {second}\n"
    assert run("models").stdout.splitlines()[1].split()[:3] == ["zip", "2", second]
    Image.new("L", (8, 8), 128).save(tmp_path / "grey.png")
    image = str(tmp_path / "grey.png")
    by_name = run("predict", "zip", image)
    assert by_name.stdout.count(" % ") == 5
    assert by_name.stdout == run("predict", second, image).stdout
    assert run("evaluate", "zip").exit_code == 0
    assert run("models", "rollback", "zip").stdout == f"zip is version 1 again: {first}\n"
    shown = run("show", "zip").stdout
    assert second in shown
    assert "rolled back" in shown
    refused = run("delete", first)
    assert refused.exit_code == 1
    assert "forget_names" in refused.stderr
    assert "?" not in refused.stderr
    assert run("models", "delete", "zip", "--version", "2").exit_code == 0
    assert json.loads(run("models", "show", "zip", "--json").stdout)["version"] == 1
    assert run("models", "delete", "zip").exit_code == 0
    assert run("models", "show", "zip").exit_code == 1


def test_a_job_is_deleted_with_its_name(run: Run, client: Client) -> None:
    job = client.wait(client.submit("baseline", dataset="digits", training={"epochs": 1}).id)
    client.models.point("short-lived", job.id)
    assert run("delete", job.id, "--forget-names").stdout == f"{job.id} is deleted\n"
    assert run("show", "short-lived").exit_code == 1


def test_only_what_is_old_and_needed_by_nobody_is_pruned(run: Run, client: Client) -> None:
    names = ("plain", "named")
    plain, named = (
        client.submit(
            {"architecture": "baseline", "dataset": "digits", "name": name}, resources={"device": "gpu"}
        )
        for name in names
    )
    for job in (plain, named):
        client.cancel(job.id)
    cancelled = ["--state", "cancelled"]
    young = run("prune", "--older-than", "1h", *cancelled, "--dry-run")
    assert (young.exit_code, young.stdout) == (0, "")
    old = json.loads(run("prune", "--older-than", "0h", *cancelled, "--dry-run", "--json").stdout)
    assert {plain.id, named.id} <= set(old["jobs"])
    assert client.job(plain.id).id == plain.id, "a dry run deletes nothing"
    unasked = run("prune", "--older-than", "0h", *cancelled)
    assert (unasked.exit_code, "--yes" in unasked.stderr) == (2, True)
    pruned = run("prune", "--older-than", "0h", *cancelled, "--yes", "--json")
    assert set(json.loads(pruned.stdout)) == set(old["jobs"])
    assert run("show", plain.id).exit_code == 1


def test_what_is_needed_is_kept(run: Run, client: Client, trained: tuple[JobDocument, JobDocument]) -> None:
    client.models.point("needed", trained[0].id)
    old = json.loads(run("prune", "--older-than", "0h", "--state", "succeeded", "--dry-run", "--json").stdout)
    client.models.delete("needed")
    assert old["kept"][trained[0].id] == "model needed"
    assert trained[0].id not in old["jobs"]
    assert trained[1].id in old["jobs"]
    assert old["comparisons"] == [], "a state is one of jobs"
