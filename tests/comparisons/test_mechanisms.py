"""What differs inside the arms of a comparison, over HTTP, in its report, its bundle and the terminal."""

import io
import json
import zipfile

import pytest
from typer.testing import CliRunner

from normlab.cli import app
from normlab.client import Client
from normlab.spec import parse_job_spec
from normlab.store import measurements
from support.measured_runs import measured_run

ARMS = ("deep_sigmoid", "deep_sigmoid_with_batch_norm")


@pytest.fixture
def compared(served):
    """A comparison whose arms differ in the gradient's factor a layer, and in little else."""
    training = {"epochs": 2, "batch_size": 64}
    arms = [
        {"name": name, "spec": {"architecture": name, "dataset": "digits", "training": training}}
        for name in ARMS
    ]
    document = served.finished(arms=arms, replicates=3)
    for member in served.members(document["id"]):
        spec = parse_job_spec(member.job.spec)
        seed = spec.training.seed
        factor = (0.24 if member.arm == 0 else 1.02) * (1 + 0.001 * (seed % 3))
        with served.database.write() as session:
            faults = {("gradient", "factor_per_layer", ""): factor}
            measurements.store(session, member.job_id, 1, [*measured_run(spec, faults)])
    return document["id"]


def test_what_differs_inside_with_its_interval_and_no_cause(served, compared):
    answer = served.http.get(f"/comparisons/{compared}/mechanism")
    (pair,) = answer.json()["pairs"]
    assert (pair["a"], pair["b"], pair["pairs"]) == (*ARMS, 3)
    apart = [one for one in pair["series"] if any(one["told_apart"])]
    assert [(one["probe"], one["statistic"]) for one in apart] == [("gradient", "factor_per_layer")]
    assert apart[0]["difference"][0] == pytest.approx(1.02 / 0.24, rel=0.01)
    assert "from the start on" in pair["highlights"][0]
    assert "does not show which of it" in pair["paragraph"]
    assert pair["only_in"][ARMS[1]] == ["moving.mean_gap"]
    again = served.http.get(
        f"/comparisons/{compared}/mechanism", headers={"If-None-Match": answer.headers["etag"]}
    )
    assert again.status_code == 304


def test_it_is_in_the_report_the_bundle_and_the_terminal(served, compared):
    page = served.http.get(f"/comparisons/{compared}/report", headers={"Accept": "text/markdown"}).text
    assert "## What differs inside the networks" in page
    assert "factor from layer to layer" in page
    with zipfile.ZipFile(io.BytesIO(served.http.get(f"/comparisons/{compared}/bundle").content)) as archive:
        (mechanism,) = json.loads(archive.read("mechanism.json"))
    with Client(str(served.http.base_url)) as client:
        assert client.comparisons.mechanism(compared).pairs[0].highlights == tuple(mechanism["highlights"])
    runner = CliRunner(env={"NORMLAB_URL": str(served.http.base_url)})
    shown = runner.invoke(app, ["compare", compared, "--why"]).stdout
    assert "What differs inside" in shown
    assert mechanism["paragraph"] in shown


def test_a_comparison_that_nobody_measured_has_no_such_section(served):
    document = served.finished()
    assert served.http.get(f"/comparisons/{document['id']}/mechanism").json()["pairs"] == []
    page = served.http.get(f"/comparisons/{document['id']}/report", headers={"Accept": "text/markdown"}).text
    assert "What differs inside" not in page
