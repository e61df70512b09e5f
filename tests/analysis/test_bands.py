import numpy as np
import pytest
from scipy import stats

from normlab.analysis import difference_band
from normlab.analysis.bands import _reading
from normlab.analysis.intervals import Interval


def curves(pairs: int, epochs: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    offsets = rng.normal(0, 0.003, (2, pairs, 1))
    noise = rng.normal(0, 0.002, (2, pairs, epochs))
    a, b = 0.85 - 0.1 / np.arange(1, epochs + 1) + offsets + noise
    return a, b


def test_one_epoch_is_students_interval() -> None:
    a, b = curves(6, 1)
    found = difference_band(a, b)
    expected = stats.ttest_rel(b[:, 0], a[:, 0]).confidence_interval(0.95)
    assert found.band[0] == pytest.approx(tuple(expected))


def test_it_is_wider_than_one_interval_and_no_wider_than_bonferronis() -> None:
    a, b = curves(8, 12)
    critical = difference_band(a, b).critical_value
    assert stats.t.isf(0.025, 7) < critical <= stats.t.isf(0.025 / 12, 7)


def test_epochs_that_go_together_need_less_width() -> None:
    rng = np.random.default_rng(0)
    offset = rng.normal(0, 1, (10, 1))
    together = offset + rng.normal(0, 0.01, (10, 20))
    apart = rng.normal(0, 1, (10, 20))
    assert difference_band(np.zeros((10, 20)), together).critical_value < (
        difference_band(np.zeros((10, 20)), apart).critical_value - 0.2
    )


def test_it_covers_the_whole_curve() -> None:
    missed = 0
    for seed in range(150):
        a, b = curves(5, 10, seed)
        missed += any(interval.excludes_zero() for interval in difference_band(a, b).band)
    # 5 % of 150 are 7.5; a test at each epoch would miss in about a fifth.
    assert missed <= 13


def test_its_reading() -> None:
    a, b = curves(10, 12)
    b = b + np.where(np.arange(12) < 7, 0.05, 0.0)
    assert difference_band(a, b).reading == "b ahead from epoch 1 to 7, no difference shown after."
    assert difference_band(a, b, names=("plain", "norm"), higher_is_better=False).reading == (
        "plain ahead from epoch 1 to 7, no difference shown after."
    )
    assert difference_band(a, a).reading == "No difference shown at any epoch."


def test_readings_of_all_shapes() -> None:
    above, below, around = Interval(1, 2), Interval(-2, -1), Interval(-1, 1)
    assert _reading([around, above, above], ("a", "b")) == (
        "No difference shown at epoch 1, b ahead from epoch 2 to 3."
    )
    assert _reading([below, above, around], ("a", "b")) == (
        "a ahead at epoch 1, b ahead at epoch 2, no difference shown after."
    )


def test_one_pair_shows_nothing() -> None:
    found = difference_band([[0.1, 0.2]], [[0.9, 0.9]])
    assert found.reading == "No difference shown at any epoch."
    assert found.to_document()["band"][0] == {"low": None, "high": None}


def test_epochs_without_spread_have_no_width() -> None:
    a = np.array([[0.1, 0.5], [0.1, 0.6], [0.1, 0.4]])
    found = difference_band(a, a + np.array([[0.1, 0.2], [0.1, 0.0], [0.1, -0.1]]))
    assert found.band[0] == pytest.approx((0.1, 0.1))


def test_tables_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="same pairs and epochs"):
        difference_band([[1.0, 2.0]], [[1.0]])
    with pytest.raises(ValueError, match="a row for each run"):
        difference_band([1.0], [1.0])
    with pytest.raises(ValueError, match="rows and columns"):
        difference_band(np.zeros((0, 3)), np.zeros((0, 3)))
    with pytest.raises(ValueError, match=r"b\[0, 1\] is nan"):
        difference_band([[1.0, 2.0]], [[1.0, float("nan")]])
