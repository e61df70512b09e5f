"""Diagnosis of runs that predict numbers: what their epochs say, in squared errors, and no word of accuracy."""

from typing import Any

import pytest

from normlab.analysis.diagnosis.diagnose import diagnose
from normlab.analysis.diagnosis.finding import Severity
from normlab.spec import DatasetContent, JobSpec, parse_job_spec
from normlab.spec.epochs import EpochMetrics
from support.measured_runs import only
from support.uploaded import NUMBERS, Shelf

LARGE = {**NUMBERS, "training_samples": 1324, "default_validation_samples": 300}
VARIANCE = 4000.0


@pytest.fixture(scope="module")
def spec() -> JobSpec:
    body = {"architecture": "baseline", "dataset": "parts", "training": {"epochs": 4}}
    return parse_job_spec(body, datasets=Shelf(DatasetContent.model_validate(LARGE)))


def epochs_of(*errors: tuple[float, float]) -> list[EpochMetrics]:
    """By epoch the mean squared errors of training and validation, as parts of the targets' variance."""
    seconds = dict.fromkeys(("train_seconds", "evaluate_seconds", "compile_seconds", "elapsed_seconds"), 1.0)
    return [
        EpochMetrics(
            epoch=number,
            learning_rate=0.01,
            loss=trained,
            mse=trained * VARIANCE,
            r2=1 - trained,
            val_mse=validated * VARIANCE,
            val_r2=1 - validated,
            **seconds,
        )
        for number, (trained, validated) in enumerate(errors, 1)
    ]


@pytest.mark.parametrize(
    ("errors", "code", "words"),
    [
        (((1.01, 1.0),) * 4, "loss_at_ceiling", "always answering the mean"),
        (((0.5, 0.5), (0.3, 0.4), (0.2, 0.6), (0.1, 0.9)), "overfitting", "mean squared error on validation"),
        (((0.9, 0.9), (0.7, 0.7), (0.6, 0.6), (0.4, 0.4)), "training_unfinished", "still fell from"),
        (((0.4, 0.5), (0.3, 0.5), (0.9, 0.5), (2.0, 0.5)), "training_diverges", "training loss was 0.3"),
    ],
)
def test_what_epochs_of_numbers_say(
    errors: tuple[tuple[float, float], ...], code: str, words: str, spec: JobSpec
) -> None:
    finding = only(diagnose([], spec, epochs_of(*errors)), code)
    assert words in finding.sentence
    assert "accuracy" not in finding.sentence
    assert "classes" not in finding.sentence


def test_a_healthy_run_has_no_finding(spec: JobSpec) -> None:
    steady: Any = ((0.5, 0.55), (0.42, 0.5), (0.41, 0.5), (0.4, 0.5))
    assert diagnose([], spec, epochs_of(*steady)).findings == ()
    unfinished = diagnose([], spec, epochs_of((0.9, 0.9), (0.4, 0.4))).findings
    assert [finding.severity for finding in unfinished] == [Severity.NOTE]
