"""Costs are said where they are decided, with the uncertainty that they have."""

import numpy as np
import pytest

from normlab.analysis import ArmCost, Verdict, compare_paired, cost_of_a_point, pareto_front
from normlab.analysis.cost import CostOfAPoint
from normlab.analysis.ratio import fieller_interval

ACCURATE = np.array([0.890, 0.891, 0.889, 0.892, 0.888, 0.890])
PLAIN = np.array([0.840, 0.842, 0.838, 0.841, 0.839, 0.8405])
CHEAP, DEAR = np.array([10.0, 10.1, 9.9, 10.2, 9.8, 10.0]), np.array([20.0, 20.3, 19.8, 20.1, 19.9, 20.2])


def cost(plain: np.ndarray, norm: np.ndarray, seconds: tuple[np.ndarray, np.ndarray]) -> CostOfAPoint:
    return cost_of_a_point(compare_paired(plain, norm), (plain, norm), seconds, ("plain", "norm"))


def test_a_point_costs_what_it_costs_give_or_take() -> None:
    found = cost(PLAIN, ACCURATE, (CHEAP, DEAR))
    assert found.seconds_per_point == pytest.approx((DEAR - CHEAP).mean() / 4.992, rel=1e-3)
    assert found.interval is not None
    assert found.interval.low < found.seconds_per_point < found.interval.high
    assert found.basis is not None
    assert found.basis.level == 0.95
    assert "for each percentage point (95 % interval" in found.reading
    turned = cost(ACCURATE, PLAIN, (DEAR, CHEAP))
    assert turned.seconds_per_point == pytest.approx(found.seconds_per_point)


def test_nothing_decided_costs_nothing() -> None:
    luck = np.array([0.01, -0.01, 0.012, -0.011, 0.002, 0.001])
    found = cost(PLAIN, PLAIN + luck, (CHEAP, DEAR))
    assert (found.seconds_per_point, found.interval, found.basis) == (None, None, None)
    assert found.reading == "No cost of a point: it is not decided which of plain and norm is more accurate."


def test_seconds_that_are_not_told_apart_have_no_ratio() -> None:
    found = cost(PLAIN, ACCURATE, (CHEAP, CHEAP[::-1]))
    assert found.dearer is None
    assert found.seconds_per_point is None
    assert "which of them needs more seconds of training is not decided" in found.reading


def test_what_is_better_and_cheaper_has_no_price() -> None:
    found = cost(PLAIN, ACCURATE, (DEAR, CHEAP))
    assert found.seconds_per_point is None
    assert found.reading == "norm is more accurate than plain and needs fewer seconds of training."


@pytest.mark.parametrize("pairs", [3, 6, 20])
def test_fiellers_interval_holds_the_ratio_as_often_as_it_says(pairs: int) -> None:
    rng = np.random.default_rng(pairs)
    held = unbounded = 0
    for _ in range(2_000):
        noise = rng.normal(size=(2, pairs))
        # Correlated, as an arm's seconds and its accuracy may be.
        seconds, points = 12 + noise[0], 4 + 0.6 * noise[0] + 0.8 * noise[1]
        interval = fieller_interval(seconds, points, 0.95)
        unbounded += interval is None
        held += interval is None or interval.low <= 3 <= interval.high
    assert 0.935 <= held / 2_000 <= 0.965
    assert (unbounded > 0) == (pairs == 3)


def test_fiellers_interval_is_the_textbooks() -> None:
    # By hand: with a denominator that does not vary it is Student's interval, divided.
    found = fieller_interval(np.array([9.0, 10.0, 11.0]), np.array([2.0, 2.0, 2.0]), 0.95)
    half = 4.30265 / np.sqrt(3)
    assert found == pytest.approx(((10 - half) / 2, (10 + half) / 2), abs=1e-5)
    assert fieller_interval(np.array([1.0, 2.0, 3.0]), np.array([1.0, -1.0, 0.5]), 0.95) is None
    assert fieller_interval(np.array([1.0]), np.array([1.0]), 0.95) is None


def test_the_pareto_front_needs_every_two_arms_decided() -> None:
    arms = {"dear": ArmCost(20, 0.89), "cheap": ArmCost(10, 0.84), "beaten": ArmCost(20, 0.80)}
    worse = PLAIN - 0.04
    better, same, much = (
        cost(PLAIN, ACCURATE, (CHEAP, DEAR)),
        cost(PLAIN, worse, (CHEAP, CHEAP[::-1])),
        cost(PLAIN, worse, (CHEAP, DEAR)),
    )
    decided = [
        ("cheap", "dear", Verdict.B_BETTER, better),
        ("cheap", "beaten", Verdict.A_BETTER, much),
        ("dear", "beaten", Verdict.A_BETTER, cost(ACCURATE, worse, (CHEAP, DEAR))),
    ]
    assert pareto_front(arms, decided) == ("cheap", "dear")
    assert pareto_front(arms, decided[:2]) is None
    assert pareto_front(arms, [*decided[:2], ("dear", "beaten", Verdict.INCONCLUSIVE, better)]) is None
    assert pareto_front(arms, [*decided[:2], ("dear", "beaten", Verdict.A_BETTER, same)]) is None
    assert pareto_front(arms, [("cheap", "dear", Verdict.EQUIVALENT, better), *decided[1:]]) == ("cheap",)
