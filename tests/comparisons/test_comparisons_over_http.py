import html
import itertools

import pytest

from normlab.analysis import Verdict
from normlab.documents.comparisons import ComparisonDocument, ComparisonList
from normlab.documents.side_by_side import SideBySide
from support.problems import assert_problem

# Each test has seeds of its own, since all share one store.
SEEDS = itertools.count(1000, 100)


@pytest.fixture
def base_seed():
    return next(SEEDS)


@pytest.fixture
def http(served):
    return served.http


def clearly_better(arm, seed):
    return 0.8 + 0.01 * (seed % 3) + (0.05 + 0.001 * (seed % 2) if "batch_norm" in arm else 0)


def alike(arm, seed):
    return 0.8 + 0.01 * ((seed + len(arm)) % 3)


def body(**given):
    training = {"epochs": 2, "batch_size": 64}
    arms = [
        {"name": name, "spec": {"architecture": name, "dataset": "digits", "training": training}}
        for name in ("baseline", "baseline_with_batch_norm")
    ]
    return {"arms": arms, "replicates": 3} | given


def test_a_new_comparison_says_what_is_missing(http, base_seed):
    response = http.post("/comparisons", json=body(base_seed=base_seed, replicates={"start": 3, "max": 9}))
    assert response.status_code == 202
    document = response.json()
    assert response.headers["location"] == document["links"]["self"] == f"/comparisons/{document['id']}"
    assert document == http.get(response.headers["location"]).json()
    assert document["state"] == "running"
    assert document["result"] is None
    assert document["verdicts"] is None
    assert document["replicates"] == {"start": 3, "max": 9, "step": 1}
    assert document["arm_names"] == ["baseline", "baseline_with_batch_norm"]
    assert document["progress"] == {
        "pairs": 0,
        "pairs_left_out": 0,
        "pairs_running": 3,
        "pairs_planned": 9,
        "next_look": 3,
        "jobs": {"queued": 6},
        "fraction": 0.0,
    }
    job = document["arms"][1]["jobs"][2]
    assert (job["seed"], job["state"], job["value"]) == (base_seed + 2, "queued", None)
    assert http.get(f"/jobs/{job['job']}").json()["tags"] == [document["id"]]
    assert [found["id"] for found in http.get(f"/jobs?tag={document['id']}").json()["data"]]


def test_a_difference_is_found(served, base_seed):
    document = served.finished(clearly_better, base_seed=base_seed, replicates=5, target_accuracy=0.83)
    assert document["state"] == "finished"
    assert document["stop_reason"] == "all_pairs_run"
    assert document["verdicts"][0]["verdict"] == Verdict.B_BETTER
    assert document["verdicts"][0]["sentence"].startswith("baseline_with_batch_norm is better than baseline")
    result = document["result"]
    assert result["final"]
    assert result["seeds"] == list(range(base_seed, base_seed + 5))
    assert result["pairs"][0]["sentence"] == document["verdicts"][0]["sentence"]
    assert result["pairs"][0]["comparison"]["difference"] == pytest.approx(0.0504, abs=1e-3)
    assert result["pairs"][0]["variance"]["seeds"] >= 0  # from the stored files of right test examples
    assert result["clocks"]["target"]["accuracy"] == 0.83
    assert {item["field"] for item in result["differences"]} == {"normalization"}
    assert document["progress"]["jobs"] == {"succeeded": 10}
    assert document["arms"][0]["jobs"][0]["value"] == result["arms"]["baseline"]["values"][0]


