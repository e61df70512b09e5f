"""Comparisons of arms that predict numbers: which metrics they may have, and which they have unless they say."""

from typing import Any

import pytest

from normlab.claims.parse import parse_trial
from normlab.comparisons.parse import parse_comparison
from normlab.errors import SpecError
from normlab.spec import DatasetContent
from support.uploaded import NUMBERS, PARTS, Shelf

SHELF = Shelf(DatasetContent.model_validate(NUMBERS))


def request(**fields: Any) -> dict[str, Any]:
    arms = [
        {"name": name, "spec": {"architecture": name, "dataset": "parts"}}
        for name in ("baseline", "baseline_with_batch_norm")
    ]
    return {"arms": arms, **fields}


def problems_of(body: Any) -> dict[str, str]:
    with pytest.raises(SpecError) as caught:
        parse_comparison(body, datasets=SHELF)
    return {problem.pointer: problem.detail for problem in caught.value.problems}


def test_arms_are_compared_by_r2_unless_somebody_says_otherwise() -> None:
    asked, specs = parse_comparison(request(), datasets=SHELF)
    assert asked.question.metric == "val_r2"
    assert {spec.training.loss.name for spec in specs} == {"mean_squared_error"}
    asked, _ = parse_comparison(request(metric="test_rmse", equivalence_margin=2.5), datasets=SHELF)
    assert (asked.question.metric, asked.question.equivalence_margin) == ("test_rmse", 2.5)
    of_classes, _ = parse_comparison(request(), datasets=Shelf(DatasetContent.model_validate(PARTS)))
    assert of_classes.question.metric == "val_accuracy"


@pytest.mark.parametrize(
    ("fields", "pointer", "said"),
    [
        ({"metric": "val_accuracy"}, "/metric", "val_accuracy is of classes"),
        ({"metric": "test_loss"}, "/metric", "standardized targets"),
        ({"target_accuracy": 0.9}, "/target_accuracy", "right answers"),
    ],
)
def test_what_is_of_classes_is_refused(fields: dict[str, Any], pointer: str, said: str) -> None:
    assert said in problems_of(request(**fields))[pointer]


def test_a_metric_of_numbers_is_refused_for_classes() -> None:
    body = request(metric="val_rmse")
    for arm in body["arms"]:
        arm["spec"]["dataset"] = "digits"
    assert "these arms predict classes" in problems_of(body)["/metric"]


def test_arms_of_two_tasks_are_refused() -> None:
    body = request()
    body["arms"][1]["spec"]["dataset"] = "digits"
    assert (
        "is of classification, and that of arm 0 of regression" in problems_of(body)["/arms/1/spec/dataset"]
    )


def test_claims_are_about_classes() -> None:
    with pytest.raises(SpecError, match="claims are about networks that learn classes") as caught:
        parse_trial({"arms": request()["arms"]}, datasets=SHELF)
    assert [problem.pointer for problem in caught.value.problems] == [
        "/arms/0/spec/dataset",
        "/arms/1/spec/dataset",
    ]
