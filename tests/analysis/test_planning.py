"""How many further pairs would decide it: a range that says how little is known."""

import numpy as np
import pytest
from scipy import stats

from normlab.analysis.planning import (
    FurtherPairs,
    effect_interval,
    further_pairs,
    pairs_for_difference,
)


def test_the_textbooks_number_of_pairs() -> None:
    # d_z = 0.5 with a power of 80 % at 5 %, two-sided: 34 pairs (Cohen 1988, table 2.4.1, by G*Power).
    assert 33 < pairs_for_difference(0.5, 0.05) <= 34


@pytest.mark.parametrize(("effect", "pairs"), [(0.5, 10), (0.1, 3), (3.0, 3), (0.0, 5), (0.9, 5)])
def test_the_interval_of_an_effect_is_the_noncentral_t_distributions(effect: float, pairs: int) -> None:
    low, high = (end * np.sqrt(pairs) for end in effect_interval(effect, pairs))
    t = effect * np.sqrt(pairs)
    assert stats.nct.cdf(t, pairs - 1, low) == pytest.approx(0.9, abs=1e-3)
    assert stats.nct.cdf(t, pairs - 1, high) == pytest.approx(0.1, abs=1e-3)


@pytest.mark.parametrize("effect", [-0.9, 300.0, 1e8])
def test_effects_at_which_scipys_distribution_is_not_a_number(effect: float) -> None:
    low, high = effect_interval(effect, 5)
    assert low < effect < high
    assert effect_interval(-effect, 5) == pytest.approx((-high, -low), rel=0.01)


@pytest.mark.parametrize("pairs", [3, 6])
def test_the_range_holds_what_the_true_effect_needs_as_often_as_it_says(pairs: int) -> None:
    rng, truth, held = np.random.default_rng(pairs), 0.8, 0
    for d in rng.normal(truth, 1, (600, pairs)):
        low, high = effect_interval(float(d.mean() / d.std(ddof=1)), pairs)
        held += low <= truth <= high
    assert held / 600 == pytest.approx(0.8, abs=0.05)


def test_few_pairs_leave_everything_open() -> None:
    found = further_pairs(0.9, 1.0, 5, alpha=0.05, margin=0.0, least=3)
    assert found == FurtherPairs(1, 323)
    assert found.in_all(5) == "between 6 and 328 pairs"
    nothing_known = further_pairs(0.1, 1.0, 3, alpha=0.05, margin=0.0, least=3)
    assert nothing_known is not None
    assert nothing_known.in_all(3) == "between 14 and more than 1,000 pairs"


def test_a_margin_bounds_what_equal_arms_need() -> None:
    alone = further_pairs(0.0, 1.0, 10, alpha=0.05, margin=0.0, least=3)
    bounded = further_pairs(0.0, 1.0, 10, alpha=0.05, margin=0.5, least=3)
    assert alone is not None
    assert bounded is not None
    assert alone.most is None
    assert bounded.most is not None


def test_next_to_nothing_is_beyond_any_number() -> None:
    assert further_pairs(0.0, 1.0, 900, alpha=0.0001, margin=0.0, least=3) is None