def test_an_arm_against_itself_with_other_seeds_is_a_check_of_chance(served, http, base_seed):
    """Two arms of the same spec and no seed in common: pairs are counted, and the answer says what they are."""

    def by_seed(_arm, seed):
        return 0.8 + 0.01 * (seed * 7 % 5)

    arms = body()["arms"]
    again = {**arms[0], "name": "again", "base_seed": base_seed + 53}
    document = served.finished(
        by_seed, base_seed=base_seed, replicates=5, arms=[arms[0], again], target_accuracy=0.8
    )
    assert document["verdicts"][0]["verdict"] == Verdict.INCONCLUSIVE
    assert [arm["base_seed"] for arm in document["arms"]] == [None, base_seed + 53]
    assert [job["seed"] for job in document["arms"][1]["jobs"]] == [base_seed + 53 + n for n in range(5)]
    result = document["result"]
    assert result["seeds"] == [base_seed + n for n in range(5)]
    values = {arm["name"]: [job["value"] for job in arm["jobs"]] for arm in document["arms"]}
    assert [pair[1:] for pair in result["pairs"][0]["values"]] == [
        list(pair) for pair in zip(values["baseline"], values["again"], strict=True)
    ]
    told = " ".join(result["caveats"])
    assert "baseline and again are the same but for their seeds" in told
    assert "The runs of a pair do not share their seed" in told
    page = http.get(document["links"]["report"]).text
    assert f"seeds from {base_seed}, again's from {base_seed + 53}" in html.unescape(page)
    for chart in document["links"]["charts"].values():
        assert http.get(chart).status_code == 200
    stream = http.get(document["links"]["events"]).text
    assert f'"seed":{base_seed},"complete":true' in stream.replace(" ", "")


def test_the_answer_is_the_same_each_time(served, http, base_seed):
    document = served.finished(alike, base_seed=base_seed)
    assert http.get(document["links"]["self"]).json() == document


def test_arms_that_are_alike_are_not_told_apart(served, base_seed):
    document = served.finished(alike, base_seed=base_seed, replicates=5)
    assert document["verdicts"][0]["verdict"] == Verdict.INCONCLUSIVE
    assert document["stop_reason"] == "all_pairs_run"


def test_half_a_comparison_is_told_as_such(served, http, base_seed):
    comparison_id = served.submit(body(base_seed=base_seed))
    members = served.members(comparison_id)
    for member in members[:2]:
        served.end(member.job_id, 0.8)
    served.advance()
    document = http.get(f"/comparisons/{comparison_id}").json()
    assert document["progress"]["pairs"] == 1
    assert document["progress"]["pairs_running"] == 2
    assert not document["result"]["final"]
    assert document["result"]["pairs"][0]["comparison"]["verdict"] == Verdict.INCONCLUSIVE
    assert document["result"]["caveats"][0].startswith("1 of 3 pairs are finished: these are interim figures")


def test_it_goes_on_until_decided(served, base_seed):
    def late(arm, seed):
        # The first three pairs say nothing, the others all the same.
        noise = 0.02 * (1, -1, 0)[(seed - base_seed) % 3] if seed < base_seed + 3 else 0.0001 * (seed % 3)
        return 0.8 + (0.06 + noise if "batch_norm" in arm else 0)

    document = served.finished(late, base_seed=base_seed, replicates={"start": 3, "max": 12})
    assert document["stop_reason"] == "decided"
    assert document["verdicts"][0]["verdict"] == Verdict.B_BETTER
    pairs = document["progress"]["pairs"]
    assert 3 < pairs < 12
    assert len(document["arms"][0]["jobs"]) == pairs
    caveats = document["result"]["pairs"][0]["comparison"]["caveats"]
    assert any(caveat.startswith(f"Look {pairs - 2} of at most 10") for caveat in caveats)


def test_it_ends_at_the_largest_number_when_nothing_decides(served, base_seed):
    document = served.finished(alike, base_seed=base_seed, replicates={"start": 3, "max": 5})
    assert document["stop_reason"] == "all_pairs_run"
    assert document["progress"]["pairs"] == 5
    assert document["verdicts"][0]["verdict"] == Verdict.INCONCLUSIVE


def test_three_arms_are_three_pairs(served, base_seed):
    request = body(base_seed=base_seed, replicates={"start": 3, "max": 6}, fresh=True)
    training = {"epochs": 2, "batch_size": 64}
    request["arms"].append(
        {"name": "deep", "spec": {"architecture": "deep_sigmoid", "dataset": "digits", "training": training}}
    )
    comparison_id = served.submit(request)
    served.end_all(comparison_id, clearly_better)
    served.advance()
    document = served.http.get(f"/comparisons/{comparison_id}").json()
    assert len(document["result"]["pairs"]) == 3
    (sizes,) = (caveat for caveat in document["result"]["caveats"] if "size: parameters" in caveat)
    assert "baseline_with_batch_norm 52,466" in sizes  # called by the arm's name, not by a job's
    assert document["result"]["pairs"][0]["comparison"]["confidence"] > 1 - 0.05 / 3


