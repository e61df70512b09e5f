from typing import Any

import numpy as np
import pytest
from scipy import stats

from normlab.analysis import Spending, StoppingPlan, Verdict, compare_paired, compare_until_decided
from normlab.analysis.sequential import nominal_alphas


@pytest.mark.parametrize(
    ("spending", "published"),
    [
        (Spending.POCOCK, (2.4380, 2.4268, 2.4101, 2.3966, 2.3859)),
        (Spending.OBRIEN_FLEMING, (4.8769, 3.3569, 2.6803, 2.2898, 2.0310)),
    ],
)
def test_the_boundaries_are_the_published_ones(spending: Spending, published: tuple[float, ...]) -> None:
    # Five equally spaced looks, 5 % two-sided: Reboussin, DeMets, Kim & Lan (2000), Controlled Clinical
    # Trials 21.
    alphas = nominal_alphas((0.2, 0.4, 0.6, 0.8, 1.0), 0.05, spending)
    assert [float(stats.norm.isf(alpha / 2)) for alpha in alphas] == pytest.approx(published, abs=2e-4)


def test_a_single_look_spends_all() -> None:
    assert nominal_alphas((1.0,), 0.05, Spending.POCOCK) == pytest.approx((0.05,))
    plan = StoppingPlan(6, 6)
    a, b = np.zeros(6), [1, 2, 3, 1, 2, 3]
    found = compare_until_decided(a, b, plan)
    assert found.comparison is not None
    assert found.comparison.interval == pytest.approx(compare_paired(a, b).interval)


def test_the_levels_hold_the_error_for_a_normal_mean() -> None:
    plan = StoppingPlan(5, 20)
    rng = np.random.default_rng(0)
    looks = np.array(plan.looks)
    z = np.abs(np.cumsum(rng.normal(size=(40_000, 20)), axis=1)[:, looks - 1]) / np.sqrt(looks)
    crossed = np.any(z > stats.norm.isf(np.array(plan.alphas) / 2), axis=1)
    assert crossed.mean() == pytest.approx(0.05, abs=0.004)


def test_looks() -> None:
    assert StoppingPlan(5, 12, step=3).looks == (5, 8, 11, 12)
    assert StoppingPlan(5, 11, step=3).looks == (5, 8, 11)


def test_it_waits_for_its_first_look_and_stops_when_decided() -> None:
    plan = StoppingPlan(5, 20)
    rng = np.random.default_rng(0)
    a = rng.normal(0.85, 0.003, 20)
    b = a + 0.03 + rng.normal(0, 0.003, 20)
    early = compare_until_decided(a[:4], b[:4], plan)
    assert (early.stop, early.next_look, early.looks, early.comparison) == (False, 5, 0, None)
    decided = compare_until_decided(a[:5], b[:5], plan)
    assert decided.stop
    assert decided.next_look is None
    assert decided.comparison is not None
    assert decided.comparison.verdict is Verdict.B_BETTER
    assert decided.comparison.confidence > 0.95
    assert "Look 1 of at most 16" in decided.comparison.caveats[-1]
    # What comes after the decision changes nothing.
    assert compare_until_decided(a, b, plan) == decided


def test_it_goes_on_while_undecided_and_ends_at_the_maximum() -> None:
    plan = StoppingPlan(5, 8)
    a, b = np.zeros(8), np.tile([0.01, -0.01], 4)
    middle, end = compare_until_decided(a[:6], b[:6], plan), compare_until_decided(a, b, plan)
    assert (middle.stop, middle.next_look, middle.looks) == (False, 7, 2)
    assert (end.stop, end.next_look, end.looks) == (True, None, 4)
    assert end.comparison is not None
    assert end.comparison.verdict is Verdict.INCONCLUSIVE
    assert end.to_document()["comparison"]["verdict"] == "inconclusive"


def test_equivalence_ends_it_too() -> None:
    rng = np.random.default_rng(0)
    found = compare_until_decided(
        rng.normal(0, 0.001, 8), rng.normal(0, 0.001, 8), StoppingPlan(5, 20), equivalence_margin=0.02
    )
    assert found.comparison is not None
    assert found.comparison.verdict is Verdict.EQUIVALENT


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"start": 2, "maximum": 5}, "start should be at least 3"),
        ({"start": 5, "maximum": 4}, "maximum should be at least start"),
        ({"start": 5, "maximum": 9, "step": 0}, "step should be at least 1"),
        ({"start": 5, "maximum": 9, "confidence": 2}, "confidence should be"),
    ],
)
def test_plans_that_cannot_be_followed(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        StoppingPlan(**options)
