"""A comparison whose statistics raise an error: it ends, once, and holds nobody up."""

import logging

from sqlalchemy import update

from normlab.store import Comparison, StudyState, StudyStopReason
from normlab.store.studies import events
from support.problems import assert_problem

BASE_SEED = 600_000
PLAN = {"start": 3, "max": 9}


def ask_the_impossible(laboratory, comparison_id):
    """A confidence that was accepted by an earlier version, and that no plan can be made for."""
    question = laboratory.get(comparison_id).question | {"confidence": 0.9999999999999999}
    with laboratory.database.write() as session:
        session.execute(update(Comparison).where(Comparison.id == comparison_id).values(question=question))


def test_it_fails_once_and_the_others_go_on(laboratory, caplog):
    broken = laboratory.create(replicates=PLAN)
    ask_the_impossible(laboratory, broken.id)
    sound = laboratory.create(base_seed=100)
    for comparison in (broken, sound):
        laboratory.end_all(comparison, lambda arm, _seed: 0.8 + 0.001 * len(arm))
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            assert laboratory.advance() == []
    assert len(caplog.records) == 1
    assert broken.id in caplog.text
    assert "confidence should be" in caplog.text  # the trace says why
    found = laboratory.get(broken)
    assert (found.state, found.stop_reason) == (StudyState.FAILED, StudyStopReason.ANALYSIS_FAILED)
    assert laboratory.get(sound).state is StudyState.FINISHED
    with laboratory.database.read() as session:
        last = events.after(session, Comparison, broken.id)[-1]
    assert last.data == {"state": "failed", "reason": "analysis_failed"}


def test_it_can_be_read_cancelled_and_deleted(served):
    http = served.http
    training = {"epochs": 2, "batch_size": 64}
    arms = [
        {"name": name, "spec": {"architecture": name, "dataset": "digits", "training": training}}
        for name in ("baseline", "baseline_with_batch_norm", "deep_sigmoid")
    ]
    comparison_id = served.submit({"arms": arms, "replicates": PLAN, "base_seed": BASE_SEED})
    ask_the_impossible(served, comparison_id)
    for member in served.members(comparison_id)[:3]:
        served.end(member.job_id, 0.8)
    path = f"/comparisons/{comparison_id}"
    running = http.get(path)
    assert running.status_code == 200
    assert running.json()["result"] is None
    assert running.json()["progress"]["pairs"] == 1
    assert "could not be worked out" in running.json()["error"]
    for what in ("charts/learning_curves", "report", "bundle"):
        assert_problem(http.get(f"{path}/{what}"), 409, "wrong_state", "could not be worked out")
    assert http.get("/comparisons").status_code == 200
    cancelled = http.post(f"{path}/cancel")
    assert cancelled.status_code == 202
    assert cancelled.json()["state"] == "cancelled"
    assert http.get(path).json() == cancelled.json()
    assert http.delete(path).status_code == 204