def test_a_pair_with_a_failed_job_is_left_out_and_told(served, base_seed):
    def second_fails(arm, seed):
        return None if (arm, seed) == ("baseline", base_seed + 1) else clearly_better(arm, seed)

    document = served.finished(second_fails, base_seed=base_seed, replicates=4)
    assert document["state"] == "finished"
    assert document["result"]["seeds"] == [base_seed, base_seed + 2, base_seed + 3]
    assert document["progress"]["pairs_left_out"] == 1
    sentence = f"Seed {base_seed + 1} is left out: the job of baseline failed (nan_loss)."
    assert document["left_out"][0] == sentence
    assert sentence in document["result"]["caveats"]
    assert document["arms"][0]["jobs"][1]["error"] == "nan_loss"


def test_a_comparison_without_any_pair_has_failed(served, http, base_seed):
    document = served.finished(
        lambda arm, _seed: None if arm == "baseline" else 0.8,
        base_seed=base_seed,
        replicates={"start": 3, "max": 9},
    )
    assert (document["state"], document["stop_reason"]) == ("failed", "no_pair")
    assert document["result"] is None
    assert len(document["arms"][0]["jobs"]) == 3  # it did not go on
    for path in ("report", "bundle", "charts/learning_curves"):
        response = http.get(f"{document['links']['self']}/{path}")
        assert_problem(response, 409, "wrong_state", "is failed", "no complete pair")


def test_a_test_metric_warns_of_picking_by_it(served, base_seed):
    document = served.finished(clearly_better, base_seed=base_seed, metric="test_accuracy")
    assert document["result"]["clocks"] is None
    assert any("the test set has been used" in caveat for caveat in document["result"]["caveats"])


def test_validation_only(http):
    response = http.post("/comparisons?validate_only=true", json=body(replicates={"start": 3, "max": 9}))
    assert response.status_code == 200
    document = response.json()
    assert (document["jobs"], document["max_jobs"]) == (6, 18)
    assert [arm["name"] for arm in document["arms"]] == ["baseline", "baseline_with_batch_norm"]
    assert "seed" not in document["arms"][0]["spec"]["training"]
    assert [difference["field"] for difference in document["differences"]] == ["normalization"]


def test_bad_requests_are_pointed_at(http):
    request = body(confidence=2)
    request["arms"][1]["spec"]["training"] = {"seed": 3}
    response = http.post("/comparisons", json=request)
    assert_problem(response, 422, "invalid_spec", "")
    assert [error["pointer"] for error in response.json()["errors"]] == ["/confidence"]
    del request["confidence"]
    errors = http.post("/comparisons", json=request).json()["errors"]
    assert errors[0]["pointer"] == "/arms/1/spec/training/seed"
    assert_problem(http.post("/comparisons", content=b"{"), 415, "unsupported_media_type", "")


def test_the_same_key_makes_one_comparison(http, base_seed):
    request, key = body(base_seed=base_seed), {"Idempotency-Key": f"key {base_seed}"}
    first = http.post("/comparisons", json=request, headers=key)
    second = http.post("/comparisons", json=request, headers=key)
    assert first.json() == second.json()
    assert first.headers["location"] == second.headers["location"]
    response = http.post("/comparisons", json=body(base_seed=base_seed + 1), headers=key)
    assert_problem(response, 422, "idempotency_key_reused", "another body")


def test_cancel(http, served, base_seed):
    comparison_id = served.submit(body(base_seed=base_seed))
    served.end(served.members(comparison_id)[0].job_id, 0.8)
    served.end(served.members(comparison_id)[1].job_id, 0.8)
    response = http.post(f"/comparisons/{comparison_id}/cancel")
    assert response.status_code == 202
    assert response.json()["state"] == "cancelled"
    assert response.json()["progress"]["jobs"] == {"succeeded": 2, "cancelled": 4}
    assert response.json()["result"]["caveats"][0].startswith("The comparison was cancelled at 1 of 3 pairs.")
    assert http.post(f"/comparisons/{comparison_id}/cancel").status_code == 200
    assert served.advance() == []
    finished = served.finished(base_seed=base_seed + 10)
    response = http.post(finished["links"]["cancel"])
    assert_problem(response, 409, "wrong_state", "is finished; only a running comparison can be cancelled")


