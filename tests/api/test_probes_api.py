import csv
import io
import json
import math

import pytest
from typer.testing import CliRunner

from normlab.cli import app
from normlab.client import Client
from normlab.spec import parse_job_spec
from normlab.spec.measurements import Measured
from normlab.spec.probes import PROBES
from normlab.store import EventKind
from normlab.store.jobs import events, reports
from support.measured_runs import measured_run
from support.problems import assert_problem

SPEC = {"architecture": "deep_sigmoid", "dataset": "digits", "training": {"epochs": 3}}


def measure(service, job, measured):
    with service.database.write() as session:
        assert reports.report_measurements(session, job.id, job.attempt, [*measured])


@pytest.fixture(scope="module")
def measured():
    faults = {("gradient", "preactivation_rms", "dense_1"): 1e-8}
    return [*measured_run(parse_job_spec(SPEC), faults)]


def test_the_registry_is_listed(http):
    listed = http.get("/probes").json()["data"]
    assert [row["name"] for row in listed] == list(PROBES)
    dead = next(row for row in listed if row["name"] == "dead")
    assert dead["place"] == "layers with ReLU"
    assert [row["name"] for row in dead["statistics"]] == ["share", "share_twice", "active"]
    assert http.get("/").json()["links"]["probes"] == "/probes"


def test_measurements_come_by_step_then_as_registry_and_network_have_them(service, http, measured):
    job = service.start(**SPEC)
    empty = http.get(f"/jobs/{job.id}/probes").json()
    assert (empty["measurements"], empty["has_more"], empty["next"]) == ([], False, None)
    measure(service, job, measured[::-1])
    answer = http.get(f"/jobs/{job.id}/probes").json()
    found = [Measured(**row) for row in answer["measurements"]]
    assert sorted(found, key=str) == sorted(measured, key=str)
    assert [row.step for row in found] == sorted(row.step for row in found)
    assert [row.layer for row in found if (row.step, row.probe, row.statistic) == (1, "update", "ratio")] == [
        *(f"dense_{n}" for n in range(1, 11)),
        "output",
    ]
    links = http.get(f"/jobs/{job.id}").json()["links"]
    assert (links["probes"], links["diagnosis"]) == (f"/jobs/{job.id}/probes", f"/jobs/{job.id}/diagnosis")


def test_measurements_are_filtered(service, http, measured):
    job = service.start(**SPEC)
    measure(service, job, measured)
    query = {"probe": ["gradient", "update"], "layer": ["dense_1", "output"], "epoch": [0, 2]}
    rows = http.get(f"/jobs/{job.id}/probes", params=query).json()["measurements"]
    expected = [
        m
        for m in measured
        if m.probe in query["probe"] and m.layer in query["layer"] and m.epoch in query["epoch"]
    ]
    assert len(rows) == len(expected) > 0
    whole = http.get(f"/jobs/{job.id}/probes", params={"layer": "", "probe": "gradient"}).json()[
        "measurements"
    ]
    assert {row["statistic"] for row in whole} == {"factor_per_layer", "loss", "accuracy"}


def test_a_probe_or_layer_that_there_is_not_is_refused_with_the_right_one(service, http):
    job = service.start(**SPEC)
    answer = http.get(f"/jobs/{job.id}/probes", params={"probe": "gradients", "layer": "dense1"})
    assert_problem(answer, 422, "invalid_request", "")
    assert 'did you mean "gradient"?' in answer.text.replace("\\", "")
    assert 'did you mean "dense_1"?' in answer.text.replace("\\", "")
    assert http.get(f"/jobs/{job.id}/probes", params={"epoch": -1}).status_code == 422


