from typing import Any

import numpy as np
import pytest

from normlab.analysis import log_rank, time_to_target

# Freireich et al. (1963), weeks of remission of leukaemia patients under 6-MP and placebo; the classic
# example of
# survival analysis (Kalbfleisch & Prentice; Klein & Moeschberger, example 1.2).
TREATED = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
RELAPSED = np.array([1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0], dtype=bool)
PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
ALL = np.ones(21, dtype=bool)


def test_kaplan_meier_of_the_published_example() -> None:
    found = time_to_target(TREATED, RELAPSED)
    assert found.times == (6, 7, 10, 13, 16, 22, 23)
    assert found.not_reached == pytest.approx((0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448), abs=5e-4)
    assert (found.runs, found.reached, found.median) == (21, 9, 23)
    assert found.ended_without == (6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35)
    assert "12 of 21 runs ended before the target" in found.caveats[0]
    assert time_to_target(PLACEBO, ALL).median == 8


def test_log_rank_of_the_published_example() -> None:
    found = log_rank(TREATED, RELAPSED, PLACEBO, ALL)
    assert found.statistic**2 == pytest.approx(16.79, abs=0.01)
    assert found.p_value == pytest.approx(4.17e-5, rel=0.01)
    # Patients under placebo relapse sooner, so the first group is the slower one.
    assert found.statistic < 0
    assert found.caveats == ()


def test_nobody_reaches_the_target() -> None:
    found = time_to_target([3.0, 4.0], [False, False])
    assert (found.reached, found.times, found.median) == (0, (), None)
    ranks = log_rank([3.0, 4.0], [False, False], [5.0], [False])
    assert (ranks.statistic, ranks.p_value) == (0.0, 1.0)
    assert "Only 0 runs reached the target" in ranks.caveats[0]


def test_fewer_than_half_reach_it() -> None:
    assert time_to_target([1.0, 4.0, 4.0], [True, False, False]).median is None


def test_exactly_half_reach_it() -> None:
    assert time_to_target([1.0, 2.0, 4.0, 4.0], [True, True, False, False]).median == 2.0


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (([1.0, 1.0], [True, True]), ([1.0, 1.0], [True, True])),  # all at one moment
        (([1.0], [False]), ([2.0], [True])),  # nobody of the other arm is under watch any more
    ],
)
def test_times_that_tell_nothing(a: Any, b: Any) -> None:
    assert log_rank(*a, *b).p_value == 1.0


@pytest.mark.parametrize(
    ("times", "reached", "message"),
    [
        ([1.0], [1], "True or False for each"),
        ([1.0, 2.0], [True], "True or False for each of the 2"),
        ([-1.0], [True], "should be durations"),
        ([], [], "at least 1 value"),
    ],
)
def test_what_is_no_time_to_a_target(times: Any, reached: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        time_to_target(times, reached)
