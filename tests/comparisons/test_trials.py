"""Trials over HTTP: what may be asked, which jobs follow, and what is answered when they have ended."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sqlalchemy import update

from normlab.claims.advance import advance
from normlab.claims.gathering import load_runs
from normlab.documents.claims import Answer, TrialDocument
from normlab.spec.correct_answers import Answers, CorrectAnswers
from normlab.store import ArtifactKind, Trial, TrialJob, robustness
from normlab.store.clock import seconds_from_now
from normlab.store.jobs import jobs
from normlab.store.studies import members
from support.problems import assert_problem

TRAINING = {"epochs": 2, "batch_size": 64}


def asked(*, claims: Any = ("faster",), seeds: int = 3, **given: Any) -> dict[str, Any]:
    arms = [
        {"name": name, "spec": {"architecture": name, "dataset": "digits", "training": TRAINING}}
        for name in ("baseline", "baseline_with_batch_norm")
    ]
    return {"arms": arms, "claims": list(claims), "seeds": seeds, "fresh": True} | given


def submitted(served: Any, **given: Any) -> dict[str, Any]:
    answer = served.http.post("/claims", json=asked(**given))
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"] == f"/claims/{answer.json()['id']}"
    document: dict[str, Any] = answer.json()
    assert TrialDocument.model_validate(document).state == "running"
    return document


def rows(served: Any, trial_id: str) -> Any:
    with served.database.read() as session:
        return members.of(session, TrialJob, trial_id)


def end_all(served: Any, trial_id: str, accuracy: Callable[[int, int, int], float | None]) -> None:
    """End every queued job with the validation accuracy for its arm, setting and seed."""
    for member in rows(served, trial_id):
        if not member.job.state.final:
            served.end(member.job_id, accuracy(member.arm, member.setting, member.seed))


def got(served: Any, trial_id: str) -> dict[str, Any]:
    found: dict[str, Any] = served.http.get(f"/claims/{trial_id}").json()
    return found


def accuracies(arm: int, setting: int, seed: int) -> float:
    """The change helps by 5 points as arms are, and costs 30 with batches of 2."""
    return 0.8 + 0.001 * (seed % 3) + arm * ((-0.3 if setting == 1 else 0.05) + 0.001 * (seed % 2))


def test_all_claims_are_listed(served: Any) -> None:
    listed = {claim["name"]: claim for claim in served.http.get("/claims").json()["data"]}
    assert {"faster", "covariate_shift", "large_batch"} <= set(listed)
    assert listed["large_batch"]["settings"][0] == {
        "pointer": "/training/batch_size",
        "value": 2,
        "times": False,
    }


def test_a_trial_from_its_jobs_to_its_page(served: Any) -> None:
    document = submitted(served, claims=["large_batch"], name="<b>small</b>")
    trial_id = document["id"]
    assert len(document["jobs"]) == 2 * (1 + 3) * 3
    assert document["progress"]["asking"] == "baseline and baseline_with_batch_norm as they are, seed 42"
    assert document["outcomes"] == []
    assert_problem(served.http.get(f"/claims/{trial_id}/report"), 409, "wrong_state")
    specs = {(m.setting, m.job.spec["training"]["batch_size"]) for m in rows(served, trial_id)}
    assert specs == {(0, 64), (1, 2), (2, 8), (3, 128)}
    end_all(served, trial_id, accuracies)
    assert advance(served.database, served.artifacts, max_attempts=3) == []
    ended = got(served, trial_id)
    assert (ended["state"], ended["stop_reason"], ended["pairs"]) == ("finished", "all_pairs_run", 3)
    (outcome,) = ended["outcomes"]
    assert ended["answers"] == {"large_batch": outcome["answer"]} == {"large_batch": Answer.HOLDS}
    assert [part["pairs"] for part in outcome["parts"]] == [3, 3]
    assert "harm with batches of 2" in outcome["sentence"]
    page = served.http.get(f"/claims/{trial_id}/report")
    assert "text/html" in page.headers["content-type"]
    assert "&lt;b&gt;small" in page.text
    assert "<b>small" not in page.text
    assert outcome["sentence"].split(":")[0] in page.text
    assert page.text.count("<figure>") == 2
    listed = served.http.get("/claims/trials?limit=1").json()
    assert listed["data"][0]["id"] == trial_id
    assert listed["data"][0]["answers"] == ended["answers"]
    assert_problem(served.http.post(f"/claims/{trial_id}/cancel"), 409, "wrong_state")
    assert served.http.delete(f"/claims/{trial_id}?with_jobs=true").status_code == 204
    assert_problem(served.http.get(f"/claims/{trial_id}"), 404, "not_found")


def test_what_an_arm_has_anyway_is_not_run_twice(served: Any) -> None:
    body = asked(claims=["large_batch"])
    for arm in body["arms"]:
        arm["spec"] = arm["spec"] | {"training": {"epochs": 2, "batch_size": 128}}
    document = served.http.post("/claims", json=body).json()
    assert len(document["jobs"]) == 2 * (1 + 2) * 3
    end_all(served, document["id"], accuracies)
    with served.database.read() as session:
        evidence = load_runs(session, document["id"]).evidence()
    assert [len(paired) for paired in evidence.at.values()] == [3, 3, 3]


def test_a_job_that_failed_leaves_its_pair_out(served: Any) -> None:
    trial_id = submitted(served)["id"]
    end_all(served, trial_id, lambda arm, _, seed: None if (arm, seed) == (1, 43) else 0.8 + 0.05 * arm)
    advance(served.database, served.artifacts, max_attempts=3)
    ended = got(served, trial_id)
    assert ended["pairs"] == 2
    assert ended["left_out"] == [
        "Seed 43 of baseline_with_batch_norm is left out: its job failed (nan_loss)."
    ]
    assert ended["answers"] == {"faster": Answer.INCONCLUSIVE}


def test_a_run_that_blew_up_at_a_larger_rate_counts(served: Any) -> None:
    document = submitted(served, claims=["larger_rate"])
    rates = {
        (m.setting, m.job.spec["training"]["optimizer"]["learning_rate"])
        for m in rows(served, document["id"])
    }
    assert rates == {(0, 0.001), (1, 0.01), (2, 0.1)}
    end_all(
        served,
        document["id"],
        lambda arm, setting, seed: (
            None if (arm, setting) == (0, 2) else 0.8 + 0.001 * (seed % 2) - 0.1 * (setting == 1) * (1 - arm)
        ),
    )
    advance(served.database, served.artifacts, max_attempts=3)
    ended = got(served, document["id"])
    assert ended["left_out"] == []
    assert ended["answers"] == {"larger_rate": Answer.HOLDS}
    assert [round(part["a"], 2) for part in ended["outcomes"][0]["parts"]] == [0.1, 0.8]


def test_without_any_pair_a_trial_has_failed(served: Any) -> None:
    trial_id = submitted(served)["id"]
    end_all(served, trial_id, lambda arm, *_: None if arm else 0.8)
    advance(served.database, served.artifacts, max_attempts=3)
    ended = got(served, trial_id)
    assert (ended["state"], ended["stop_reason"]) == ("failed", "no_pair")


def test_a_budget_of_seconds_is_used_and_not_exceeded(served: Any) -> None:
    trial_id = submitted(served, seeds=9, budget={"seconds": 10_000})["id"]
    assert len(rows(served, trial_id)) == 6
    end_all(served, trial_id, accuracies)
    # Nearly no time has passed, so that there is room for all others.
    assert len(advance(served.database, served.artifacts, max_attempts=3)) == 12
    with served.database.write() as session:
        session.execute(update(Trial).where(Trial.id == trial_id).values(ends_at=seconds_from_now(-1.0)))
    served.end(rows(served, trial_id)[6].job_id, 0.8)
    advance(served.database, served.artifacts, max_attempts=3)  # cancels what has not ended
    advance(served.database, served.artifacts, max_attempts=3)
    ended = got(served, trial_id)
    assert (ended["state"], ended["pairs"]) == ("finished", 3)
    assert sum("was cancelled" in sentence for sentence in ended["left_out"]) == 11


def test_a_budget_of_jobs_makes_seeds_fewer(served: Any) -> None:
    assert submitted(served, seeds=9, budget={"jobs": 11})["seeds"] == 5


def test_a_job_without_the_probes_that_are_needed_is_not_used_again(served: Any) -> None:
    body = asked(claims=["regularizes"], fresh=False, base_seed=7_000)
    for arm in body["arms"]:
        spec = arm["spec"] | {"training": TRAINING | {"seed": 7_000}}
        job = served.http.post("/jobs", json=spec).json()
        served.end(job["id"], 0.8)
    first = served.http.post("/claims", json=body).json()
    assert not any(job["reused"] for job in first["jobs"])
    end_all(served, first["id"], accuracies)
    again = served.http.post("/claims", json=body).json()
    assert all(job["reused"] for job in again["jobs"])


def test_networks_are_tried_on_corrupted_pictures_before_it_ends(served: Any) -> None:
    trial_id = submitted(served, claims=["robust"])["id"]
    end_all(served, trial_id, accuracies)
    advance(served.database, served.artifacts, max_attempts=3)
    assert got(served, trial_id)["state"] == "running"
    with served.database.write() as session:
        taken = robustness.take(session, at_most=10, lease_seconds=60)
    assert len(taken) == 6
    arms = {member.job_id: member.arm for member in rows(served, trial_id)}
    for one in taken:
        random = np.random.default_rng(arms[one.job_id] + 1)
        clean = random.random(100) < 0.8
        corrupted = random.random((12, 5, 100)) < (0.3 if arms[one.job_id] else 0.6)
        content = CorrectAnswers(Answers(clean, corrupted), None).to_bytes()
        path = served.folder / "answers.npz"
        path.write_bytes(content)
        kind = ArtifactKind.ROBUSTNESS
        stored = served.artifacts.put(one.job_id, 1, kind, path, kind.media_type)
        with served.database.write() as session:
            assert robustness.finish(session, one, stored)
    advance(served.database, served.artifacts, max_attempts=3)
    ended = got(served, trial_id)
    assert ended["answers"] == {"robust": Answer.DOES_NOT_HOLD}
    assert ended["outcomes"][0]["parts"][0]["pairs"] == 3


def test_a_trial_that_was_cancelled_says_what_is_known(served: Any) -> None:
    trial_id = submitted(served)["id"]
    served.end(rows(served, trial_id)[0].job_id, 0.8)
    assert served.http.post(f"/claims/{trial_id}/cancel").status_code == 202
    ended = got(served, trial_id)
    assert ended["state"] == "cancelled"
    assert "was cancelled" in ended["caveats"][0]
    assert served.http.post(f"/claims/{trial_id}/cancel").status_code == 200
    assert {job["state"] for job in ended["jobs"]} == {"succeeded", "cancelled"}


def test_the_arms_of_a_comparison(served: Any) -> None:
    comparison = served.finished(replicates=3)
    document = served.http.post("/claims", json={"comparison": comparison["id"], "claims": ["faster"]}).json()
    assert document["arm_names"] == comparison["arm_names"]
    assert document["seeds"] == 3
    assert [job["reused"] for job in document["jobs"]] == [True] * 6
    assert_problem(
        served.http.post("/claims", json={"comparison": f"cmp_{'0' * 26}"}),
        422,
        "invalid_spec",
        "there is no",
    )


@pytest.mark.parametrize(
    ("given", "pointer", "phrase"),
    [
        ({"claims": ["fastr"]}, "/claims/0", 'did you mean "faster"'),
        ({"claims": ["faster", "faster"]}, "/claims/1", "twice"),
        ({"claims": []}, "/claims", "at least one"),
        ({"claims": "faster"}, "/claims", "list of names"),
        ({"seeds": 2}, "/seeds", "at least 3"),
        ({"seeds": 300}, "/seeds", "at most"),
        ({"budget": {}}, "/budget", "jobs or seconds"),
        ({"budget": {"jobs": 5}}, "/budget/jobs", "at least 6"),
        ({"budget": {"seconds": -1}}, "/budget/seconds", "greater than 0"),
        ({"arms": ["baseline"]}, "/arms", "2 arms"),
        ({"arms": ["baseline", "basline"]}, "/arms/1/spec/architecture", "baseline"),
        ({"arms": ["baseline", "baseline"]}, "/arms/1/name", "another"),
        ({"comparison": "cmp_x"}, "/comparison", "beside arms"),
        ({"nonsense": 1}, "/nonsense", ""),
    ],
)
def test_what_is_wrong_is_told_with_its_place(
    served: Any, given: dict[str, Any], pointer: str, phrase: str
) -> None:
    answer = served.http.post("/claims", json=asked(**({"claims": ["faster"]} | given)) | given)
    problems = answer.json()["errors"]
    assert answer.status_code == 422
    assert pointer in [problem["pointer"] for problem in problems], problems
    assert any(phrase in problem["detail"] for problem in problems), problems


def test_only_checked(served: Any) -> None:
    answer = served.http.post("/claims?validate_only=true", json=asked(claims=["large_batch"], seeds=4))
    assert (answer.status_code, answer.json()) == (
        200,
        {"claims": ["large_batch"], "seeds": 4, "jobs_of_a_seed": 8, "jobs": 32},
    )


def test_a_job_of_a_trial_cannot_be_deleted(served: Any) -> None:
    document = submitted(served)
    job_id = document["jobs"][0]["job"]
    with served.database.write() as session:
        jobs.request_cancel(session, job_id)
    assert_problem(served.http.delete(f"/jobs/{job_id}"), 409, "wrong_state", document["id"])
