import numpy as np
import pytest

from normlab.analysis.wins import count_wins


def test_wins_are_counted_without_ties() -> None:
    found = count_wins(np.array([0.1, 0.2, 0.0, -0.1, 0.3]), 0.95, higher_is_better=True)
    assert (found.a, found.b, found.ties, found.share_b) == (1, 3, 1, 0.75)
    assert (count_wins(np.array([0.1]), 0.95, higher_is_better=False).a) == 1


def test_five_of_five_say_little() -> None:
    # Clopper & Pearson by hand: (alpha / 2) ** (1 / n).
    found = count_wins(np.ones(5), 0.95, higher_is_better=True)
    assert found.interval == pytest.approx((0.025 ** (1 / 5), 1.0))


def test_ties_alone_are_no_share() -> None:
    found = count_wins(np.zeros(4), 0.95, higher_is_better=True)
    assert (found.share_b, found.interval, found.ties) == (None, None, 4)
