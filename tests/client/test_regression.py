"""A table whose target is a number, through the whole service: brought, trained on, compared, asked, evaluated."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sklearn.datasets import load_diabetes
from typer.testing import CliRunner, Result

from normlab.cli import app
from normlab.client import Client
from normlab.documents.comparisons import ComparisonDocument
from normlab.documents.jobs import JobDocument
from normlab.documents.states import JobState
from normlab.errors import InstancesError, ServiceError

NOT_OF_NUMBERS = ("accuracy", "percentage point", "guessing", "classes")


@pytest.fixture
def shell(client: Client) -> Callable[..., Result]:
    return lambda *arguments: CliRunner(env={"NORMLAB_URL": client.base_url}).invoke(app, arguments)


def brought(shell: Callable[..., Result], folder: Path) -> list[str]:
    """The names of the columns."""
    data = load_diabetes()
    with (folder / "patients.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*data.feature_names, "progression"])
        writer.writerows([*row, target] for row, target in zip(data.data, data.target, strict=True))
    options = ("--target", "progression", "--task", "regression", "--seed", "3")
    added = shell("dataset", "add", "patients", str(folder / "patients.csv"), *options)
    assert added.exit_code == 0, added.stderr
    return list(data.feature_names)


def compared(client: Client) -> ComparisonDocument:
    """An arm that learns, and one that goes on giving the mean of its training rows."""

    def arm(optimizer: dict[str, object], initializer: str) -> dict[str, object]:
        dense = {"type": "dense", "units": 16, "activation": "relu", "kernel_initializer": initializer}
        return {
            "architecture": {"layers": [dense]},
            "dataset": "patients",
            "probes": "off",
            "training": {"epochs": 12, "batch_size": 16, "optimizer": optimizer},
        }

    arms = {
        "hardly": arm({"name": "sgd", "learning_rate": 1e-6}, "zeros"),
        "learns": arm({"name": "adam", "learning_rate": 0.01}, "glorot_uniform"),
    }
    return client.comparisons.run(arms, replicates=5, timeout_seconds=300)


def check_comparison(client: Client, shell: Callable[..., Result], comparison: ComparisonDocument) -> None:
    assert comparison.metric == "val_r2"
    assert comparison.result is not None
    (pair,) = comparison.result.pairs
    assert pair.comparison.verdict == "b_better", pair.sentence
    assert "learns is better than hardly: its validation R² is 0." in pair.sentence
    assert (pair.mcnemar, pair.test_set, pair.cost) == ((), None, None)
    assert comparison.result.arms_that_guess == ("hardly",)
    report = client.comparisons.report(comparison.id, "md")
    said = "\n".join([report, *comparison.result.caveats, pair.sentence, str(comparison.result.headline)])
    assert [line for line in said.splitlines() if any(word in line for word in NOT_OF_NUMBERS)] == []
    assert "always answering the mean of the training rows" in said
    assert "left out where numbers are predicted" in said
    shown = shell("compare", comparison.id)
    assert shown.exit_code == 0, shown.stderr
    assert "(points)" not in shown.stdout


def check_job(client: Client, shell: Callable[..., Result], job: JobDocument) -> None:
    assert job.state is JobState.SUCCEEDED
    assert job.result is not None
    assert job.result.test_accuracy is None
    assert job.result.test_r2 is not None
    assert job.result.test_r2 > 0.2
    assert "test R²" in shell("show", job.id).stdout
    epochs = client.metrics(job.id).epochs
    assert epochs[-1].val_rmse is not None
    assert 30 < epochs[-1].val_rmse < 90
    assert epochs[-1].accuracy is None


def check_answers(
    client: Client, shell: Callable[..., Result], job: JobDocument, columns: list[str], folder: Path
) -> None:
    evaluation = client.evaluate_numbers(job.id)
    assert job.result is not None
    assert evaluation.r2 == pytest.approx(job.result.test_r2, abs=1e-4)
    assert evaluation.target == "progression"
    worst = evaluation.worst[0]
    assert worst.residual == pytest.approx(worst.target - worst.prediction)
    assert set(worst.row) == set(columns)
    rows = [error.row for error in evaluation.worst]
    answers = client.predict_numbers(job.id, rows)
    expected = [error.prediction for error in evaluation.worst]
    assert [answer.value for answer in answers] == pytest.approx(expected, rel=1e-3)
    with pytest.raises(InstancesError, match="predict_numbers"):
        client.predict(job.id, rows)
    (folder / "rows.json").write_text(json.dumps(rows[:2]))
    asked = shell("predict", job.id, str(folder / "rows.json"))
    assert asked.exit_code == 0, asked.stderr
    assert "progression" in asked.stdout
    assert "Largest errors" in shell("evaluate", job.id).stdout
    assert "root mean squared error" in client.predicted_chart(job.id, chart_format="json").decode()
    with pytest.raises(ServiceError, match="take predicted"):
        client.reliability_chart(job.id, chart_format="json")


@pytest.mark.xdist_group("service")
def test_diabetes_from_a_file_to_a_verdict_on_r2(
    client: Client, shell: Callable[..., Result], tmp_path: Path
) -> None:
    columns = brought(shell, tmp_path)
    comparison = compared(client)
    check_comparison(client, shell, comparison)
    first = {arm.name: arm.jobs[0].job for arm in comparison.arms}
    job = client.job(first["learns"])
    check_job(client, shell, job)
    check_answers(client, shell, job, columns, tmp_path)
    beside = client.compare(first.values())
    assert job.result is not None
    assert beside.jobs[1].test_r2 == job.result.test_r2
    assert not [caveat for caveat in beside.caveats if any(word in caveat for word in NOT_OF_NUMBERS)]