def test_pages_hold_whole_steps_and_all_of_them_everything(service, http, measured):
    job = service.start(**SPEC)
    measure(service, job, measured)
    path, rows, pages = f"/jobs/{job.id}/probes?limit=700", [], 0
    while path:
        answer = http.get(path)
        rows += answer.json()["measurements"]
        pages += 1
        link = answer.headers.get("Link")
        assert (link is None) == (answer.json()["next"] is None)
        path = link and link.split(">")[0].removeprefix("<")
    assert pages > 2
    assert rows == http.get(f"/jobs/{job.id}/probes").json()["measurements"]


def test_a_step_of_more_than_a_page_is_given_whole(service, http, measured):
    job = service.start(**SPEC)
    at_start = [m for m in measured if m.step == 0]
    measure(service, job, at_start)
    answer = http.get(f"/jobs/{job.id}/probes?limit=1").json()
    assert (len(answer["measurements"]), answer["has_more"]) == (len(at_start), False)


def test_csv_has_the_same_rows(service, http, measured):
    job = service.start(**SPEC)
    measure(service, job, measured)
    response = http.get(f"/jobs/{job.id}/probes", headers={"Accept": "text/csv"})
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    rows = [*csv.DictReader(io.StringIO(response.text))]
    shown = http.get(f"/jobs/{job.id}/probes").json()["measurements"]
    assert [{name: str(value) for name, value in row.items()} for row in shown] == rows


def test_what_is_no_number_is_null(service, http):
    job = service.start(**SPEC)
    measure(service, job, [Measured(0, 0, "gradient", "", "loss", math.nan)])
    (row,) = http.get(f"/jobs/{job.id}/probes").json()["measurements"]
    assert row["value"] is None


def test_measurements_are_sent_only_when_something_was_stored(service, http):
    job = service.start(**SPEC)
    path = f"/jobs/{job.id}/probes"
    first = http.get(path)
    known = {"If-None-Match": first.headers["etag"]}
    unchanged = http.get(path, headers=known)
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert http.get(f"{path}?epoch=1", headers=known).status_code == 200
    assert http.get(path, headers={**known, "Accept": "text/csv"}).status_code == 200
    measure(service, job, [Measured(0, 0, "gradient", "", "loss", 2.3)])
    assert http.get(path, headers=known).status_code == 200


def test_a_diagnosis_while_the_job_runs(service, http, measured):
    job = service.start(**SPEC)
    nothing = http.get(f"/jobs/{job.id}/diagnosis").json()
    assert (nothing["findings"], nothing["state"]) == ([], "running")
    assert "nothing was measured" in nothing["summary"]
    measure(service, job, measured)
    service.report(job, 1)
    diagnosis = http.get(f"/jobs/{job.id}/diagnosis").json()
    (finding,) = diagnosis["findings"]
    assert (finding["code"], finding["layer"], finding["first_epoch"]) == (
        "vanishing_gradients",
        "dense_1",
        1,
    )
    answers = {row["code"]: row["answer"] for row in diagnosis["looked"]}
    assert answers["dead_units"] == "not_applicable"
    assert answers["steps_too_large"] == "nothing_found"
    assert answers["overfitting"] == "not_measured"


@pytest.mark.parametrize("what", ["diagnosis", "probes/charts/updates.json"])
def test_what_is_said_of_the_inside_is_kept_until_more_is_measured(service, http, measured, what):
    job = service.start(**SPEC)
    measure(service, job, [m for m in measured if m.epoch < 2])
    service.report(job, 1)
    path = f"/jobs/{job.id}/{what}"
    first = http.get(path)
    with service.database.write() as session:  # comes every second, and changes nothing of it
        progress = {"phase": "training", "epoch": 2, "epochs": 3, "step": 1, "steps": 2}
        assert reports.report_progress(session, job.id, 1, progress)
    known = {"If-None-Match": first.headers["etag"]}
    unchanged = http.get(path, headers=known)
    assert (unchanged.status_code, unchanged.content, unchanged.headers["etag"]) == (
        304,
        b"",
        first.headers["etag"],
    )
    assert http.get(path).content == first.content
    measure(service, job, [m for m in measured if m.epoch == 2])
    changed = http.get(path, headers=known)
    assert changed.status_code == 200
    assert changed.content != first.content


