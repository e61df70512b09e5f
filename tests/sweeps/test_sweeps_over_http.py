import itertools

import pytest

from normlab.documents.sweeps import SweepDocument, SweepList
from support.problems import assert_problem
from sweeps.conftest import RATE, body

# Each test has seeds of its own, since all share one store.
SEEDS = itertools.count(1000, 100)


@pytest.fixture
def base_seed():
    return next(SEEDS)


@pytest.fixture
def http(served):
    return served.http


def finished(served, **given):
    sweep_id = served.submit(body(**given))
    served.run(sweep_id)
    return served.http.get(f"/sweeps/{sweep_id}").json()


def test_a_new_sweep_says_what_is_missing(http, base_seed):
    response = http.post("/sweeps", json=body(base_seed=base_seed))
    assert response.status_code == 202
    document = response.json()
    assert response.headers["location"] == document["links"]["self"] == f"/sweeps/{document['id']}"
    assert document == http.get(response.headers["location"]).json()
    assert document["state"] == "running"
    assert document["space"] == {RATE: {"log": [0.001, 1.0], "per_decade": 2}}
    assert document["result"] is document["sentences"] is None
    assert document["progress"] == {
        "points": 0,
        "points_planned": 7,
        "jobs": {"queued": 21},
        "seconds": 0.0,
        "fraction": 0.0,
    }
    point = document["arms"][0]["points"][4]
    assert (point["number"], point["values"], point["outcome"]) == (4, {RATE: 0.1}, "running")
    assert [job["seed"] for job in point["jobs"]] == [base_seed, base_seed + 1, base_seed + 2]


def test_the_best_point_is_found_with_what_it_is_sure_of(served, base_seed):
    document = SweepDocument.model_validate(finished(served, base_seed=base_seed))
    assert document.state == "finished"
    assert document.progress.fraction == 1
    assert document.result is not None
    assert document.result.final
    found = document.result.arms["baseline"]
    assert found.best is not None
    assert found.best.values == {RATE: 0.1}
    assert found.best.mean == pytest.approx(0.9, abs=0.002)
    assert found.best.interval.low < found.best.mean < found.best.interval.high
    width = found.tolerance[RATE]
    assert width.width == pytest.approx(0.4, abs=0.1)  # the hill falls by 0.025 within half a decade
    assert (width.largest_stable, width.smallest_diverged) == (0.316, 1.0)
    assert [run.point for run in found.diverged] == [6, 6, 6]
    assert found.expected_best is not None
    assert found.expected_best.points == (1, 2, 3, 4, 5, 6, 7)
    assert document.sentences == document.result.sentences


def test_charts_are_drawn(served, http, base_seed):
    url = f"/sweeps/{finished(served, base_seed=base_seed, seeds=2)['id']}/charts"
    for name, accept, begins in (
        ("response_curve.png", "*/*", b"\x89PNG"),
        ("expected_best", "image/svg+xml", b"<svg"),
        ("parallel_coordinates.json", "*/*", b"{"),
    ):
        response = http.get(f"{url}/{name}", headers={"Accept": accept})
        assert response.status_code == 200, response.text
        assert response.content.startswith(begins)
    assert http.get(f"{url}/nothing").status_code == 404


def test_an_answer_that_has_not_changed_is_not_sent_again(served, http, base_seed):
    sweep_id = served.submit(body(base_seed=base_seed, seeds=1))
    first = http.get(f"/sweeps/{sweep_id}")
    headers = {"If-None-Match": first.headers["ETag"]}
    assert http.get(f"/sweeps/{sweep_id}", headers=headers).status_code == 304
    served.end_all(sweep_id)
    assert http.get(f"/sweeps/{sweep_id}", headers=headers).status_code == 200


def test_sweeps_are_listed_newest_first_and_found_by_name(http, base_seed):
    ids = [
        http.post("/sweeps", json=body(base_seed=base_seed, seeds=1, name=f"n{base_seed}")).json()["id"]
        for _ in range(3)
    ]
    page = http.get("/sweeps", params={"name": f"n{base_seed}", "limit": 2}).json()
    assert [item["id"] for item in page["data"]] == ids[:0:-1]
    rest = SweepList.model_validate(
        http.get("/sweeps", params={"name": f"n{base_seed}", "limit": 2, "cursor": page["next"]}).json()
    )
    assert [item.id for item in rest.data] == ids[:1]
    assert not rest.has_more


def test_a_sweep_is_cancelled_once_and_deleted(http, base_seed):
    sweep_id = http.post("/sweeps", json=body(base_seed=base_seed)).json()["id"]
    assert_problem(http.delete(f"/sweeps/{sweep_id}"), 409, "wrong_state")
    assert http.post(f"/sweeps/{sweep_id}/cancel").status_code == 202
    assert http.post(f"/sweeps/{sweep_id}/cancel").json()["state"] == "cancelled"
    assert http.delete(f"/sweeps/{sweep_id}", params={"with_jobs": True}).status_code == 204
    assert_problem(http.get(f"/sweeps/{sweep_id}"), 404, "not_found")


def test_the_same_key_makes_one_sweep(http, base_seed):
    headers = {"Idempotency-Key": f"sweep-{base_seed}"}
    request = body(base_seed=base_seed)
    first, second = (http.post("/sweeps", json=request, headers=headers).json() for _ in range(2))
    assert first == second


def test_a_request_can_be_checked_alone(http):
    found = http.post("/sweeps", params={"validate_only": True}, json=body(seeds=5)).json()
    assert (found["points"], found["jobs"]) == (7, 35)
    assert found["first"][0] == {RATE: 0.001}


def test_one_network_needs_no_arms(http, base_seed):
    request = {
        "architecture": "batch_norm",
        "dataset": "digits",
        "training": {"epochs": 1},
        "space": {"/training/batch_size": {"integer": [16, 64], "step": 16}},
        "base_seed": base_seed,
    }
    document = http.post("/sweeps", json=request).json()
    assert document["arm_names"] == ["batch_norm"]
    assert [point["values"] for point in document["arms"][0]["points"]] == [
        {"/training/batch_size": size} for size in (16, 32, 48, 64)
    ]


def test_the_events_tell_what_has_happened(served, http, base_seed):
    sweep = finished(served, base_seed=base_seed, seeds=1)
    text = http.get(f"/sweeps/{sweep['id']}/events").text
    kinds = [line.removeprefix("event: ") for line in text.splitlines() if line.startswith("event: ")]
    assert kinds.count("point") == kinds.count("job") == 7
    assert (kinds[0], kinds[1], kinds[-2], kinds[-1]) == ("state", "points", "state", "end")
