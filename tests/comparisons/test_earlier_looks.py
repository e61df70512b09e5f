"""A comparison of runs that were compared before says so, and pays for it."""

from typing import Any

import pytest

from comparisons.conftest import Laboratory, ServedLaboratory, body
from normlab.comparisons import ComparisonLookup, assess, load_runs
from normlab.store import Comparison, StudyState
from normlab.store.studies import studies


def slightly_better(arm: str, seed: int) -> float:
    """A difference of about its standard deviation: a few pairs do not decide it."""
    luck = (0.4, -1.2, 0.9, 1.6, -0.3, 0.8, -0.6, 1.1, 0.2, -0.9)[seed % 10]
    return 0.8 + (0.004 + 0.008 * luck if "batch_norm" in arm else 0.0)


def ended(laboratory: Laboratory, request: dict[str, Any] | None = None, **given: Any) -> dict[str, Any]:
    """A comparison that has ended, with what it says of its first pair of arms."""
    comparison = laboratory.create(request, **given)
    for _ in range(10):
        laboratory.end_all(comparison, slightly_better)
        laboratory.advance()
        if laboratory.get(comparison).state is not StudyState.RUNNING:
            break
    found = ComparisonLookup(laboratory.database, laboratory.artifacts).look_up(comparison.id).assessment
    assert found.result is not None
    pair: dict[str, Any] = found.result["pairs"][0]
    return pair | {"id": comparison.id, "told": " ".join(pair["comparison"]["caveats"])}


def test_looks_are_counted_and_charged(laboratory: Laboratory) -> None:
    pairs = [ended(laboratory, replicates=n) for n in (3, 4, 5, 6)]
    assert [[look["pairs"] for look in pair["earlier_looks"]] for pair in pairs] == [
        [],
        [3],
        [3, 4],
        [3, 4, 5],
    ]
    assert [look["comparison"] for look in pairs[3]["earlier_looks"]] == [pair["id"] for pair in pairs[:3]]
    assert [pair["error_share"] for pair in pairs] == pytest.approx([1.0, 0.25, 0.1875, 0.140625])
    assert "3 earlier looks (at 3, 4 and 5 pairs)" in pairs[3]["sentence"]
    assert "0.703 % of the 5 % error is left for this one" in pairs[3]["told"]


def test_the_same_question_again_and_other_questions_are_no_further_looks(laboratory: Laboratory) -> None:
    first = ended(laboratory, replicates=5)
    again = ended(laboratory, replicates=5)
    assert again["sentence"] == first["sentence"]
    assert (first["same_looks"], again["same_looks"]) == ([], [first["id"]])
    for other in ({"base_seed": 900}, {"metric": "val_loss"}):
        assert ended(laboratory, replicates=6, **other)["earlier_looks"] == []
    arms = [
        {"spec": {"architecture": name, "dataset": "digits"}, "name": name}
        for name in ("baseline", "batch_norm")
    ]
    assert ended(laboratory, replicates=6, arms=arms)["earlier_looks"] == []


def test_what_used_up_the_error_leaves_no_verdict(laboratory: Laboratory) -> None:
    ended(laboratory, replicates=6)
    later = ended(laboratory, replicates=10)
    assert later["comparison"]["verdict"] == "inconclusive"
    assert later["sentence"].startswith("No verdict, since earlier looks have used up the error")
    going_on = ended(laboratory, replicates={"start": 5, "max": 10})
    assert going_on["comparison"]["pairs"] == 5
    assert going_on["sentence"].startswith("No verdict")


def test_arms_by_other_names_in_another_order_are_the_same(laboratory: Laboratory) -> None:
    ended(laboratory, replicates=5)
    turned = body(replicates=7)
    turned["arms"].reverse()
    for arm, name in zip(turned["arms"], ("batch_norm, again", "plain"), strict=True):
        arm["name"] = name
    (look,) = ended(laboratory, request=turned)["earlier_looks"]
    assert look["pairs"] == 5


def test_a_cancelled_comparison_was_looked_at_as_far_as_it_came(laboratory: Laboratory) -> None:
    for seen in (0, 3):
        cancelled = laboratory.create(replicates=8, fresh=True, base_seed=100 * seen)
        for member in laboratory.members(cancelled)[: 2 * seen]:
            laboratory.end(member.job_id, 0.8)
        with laboratory.database.write() as session:
            studies.cancel(session, Comparison, cancelled.id)
        looks = ended(laboratory, replicates=9, base_seed=100 * seen)["earlier_looks"]
        assert [look["pairs"] for look in looks] == ([seen] if seen else [])
        again = ended(laboratory, replicates=8, base_seed=100 * seen)["earlier_looks"]
        assert [look["pairs"] for look in again] == ([seen, 9] if seen else [9])


def test_what_was_said_stays_when_an_earlier_comparison_is_deleted(laboratory: Laboratory) -> None:
    first = ended(laboratory, replicates=5)
    later = ended(laboratory, replicates=7)
    with laboratory.database.write() as session:
        session.delete(session.get(Comparison, first["id"]))
    with laboratory.database.read() as session:
        runs = load_runs(session, later["id"])
    statistics = assess(runs).statistics
    assert statistics is not None
    assert statistics.pairs[0].sentence == later["sentence"]


def test_jobs_side_by_side_say_so_too(served: ServedLaboratory) -> None:
    arms = body()["arms"]
    for arm in arms:  # of its own, since the tests of this service compare the same arms again and again
        arm["spec"]["training"] = {"epochs": 2, "batch_size": 48}
    looked_at = served.finished(slightly_better, arms=arms, replicates=6, base_seed=300)
    jobs = [job["job"] for arm in looked_at["arms"] for job in arm["jobs"]]

    def pair(ids: list[str]) -> Any:
        return served.http.get("/comparisons", params={"jobs": ",".join(ids)}).json()["statistics"]["pairs"][
            0
        ]

    same = pair(jobs)
    assert (same["earlier_looks"], same["error_share"]) == ([], 1.0)
    fewer = pair([*jobs[:5], *jobs[6:11]])
    assert [look["comparison"] for look in fewer["earlier_looks"]] == [looked_at["id"]]
