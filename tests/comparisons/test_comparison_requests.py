import tracemalloc

import pytest

from normlab.comparisons import parse_comparison
from normlab.errors import SpecError
from normlab.spec import Limits
from normlab.spec.replicates import Replicates

ARMS = [
    {"name": "a", "spec": {"architecture": "baseline"}},
    {"name": "b", "spec": {"architecture": "batch_norm"}},
]

TAGS = [f"tag{number}" for number in range(32)]
NOT_VALIDATED = {"architecture": "batch_norm", "dataset": {"name": "mnist", "validation_samples": 0}}


def problems(body, limits=None):
    with pytest.raises(SpecError) as caught:
        parse_comparison(body, limits or Limits())
    return {problem.pointer: problem.detail for problem in caught.value.problems}


def test_two_arms_are_a_whole_request():
    request, specs = parse_comparison({"arms": ARMS})
    assert request.replicates == Replicates(start=5, max=5)
    assert not request.replicates.until_decided
    assert (request.metric, request.confidence, request.base_seed) == ("val_accuracy", 0.95, 42)
    assert [spec.training.seed for spec in specs] == [42, 42]


def test_replicates_may_go_on_until_decided():
    request, _ = parse_comparison({"arms": ARMS, "replicates": {"start": 5, "max": 20}})
    assert request.replicates.until_decided
    assert request.question.replicates == Replicates(start=5, max=20, step=1)