def test_delete(http, served, base_seed):
    comparison_id = served.submit(body(base_seed=base_seed))
    path = f"/comparisons/{comparison_id}"
    assert_problem(http.delete(path), 409, "wrong_state", "is running; cancel it first")
    job_id = served.members(comparison_id)[0].job_id
    served.end(job_id, 0.8)
    assert_problem(http.delete(f"/jobs/{job_id}"), 409, "wrong_state", f"is used by {comparison_id}")
    http.post(f"{path}/cancel")
    assert any((served.folder / "artifacts").glob(f"{job_id}/*/*"))
    assert http.delete(f"{path}?with_jobs=true").status_code == 204
    assert_problem(http.get(path), 404, "not_found", f"there is no comparison {comparison_id}")
    assert_problem(http.get(f"/jobs/{job_id}"), 404, "not_found", "")
    assert not any((served.folder / "artifacts").glob(f"{job_id}/*/*"))


def test_list(http, served, base_seed):
    name = f"named {base_seed}"
    ids = [served.submit(body(base_seed=base_seed, name=name)) for _ in range(3)]
    first = http.get("/comparisons", params={"name": name, "limit": 2})
    assert [item["id"] for item in first.json()["data"]] == ids[:0:-1]
    assert first.json()["data"][0]["arm_names"] == ["baseline", "baseline_with_batch_norm"]
    assert first.json()["has_more"]
    second = http.get(first.links["next"]["url"])
    assert [item["id"] for item in second.json()["data"]] == ids[:1]
    assert second.json()["next"] is None
    http.post(f"/comparisons/{ids[0]}/cancel")
    found = http.get("/comparisons", params={"state": "cancelled", "name": name}).json()["data"]
    assert [item["id"] for item in found] == ids[:1]


@pytest.mark.parametrize("path", ["", "/events", "/report", "/bundle", "/charts/learning_curves"])
@pytest.mark.parametrize("comparison_id", ["cmp_00000000000000000000000000", "nonsense", "%00"])
def test_what_is_not_there_is_told(http, comparison_id, path):
    assert_problem(
        http.get(f"/comparisons/{comparison_id}{path}"), 404, "not_found", "there is no comparison"
    )


def test_jobs_that_exist_get_the_statistics(served, http, base_seed):
    document = served.finished(clearly_better, base_seed=base_seed)
    jobs = ",".join(job["job"] for arm in document["arms"] for job in arm["jobs"])
    found = http.get("/comparisons", params={"jobs": jobs}).json()
    statistics = found["statistics"]
    assert statistics["seeds"] == document["result"]["seeds"]
    ours, theirs = statistics["pairs"][0]["comparison"], document["result"]["pairs"][0]["comparison"]
    assert ours["interval"] == theirs["interval"]
    loss = http.get("/comparisons", params={"jobs": jobs, "metric": "val_loss"}).json()["statistics"]
    assert loss["metric"] == "val_loss"
    assert loss["pairs"][0]["comparison"]["verdict"] == ours["verdict"]
    one_arm = ",".join(job["job"] for job in document["arms"][0]["jobs"])
    assert http.get("/comparisons", params={"jobs": one_arm}).json()["statistics"] is None


def test_answers_have_the_fields_that_the_document_promises(served, http, base_seed):
    document = served.finished(clearly_better, base_seed=base_seed, target_accuracy=0.83)
    jobs = ",".join(job["job"] for arm in document["arms"] for job in arm["jobs"])
    side_by_side = http.get("/comparisons", params={"jobs": jobs}).json()
    page = http.get("/comparisons").json()
    for answer, model in ((document, ComparisonDocument), (side_by_side, SideBySide), (page, ComparisonList)):
        assert model.model_validate(answer).model_dump(mode="json") == answer
