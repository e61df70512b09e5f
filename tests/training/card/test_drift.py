"""Parts that differ are found by tests that are those of SciPy; parts that were drawn are not."""

import numpy as np
import pytest
from scipy import stats

from normlab.training.datasets.card import drift
from normlab.training.datasets.card.moments import Moments


def test_p_values_of_means_are_those_of_welch():
    rng = np.random.default_rng(0)
    first, second = rng.normal(0, 1, (150, 4)), rng.normal([0, 0.1, 0.5, 2], 2, (80, 4))
    moments = Moments(4), Moments(4)
    for one, rows in zip(moments, (first, second), strict=True):
        one.add(rows)
    _, p_values = drift.means_differ(*moments)
    np.testing.assert_allclose(p_values, stats.ttest_ind(first, second, equal_var=False).pvalue, rtol=1e-6)


def test_the_p_value_of_class_shares_is_that_of_pearson():
    training, test = np.array([300.0, 200.0, 100.0]), np.array([40.0, 50.0, 60.0])
    moved, p_value = drift.shares_differ(training, test)
    expected = stats.chi2_contingency(np.array([training, test]), correction=False).pvalue
    assert p_value == pytest.approx(expected)
    assert moved == pytest.approx((abs(0.5 - 4 / 15) + abs(1 / 3 - 1 / 3) + abs(1 / 6 - 0.4)) / 2)


def test_classes_that_are_too_rare_for_the_chi_square_are_joined():
    training, test = np.array([990.0, *[1.0] * 10]), np.array([100.0, *[0.0] * 10])
    assert drift.shares_differ(training, test)[1] > drift.LEVEL


def test_other_shares_of_classes_in_the_test_part_are_told(healthy):
    healthy.y_test[healthy.y_test == 0] = 1
    found = healthy.findings()["class_shares_differ"]
    assert found.numbers["moved"] == pytest.approx(0.25)
    assert found.examples[0] == "a: 25 % in training, 0 % in test"


def test_a_darker_test_part_is_told_with_its_effect(healthy):
    healthy.x_test[:] = healthy.x_test * 0.7
    found = healthy.findings()["parts_differ"]
    assert found.numbers["effect"] < -drift.EFFECT
    assert found.numbers["p_value"] < drift.LEVEL


def test_a_shift_of_one_column_in_a_table_is_told_by_the_column(healthy):
    rng = np.random.default_rng(3)
    table = healthy.with_arrays(
        x_train=rng.normal(size=(400, 5)).astype(np.float32),
        x_test=rng.normal([0, 0, 1, 0, 0], size=(120, 5)).astype(np.float32),
    )
    table.pixel_max = 1
    assert table.findings()["parts_differ"].examples[0].startswith("column 2: +")


def test_a_test_part_that_is_too_small_for_the_level_is_not_judged(healthy):
    healthy.x_test, healthy.y_test = healthy.x_test[:99] // 2, healthy.y_test[:99]
    assert "parts_differ" not in healthy.findings()
