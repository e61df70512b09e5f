import math

import numpy as np
import pytest

from normlab.analysis import Verdict, compare_arms
from normlab.analysis.arms import describe_arm
from normlab.analysis.verdict import DecidingTest
from normlab.spec.metrics import Metric


def test_two_arms_are_compared_as_they_are() -> None:
    (pair,) = compare_arms({"x": [0.1, 0.2, 0.3, 0.2], "y": [0.3, 0.4, 0.52, 0.41]})
    assert (pair.a, pair.b) == ("x", "y")
    assert pair.comparison.confidence == 0.95
    assert pair.comparison.verdict is Verdict.B_BETTER
    assert pair.adjusted_p_value == pair.comparison.deciding_p_value == 2 * pair.comparison.t_p_value


def test_three_arms_share_the_error() -> None:
    rng = np.random.default_rng(0)
    base = rng.normal(0.85, 0.003, 8)
    arms = {"a": base, "b": base + 0.02 + rng.normal(0, 0.001, 8), "c": base + rng.normal(0, 0.001, 8)}
    pairs = {(pair.a, pair.b): pair for pair in compare_arms(arms)}
    assert list(pairs) == [("a", "b"), ("a", "c"), ("b", "c")]
    assert pairs["a", "b"].comparison.verdict is Verdict.B_BETTER
    assert pairs["b", "c"].comparison.verdict is Verdict.A_BETTER
    assert pairs["a", "c"].comparison.verdict is Verdict.INCONCLUSIVE
    # Two were found different, so the third is tested alone.
    assert pairs["a", "c"].comparison.confidence == pytest.approx(0.95)
    assert sorted(round(pair.comparison.confidence, 4) for pair in pairs.values()) == [0.95, 0.975, 0.9833]
    assert all("3 pairs of arms were compared" in pair.comparison.caveats[-1] for pair in pairs.values())


def test_corrected_p_values_never_fall_with_what_is_corrected() -> None:
    # With 7 pairs the exact test can decide the last steps of Holm's procedure (5 and 2.5 %), but not the first.
    noise = np.random.default_rng(4).normal(0, 0.001, (4, 7))
    arms = {str(index): 0.8 + step + noise[index] for index, step in enumerate((0, 0.01, 0.0111, 0.021))}
    tested = sorted(compare_arms(arms), key=lambda pair: (-pair.comparison.confidence, pair.adjusted_p_value))
    adjusted = [pair.adjusted_p_value for pair in tested]
    assert {pair.comparison.deciding_test for pair in tested} > {DecidingTest.T_ALONE}
    assert adjusted == sorted(adjusted)
    by_t_test = sorted(tested, key=lambda pair: pair.comparison.t_p_value)
    assert [pair.adjusted_p_value for pair in by_t_test] == adjusted
    for pair in tested:
        assert (pair.adjusted_p_value <= 0.05) == pair.comparison.verdict.better


def test_one_arm_is_no_comparison() -> None:
    with pytest.raises(ValueError, match="at least two arms"):
        compare_arms({"a": [1.0]})


def test_four_arms_that_are_alike_are_rarely_told_apart() -> None:
    rng = np.random.default_rng(1)
    false = 0
    for _ in range(40):
        arms = {str(index): rng.normal(0.85, 0.003, 6) for index in range(4)}
        false += any(pair.comparison.verdict is not Verdict.INCONCLUSIVE for pair in compare_arms(arms))
    # Each pair at 5 % alone would tell some pair apart in about one comparison of five.
    assert false <= 5


def test_an_arms_interval_ends_where_no_mean_can_lie() -> None:
    values = [0.99, 1.0, 0.97]
    whole, cut = (
        describe_arm(values).interval,
        describe_arm(values, bounds=Metric.VAL_ACCURACY.bounds).interval,
    )
    assert whole.high > 1.01
    assert cut == (whole.low, 1.0)
    assert describe_arm([0.01, 0.3], bounds=Metric.TEST_LOSS.bounds).interval.low == 0.0
    assert describe_arm([0.9], bounds=(0.0, 1.0)).interval == (-math.inf, math.inf)  # one value says nothing


def test_an_arm() -> None:
    # By hand: mean 4, sum of squares 9 + 1 + 1 + 9 = 20, sd = √(20/3), t(3, 0.975) = 3.1824.
    found = describe_arm([1, 3, 5, 7])
    assert (found.mean, found.standard_deviation) == pytest.approx((4, (20 / 3) ** 0.5))
    assert found.interval == pytest.approx((4 - 3.18245 * 1.290994, 4 + 3.18245 * 1.290994), abs=1e-4)
    assert describe_arm([0.5]).to_document() == {
        "values": [0.5],
        "mean": 0.5,
        "standard_deviation": None,
        "interval": {"low": None, "high": None},
        "basis": {
            "level": 0.95,
            "together": 0.95,
            "corrected_for": [],
            "supposes": "runs that do not depend on each other, and values that are roughly normal",
        },
    }