@pytest.mark.parametrize("what", ["probes", "diagnosis"])
def test_of_a_job_that_there_is_not(http, what):
    assert http.get(f"/jobs/job_00000000000000000000000000/{what}").status_code == 404


def test_the_client_reads_all_pages(service, http, measured):
    job = service.start(**SPEC)
    measure(service, job, measured)
    with Client(str(http.base_url)) as client:
        found = client.measurements(job.id)
        assert sorted(found, key=str) == sorted(measured, key=str)
        some = client.measurements(job.id, probe="update", layer=["dense_1"], epoch=1)
        assert {(m.probe, m.layer, m.epoch) for m in some} == {("update", "dense_1", 1)}
        assert client.diagnosis(job.id).findings[0].layer == "dense_1"
        assert [row.name for row in client.probes()] == list(PROBES)


def test_a_diagnosis_in_the_terminal(service, http, measured):
    job = service.start(**SPEC)
    measure(service, job, measured)
    runner = CliRunner(env={"NORMLAB_URL": str(http.base_url)})
    shown = runner.invoke(app, ["diagnose", job.id[-8:]]).stdout.splitlines()
    assert shown[0].startswith("problem  Gradients vanish toward the input: in dense_1")
    assert shown[1].startswith("         Batch normalization before each activation")
    assert shown[2].startswith("1 problem found by")
    everything = runner.invoke(app, ["diagnose", job.id, "--all"]).stdout
    assert "Are units dead? Does not apply: no layer has ReLU" in everything
    assert "Are units saturated? In order: what leaves 10 layers" in everything
    whole = json.loads(runner.invoke(app, ["diagnose", job.id, "--json"]).stdout)
    assert whole == http.get(f"/jobs/{job.id}/diagnosis").json()


def test_one_event_says_up_to_where_there_are_measurements(service, measured):
    job = service.start(**SPEC)
    measure(service, job, [m for m in measured if m.step <= 4])
    measure(service, job, [])
    assert _told_of(service, job) == [(3, 1, 4)]
    second = [m for m in measured if m.epoch == 2]
    measure(service, job, second)
    assert _told_of(service, job) == [(4, 2, max(m.step for m in second))]
    assert _told_of(service, job, after=3) == _told_of(
        service, job
    )  # whoever has read the first gets the second


def _told_of(service, job, after=0):
    with service.database.read() as session:
        found = events.after(session, job.id, after)
    told = [(event.number, event.data) for event in found if event.kind is EventKind.MEASURED]
    return [(number, data["epoch"], data["step"]) for number, data in told]


def test_charts_of_what_was_measured(service, http, measured, tmp_path):
    job = service.start(**SPEC)
    measure(service, job, measured)
    path = f"/jobs/{job.id}/probes/charts"
    for name in ("gradient_by_depth", "updates", "shift", "distribution"):
        drawn = http.get(f"{path}/{name}.json")
        assert drawn.headers["content-type"] == "application/vnd.vegalite+json", name
        assert "dense_10" in drawn.text
    assert http.get(f"{path}/gradient_by_depth", headers={"Accept": "image/svg+xml"}).text.startswith("<svg")
    answer = http.get(f"{path}/three_statistics.png")
    assert_problem(answer, 404, "not_found", "three_statistics was not measured in this run")
    assert_problem(http.get(f"{path}/gradients"), 404, "not_found", "there are gradient_by_depth, updates")
    runner = CliRunner(env={"NORMLAB_URL": str(http.base_url)})
    assert runner.invoke(app, ["diagnose", job.id, "--charts", str(tmp_path / "charts")]).exit_code == 0
    assert {file.name for file in (tmp_path / "charts").iterdir()} == {
        "gradient_by_depth.png",
        "updates.png",
        "saturated_units.png",
        "rank.png",
        "shift.png",
        "distribution.png",
    }
