"""What a run says of its own figures: nothing learned, still rising."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from normlab.documents.states import WarningCode
from normlab.spec import JobSpec
from normlab.spec.runs import Concern, StopReason
from normlab.training import TrainResult
from normlab.training.concerns import binomial_tail, majority_test
from support.epochs import made_up_epoch

pytestmark = pytest.mark.xdist_group(__name__)  # one process makes what all tests here share


@pytest.fixture(scope="module")
def guessing(small_spec: Callable[..., JobSpec], data_dir: Any) -> TrainResult:
    from normlab.training import train  # noqa: PLC0415 - loads TensorFlow

    return train(small_spec("deep_sigmoid", {"epochs": 2}), data_dir=data_dir)


def concerns(result: TrainResult) -> list[Concern]:
    return [remark.concern for remark in result.remarks]


def test_the_binomial_test_is_exact() -> None:
    for samples, share in ((10, 0.1), (137, 0.117), (360, 0.1028), (10_000, 0.1), (5, 1.0)):
        for correct in {0, 1, round(samples * share), round(samples * share * 1.3) % (samples + 1), samples}:
            expected = stats.binomtest(correct, samples, share, alternative="greater").pvalue
            assert binomial_tail(samples, correct, share) == pytest.approx(expected, rel=1e-9, abs=1e-300)


def test_the_majority_is_that_of_the_labels() -> None:
    found = majority_test(np.array([2, 2, 2, 0, 1, 1]), 4)
    assert (found.samples, found.correct, found.majority_class, found.majority_share) == (6, 4, 2, 0.5)
    assert found.p_value == pytest.approx(22 / 64)


def test_a_network_that_learned_nothing_says_so(guessing: TrainResult) -> None:
    assert concerns(guessing) == [Concern.NOTHING_LEARNED]
    (remark,) = guessing.remarks
    assert "of 360 samples) cannot be told from always answering" in remark.detail
    assert "exact binomial test, p = 0." in remark.detail
    assert "nor can the validation accuracy" in remark.detail
    test = guessing.majority["test"]
    assert (test.samples, test.correct) == (360, int(guessing.test_correct.sum()))
    validation = guessing.majority["validation"]
    assert validation.samples == 60
    assert validation.correct / 60 == pytest.approx(guessing.history[-1].val_accuracy)


def test_without_validation_the_test_set_says_it(
    small_spec: Callable[..., JobSpec], run: Callable[..., TrainResult]
) -> None:
    spec = small_spec("deep_sigmoid", {"epochs": 1}, dataset={"name": "digits", "validation_samples": 0})
    result = run(spec)
    assert set(result.majority) == {"test"}
    assert concerns(result) == [Concern.NOTHING_LEARNED]


def test_a_network_that_learned_and_has_settled_says_nothing(
    small_spec: Callable[..., JobSpec], run: Callable[..., TrainResult]
) -> None:
    result = run(small_spec("baseline", {"epochs": 30, "optimizer": "adam"}))
    assert result.test_accuracy > 0.5
    assert result.majority["test"].p_value < 1e-12
    assert concerns(result) == []


def with_curve(result: TrainResult, values: Sequence[float], **fields: Any) -> TrainResult:
    """The run with other validation accuracies, on 60 samples, and a test accuracy that was learned."""
    history = tuple(
        made_up_epoch(epoch, accuracy=value, val_accuracy=value, **fields)
        for epoch, value in enumerate(values, 1)
    )
    learned = replace(result.majority["test"], correct=300, p_value=0.0)
    majority = {**result.majority, "test": learned}
    return replace(result, history=history, kept_epoch=len(history), majority=majority)


@pytest.mark.parametrize(
    ("values", "rises"),
    [
        ([0.2, 0.5], True),
        ([0.2, 0.3, 0.4, 0.5, 0.6, 0.7], True),
        ([0.2, 0.6, 0.7, 0.7, 0.7, 0.7], False),
        ([0.5, 0.55], False),  # chance alone does this on 60 samples
        ([0.9, 0.5, 0.2], False),
        ([0.5], False),
    ],
)
def test_a_curve_that_still_rises_says_so(guessing: TrainResult, values: list[float], rises: bool) -> None:
    result = with_curve(guessing, values)
    assert concerns(result) == ([Concern.STILL_RISING] if rises else [])
    if rises:
        (remark,) = result.remarks
        assert "the validation accuracy still rose when training ended, from" in remark.detail
        assert "chance on 60 samples" in remark.detail


def test_a_rise_at_a_schedules_end_or_before_early_stopping_is_none(guessing: TrainResult) -> None:
    rising = with_curve(guessing, [0.2, 0.4, 0.8])
    assert concerns(replace(rising, stop_reason=StopReason.EARLY_STOPPING)) == []
    annealed = (
        *rising.history[:-1],
        rising.history[-1].model_copy(update={"learning_rate": 0.001}),
    )
    assert concerns(replace(rising, history=annealed)) == []


def test_every_concern_is_a_warning_of_a_job() -> None:
    assert {WarningCode(concern.value) for concern in Concern} < set(WarningCode)
