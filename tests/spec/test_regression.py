"""Specs whose dataset's targets are numbers: losses, monitors and what is refused; figures against scikit-learn's."""

from typing import Any

import numpy as np
import pytest

from normlab.errors import SpecError
from normlab.spec import DatasetContent, estimate, parse_job_spec, plan_job
from normlab.spec.columns import Task
from normlab.spec.epochs import EpochMetrics
from normlab.spec.losses import LOSSES, losses_of
from normlab.spec.metrics import Metric
from normlab.spec.monitors import better
from normlab.spec.plan import predicts_numbers
from normlab.spec.regression import RegressionFigures
from support.uploaded import NUMBERS, Shelf

SHELF = Shelf(DatasetContent.model_validate(NUMBERS))


def spec_of(dataset: Any = "parts", **training: Any) -> Any:
    return {"architecture": "baseline", "dataset": dataset, "training": training}


def problems_of(**training: Any) -> dict[str, str]:
    body = spec_of(**training)
    with pytest.raises(SpecError) as caught:
        parse_job_spec(body, datasets=SHELF)
    return {problem.pointer: problem.detail for problem in caught.value.problems}


def test_loss_is_the_squared_error_unless_it_is_said_and_is_written_down() -> None:
    spec = parse_job_spec(spec_of(), datasets=SHELF)
    document = spec.to_document()
    assert document["training"]["loss"] == {"name": "mean_squared_error"}
    assert parse_job_spec(document) == spec
    said = parse_job_spec(spec_of(loss="mean_squared_error"), datasets=SHELF)
    assert said.digest == spec.digest
    other = parse_job_spec(spec_of(loss={"name": "huber", "delta": 0.5}), datasets=SHELF)
    assert other.digest != spec.digest
    bare = parse_job_spec({"architecture": "baseline", "dataset": "parts"}, datasets=SHELF)
    assert bare.digest == spec.digest
    assert "loss" not in parse_job_spec({"architecture": "baseline"}).to_document()["training"]


def test_the_output_layer_has_one_unit() -> None:
    spec = parse_job_spec(spec_of(), datasets=SHELF)
    assert predicts_numbers(plan_job(spec))
    assert estimate(spec).layers[-1].output_shape == (1,)
    assert not predicts_numbers(plan_job(parse_job_spec({"architecture": "baseline"})))


@pytest.mark.parametrize("loss", losses_of(Task.CLASSIFICATION))
def test_a_loss_of_classes_is_refused(loss: str) -> None:
    assert problems_of(loss=loss)["/training/loss"].endswith(
        "take mean_squared_error, mean_absolute_error or huber"
    )


@pytest.mark.parametrize("loss", losses_of(Task.REGRESSION))
def test_a_loss_of_numbers_is_refused_for_classes(loss: str) -> None:
    with pytest.raises(
        SpecError, match="fashion_mnist, whose targets are classes: take cross_entropy or focal"
    ):
        parse_job_spec(spec_of("fashion_mnist", loss=loss))
    assert LOSSES[loss].task is Task.REGRESSION


@pytest.mark.parametrize(
    ("training", "pointer", "said"),
    [
        ({"class_weight": "balanced"}, "/training/class_weight", "weighs classes"),
        ({"class_weight": {"0": 2.0}}, "/training/class_weight", "weighs classes"),
        ({"target_accuracy": 0.9}, "/training/target_accuracy", "right answers"),
        ({"early_stopping": {"monitor": "val_accuracy"}}, "/training/early_stopping/monitor", "val_r2"),
        (
            {"learning_rate_schedule": {"name": "reduce_on_plateau", "monitor": "accuracy"}},
            "/training/learning_rate_schedule/monitor",
            "val_rmse",
        ),
        (
            {"loss": {"name": "mean_squared_error", "label_smoothing": 0.1}},
            "/training/loss/label_smoothing",
            "",
        ),
        ({"augmentation": ["flip"]}, "/training/augmentation/0", "changes pictures"),
    ],
)
def test_what_is_of_classes_is_refused(training: dict[str, Any], pointer: str, said: str) -> None:
    assert said in problems_of(**training)[pointer]


def test_monitors_of_numbers() -> None:
    parse_job_spec(spec_of(early_stopping={"monitor": "val_r2"}), datasets=SHELF)
    with pytest.raises(SpecError, match="val_r2 is not of fashion_mnist"):
        parse_job_spec(spec_of("fashion_mnist", early_stopping={"monitor": "val_r2"}))
    without = spec_of({"name": "parts", "validation_samples": 0}, early_stopping={"monitor": "val_rmse"})
    with pytest.raises(SpecError, match="monitor loss or r2 instead"):
        parse_job_spec(without, datasets=SHELF)
    assert better("val_rmse", 1.0, 2.0, 0.5)
    assert better("val_r2", -0.5, -2.0, 0.5)
    assert not better("r2", 0.4, 0.5, 0.0)


def test_metrics_of_numbers_know_their_direction_and_are_no_fractions() -> None:
    numbers = [metric for metric in Metric if metric.task is Task.REGRESSION]
    assert len(numbers) == 12
    assert [metric for metric in numbers if metric.higher_is_better] == ["val_r2", "test_r2", "r2"]
    assert not any(metric.is_fraction or metric.is_accuracy for metric in numbers)
    assert Metric.TEST_RMSE.along_epochs is Metric.VAL_RMSE
    assert Metric.VAL_RMSE.words == "validation root mean squared error"


def test_epochs_of_classes_are_written_as_they_were() -> None:
    seconds = dict.fromkeys(("train_seconds", "evaluate_seconds", "compile_seconds", "elapsed_seconds"), 1.0)
    classes = EpochMetrics(epoch=1, learning_rate=0.1, loss=1.0, accuracy=0.5, **seconds)
    assert not {"mse", "val_r2"} & set(classes.model_dump())
    numbers = EpochMetrics(epoch=1, learning_rate=0.1, loss=1.0, val_r2=-1.5, **seconds)
    assert numbers.model_dump(mode="json")["val_r2"] == -1.5
    assert Metric.VAL_R2.at(numbers) == -1.5


def test_figures_are_scikit_learns() -> None:
    from sklearn import metrics  # noqa: PLC0415  (slow to import)

    draw = np.random.default_rng(3)
    targets, predicted = draw.normal(150, 70, 200), draw.normal(150, 70, 200)
    found = RegressionFigures.of(targets, predicted).named("val_")
    assert found == pytest.approx(
        {
            "val_mse": metrics.mean_squared_error(targets, predicted),
            "val_rmse": metrics.root_mean_squared_error(targets, predicted),
            "val_mae": metrics.mean_absolute_error(targets, predicted),
            "val_r2": metrics.r2_score(targets, predicted),
        },
        rel=1e-12,
    )
    assert RegressionFigures.of(np.ones(5), np.zeros(5)).r2 is None