@pytest.mark.parametrize(
    ("given", "pointer", "detail"),
    [
        ({"replicates": 0}, "/replicates", "should be at least 1, not 0"),
        ({"replicates": True}, "/replicates", 'should be a number of pairs, or an object such as {"start": 5'),
        ({"replicates": "5"}, "/replicates", "should be a number of pairs"),
        ({"replicates": {"start": 5}}, "/replicates/max", "is required"),
        ({"replicates": {"start": 5, "max": 4}}, "/replicates", "max should be at least start (5), not 4"),
        ({"replicates": {"start": 2, "max": 4}}, "/replicates", "start should be at least 3"),
        ({"replicates": 201}, "/replicates", "should be at most 200 with 2 arms, not 201"),
        ({"confidence": 1}, "/confidence", "should be less than or equal to 0.9999"),
        ({"confidence": 0.9999999999999999}, "/confidence", "should be less than or equal to 0.9999"),
        ({"confidence": 95}, "/confidence", "should be less than or equal to 0.9999"),
        ({"confidence": float("nan")}, "/confidence", "should be a finite number"),
        ({"target_accuracy": float("inf")}, "/target_accuracy", "should be a finite number"),
        ({"equivalence_margin": -0.1}, "/equivalence_margin", "should be greater than or equal to 0"),
        ({"equivalence_margin": float("inf")}, "/equivalence_margin", "should be a finite number"),
        ({"equivalence_margin": 1e9}, "/equivalence_margin", "should be less than or equal to 1000000"),
        ({"equivalence_margin": 1.5}, "/equivalence_margin", "should be at most 1 for an accuracy"),
        ({"equivalence_margin": float("nan")}, "/equivalence_margin", "should be a finite number"),
        ({"target_accuracy": 80}, "/target_accuracy", "should be less than or equal to 1"),
        ({"metric": "auc"}, "/metric", '"auc" is not known here'),
        ({"metric": "f1"}, "/metric", '"f1" is called "val_macro_f1" here'),
        ({"metric": "log_loss"}, "/metric", '"log_loss" is called "val_loss" here'),
        ({"base_seed": -1}, "/base_seed", "should be greater than or equal to 0"),
        ({"base_seed": 2**31 - 1}, "/base_seed", "should leave room for 5 seeds"),
        (
            {"replicates": {"start": 3, "max": 5, "step": 10**30}},
            "/replicates/step",
            "should be less than or equal to 9007199254740991",
        ),
        ({"seed": 3}, "/seed", '"base_seed": 42'),
        ({"arms": ARMS[:1]}, "/arms", "should be 2 to 8 arms, but there is 1"),
        ({"arms": ARMS * 5}, "/arms", "should be 2 to 8 arms, but there are 10"),
        ({"arms": [ARMS[0], {**ARMS[1], "name": "a"}]}, "/arms/1/name", "should be another: arm 0 has the name 'a'"),
        ({"arms": [ARMS[0], {**ARMS[0], "name": "b"}]}, "/arms/1/spec", "is the same as arm 0's"),
        (
            {"arms": [ARMS[0], {**ARMS[0], "name": "b"}], "base_seed": 7},
            "/arms/1/spec",
            "give this arm a base_seed of its own, such as 12",
        ),
        ({"arms": [ARMS[0], {**ARMS[1], "base_seed": -1}]}, "/arms/1/base_seed", "greater than or equal to 0"),
        (
            {"arms": [ARMS[0], {**ARMS[1], "base_seed": 46}]},
            "/arms/1/base_seed",
            "should be that of arm 0 (42) or at least 5 away from it",
        ),
        (
            {"arms": [ARMS[0], {**ARMS[1], "base_seed": 2**31 - 2}]},
            "/arms/1/base_seed",
            "should leave room for 5 seeds",
        ),
        (
            {"arms": [ARMS[0], {"name": "b", "spec": {"architecture": "batch_norm", "tags": TAGS}}]},
            "/arms/1/spec/tags",
            "should be at most 31 tags for an arm",
        ),
        ({"arms": [ARMS[0], {"name": "b"}]}, "/arms/1/spec", "is required"),
        ({"arms": [ARMS[0], {"name": "a\nb", "spec": {}}]}, "/arms/1/name", "one line"),
        (
            {"arms": [ARMS[0], {"name": "b", "spec": {"architecture": "bach_norm"}}]},
            "/arms/1/spec/architecture",
            "batch_norm",
        ),
        (
            {"arms": [ARMS[0], {"name": "b", "spec": {"architecture": "batch_norm", "training": {"seed": 3}}}]},
            "/arms/1/spec/training/seed",
            "is not given for an arm",
        ),
        (
            {"arms": [ARMS[0], {"name": "b", "spec": {"architecture": "batch_norm", "training": {"epochs": 0}}}]},
            "/arms/1/spec/training/epochs",
            "should be greater than 0",
        ),
        (
            {"arms": [ARMS[0], {"name": "b", "spec": {"architecture": "batch_norm", "training": 5}}]},
            "/arms/1/spec/training",
            "should be an object",
        ),
        (
            {"arms": [ARMS[0], {"name": "b", "spec": NOT_VALIDATED}]},
            "/arms/1/spec/dataset/validation_samples",
            "should not be 0",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_pointed_at(given, pointer, detail):
    found = problems({"arms": ARMS} | given)
    assert detail in found[pointer]


def test_a_loss_may_have_a_margin_above_one():
    parse_comparison({"arms": ARMS, "metric": "val_loss", "equivalence_margin": 1.5})


@pytest.mark.parametrize("arm", [{}, 0, {"name": "a", "spec": {"architecture": "nothing"}, "base_seed": 3}])
def test_too_many_arms_are_refused_without_a_look_at_any_of_them(arm):
    """Else 8,000 arms, compared pair by pair, take seconds."""
    arms = [arm] * 100_000
    tracemalloc.start()
    try:
        found = problems({"arms": arms, "replicates": "many"})
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert list(found) == ["/arms"]
    assert "should be 2 to 8 arms, but there are 100000" in found["/arms"]
    assert peak < 100_000  # bytes: less than one for each arm


@pytest.mark.parametrize("body", [None, [], "baseline", 5])
def test_a_body_that_is_no_object_is_refused(body):
    assert "should be" in problems(body)[""]


def test_all_problems_are_told_at_once():
    body = {"arms": [{"name": "a", "spec": {}}, {"name": "a", "spec": {"architecture": "nothing"}}]}
    assert set(problems(body)) == {"/arms/1/name", "/arms/0/spec/architecture", "/arms/1/spec/architecture"}


def test_limits_are_settings():
    limits = Limits(comparison_arms=2, comparison_jobs=4, epochs=5)
    found = problems({"arms": ARMS, "replicates": 3}, limits)
    assert "should be at most 2 with 2 arms, not 3 (limit 'comparison_jobs'" in found["/replicates"]
    assert "limit 'epochs'" in found["/arms/0/spec/training/epochs"]


def test_arms_with_seeds_of_their_own_may_be_alike():
    again = {**ARMS[0], "name": "b", "base_seed": 47}
    request, specs = parse_comparison({"arms": [ARMS[0], again]})
    assert [request.first_seed(arm) for arm in request.arms] == [42, 47]
    assert [spec.training.seed for spec in specs] == [42, 47]
    # An arm of another spec may name the seed that all have.
    parse_comparison({"arms": [ARMS[0], {**ARMS[1], "base_seed": 42}]})


def test_arms_on_two_devices_may_be_alike():
    other = {"name": "b", "spec": {"architecture": "baseline", "resources": {"device": "cpu"}}}
    parse_comparison({"arms": [ARMS[0], other]})
