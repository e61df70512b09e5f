import math
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from normlab.analysis import Verdict, compare_paired
from normlab.analysis.planning import FurtherPairs

# Student (1908): the additional hours of sleep of ten patients under two drugs, as in R's data set `sleep`.
SLEEP_A = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
SLEEP_B = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]


def test_students_sleep_data() -> None:
    found = compare_paired(SLEEP_A, SLEEP_B)
    # R: t.test(sleep$extra[11:20], sleep$extra[1:10], paired = TRUE): t = 4.0621, df = 9, p = 0.002833,
    # 95 percent confidence interval 0.7001142 2.4598858, mean difference 1.58.
    assert found.difference == pytest.approx(1.58)
    assert found.interval == pytest.approx((0.7001142, 2.4598858), abs=1e-7)
    assert found.t_p_value == pytest.approx(0.002833, abs=1e-6)
    # By hand: nine differences are positive and one is zero, so 4 of 1024 sign patterns reach the sum.
    assert found.p_value == 4 / 1024
    assert found.effect_size == pytest.approx(4.0621 / math.sqrt(10), abs=1e-4)
    assert (found.wins.b, found.wins.a, found.wins.ties, found.wins.share_b) == (9, 0, 1, 1.0)
    assert found.verdict is Verdict.B_BETTER
    assert found.further_pairs is None


def test_fishers_exact_test_of_darwins_maize() -> None:
    # Fisher (1935), The design of experiments, §21: of the 2^15 sign patterns 863 give a sum as high as 314
    # eighths of an inch, one-sided, so p = 1726 / 32768 = 0.0527 (drawn here, since 15 pairs are above 13).
    differences = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]
    found = compare_paired(np.zeros(15), differences)
    assert found.p_value == pytest.approx(1726 / 32768, abs=0.007)
    assert found.t_p_value == pytest.approx(0.0497, abs=1e-4)
    # The two tests disagree about 5 %, so there is no verdict, and it is told why.
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "does not agree" in " ".join(found.caveats)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(-20, 20), min_size=2, max_size=9))
def test_the_sign_flip_test_counts_all_patterns(differences: list[int]) -> None:
    patterns = [sum(s * d for s, d in zip(signs, differences, strict=True))
                for signs in product((1, -1), repeat=len(differences))]  # fmt: skip
    expected = np.mean(np.abs(patterns) >= abs(sum(differences)))
    # In hundredths, as accuracies are, whose sums do not agree to the last bit.
    found = compare_paired(np.full(len(differences), 0.83), 0.83 + np.array(differences) / 100)
    assert found.p_value == pytest.approx(float(expected))


def test_p_values_and_interval_are_scipys() -> None:
    rng = np.random.default_rng(5)
    a, b = rng.normal(0.85, 0.01, 12), rng.normal(0.86, 0.01, 12)
    found = compare_paired(a, b, confidence=0.9)
    expected = stats.ttest_rel(b, a)
    assert found.t_p_value == pytest.approx(expected.pvalue)
    assert found.interval == pytest.approx(tuple(expected.confidence_interval(0.9)))
    assert found.bootstrap_interval is not None
    assert found.bootstrap_interval == pytest.approx(found.interval, abs=0.003)


def test_exchanging_the_arms_turns_everything_round() -> None:
    forth, back = compare_paired(SLEEP_A, SLEEP_B), compare_paired(SLEEP_B, SLEEP_A)
    assert back.verdict is Verdict.A_BETTER
    assert back.difference == -forth.difference
    assert back.p_value == forth.p_value
    assert (back.wins.a, back.wins.b, back.wins.ties) == (forth.wins.b, forth.wins.a, forth.wins.ties)


def test_lower_can_be_better() -> None:
    found = compare_paired(SLEEP_A, SLEEP_B, higher_is_better=False)
    assert found.verdict is Verdict.A_BETTER
    assert found.difference == pytest.approx(1.58)
    assert (found.wins.a, found.wins.b) == (9, 0)


def test_five_pairs_tell_the_smallest_p_value() -> None:
    found = compare_paired([0.80, 0.81, 0.82, 0.80, 0.81], [0.84, 0.85, 0.855, 0.845, 0.85])
    assert found.p_value == 0.0625
    assert found.verdict is Verdict.B_BETTER
    assert "0.0625" in found.caveats[0]


@pytest.mark.parametrize("count", [1, 2])
def test_one_or_two_pairs_give_no_verdict(count: int) -> None:
    found = compare_paired([0.1] * count, [0.9] * count, equivalence_margin=1.0)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "no verdict below 3 pairs" in found.caveats[0]


def test_one_pair_leaves_everything_possible() -> None:
    found = compare_paired([0.1], [0.9])
    assert found.interval == (-math.inf, math.inf)
    assert found.p_value == 1.0
    assert found.effect_size is None
    assert found.further_pairs is None
    document = found.to_document()
    assert document["interval"] == {"low": None, "high": None}
    assert document["verdict"] == "inconclusive"


def test_equivalent_means_the_interval_lies_inside_the_margin() -> None:
    a = [0.850, 0.851, 0.849, 0.850, 0.852, 0.848]
    b = [0.851, 0.851, 0.848, 0.851, 0.851, 0.849]
    assert compare_paired(a, b, equivalence_margin=0.005).verdict is Verdict.EQUIVALENT
    assert compare_paired(a, b, equivalence_margin=0.0005).verdict is Verdict.INCONCLUSIVE
    assert compare_paired(a, b).verdict is Verdict.INCONCLUSIVE


def test_a_difference_smaller_than_the_margin_is_equivalent_and_told() -> None:
    a = np.array([0.80, 0.81, 0.82, 0.83, 0.84, 0.85])
    b = a + np.array([0.001, 0.0011, 0.0012, 0.001, 0.0009, 0.001])
    found = compare_paired(a, b, equivalence_margin=0.01)
    assert found.verdict is Verdict.EQUIVALENT
    assert "smaller than the margin" in " ".join(found.caveats)


def test_equal_arms() -> None:
    found = compare_paired([0.8, 0.9, 0.7], [0.8, 0.9, 0.7])
    assert (found.verdict, found.difference, found.p_value) == (Verdict.INCONCLUSIVE, 0.0, 1.0)
    assert (found.effect_size, found.wins.share_b, found.wins.interval) == (0.0, None, None)
    assert "same runs were compared twice" in " ".join(found.caveats)
    assert (
        compare_paired([0.8, 0.9, 0.7], [0.8, 0.9, 0.7], equivalence_margin=0.01).verdict
        is Verdict.EQUIVALENT
    )


def test_a_constant_difference_is_not_ruined_by_rounding() -> None:
    found = compare_paired([0.1, 0.2, 0.3, 0.4, 0.5, 0.6], [0.2, 0.3, 0.4, 0.5, 0.6, 0.7])
    assert found.verdict is Verdict.B_BETTER
    assert found.standard_deviation == 0.0
    assert found.effect_size is None
    assert found.p_value == 2 / 64
    assert "exactly the same amount" in found.caveats[-1]


def test_ties_are_told() -> None:
    found = compare_paired([0.8] * 8, [0.8] * 5 + [0.81, 0.81, 0.82])
    assert "5 of 8 pairs are ties" in " ".join(found.caveats)


def test_how_many_more_pairs() -> None:
    rng = np.random.default_rng(3)
    d = rng.normal(0, 1, 10)
    d = (d - d.mean()) / d.std(ddof=1) * 0.01 + 0.005  # an effect size of exactly one half
    found = compare_paired(np.zeros(10), d)
    assert found.effect_size == pytest.approx(0.5)
    # The effect may as well be 0.9184 or 0.0550 (scipy.stats.nct), which takes 12 pairs or thousands.
    assert found.further_pairs == FurtherPairs(2, None)


def test_how_many_more_pairs_when_the_difference_is_next_to_nothing() -> None:
    d = np.tile([0.01, -0.01], 5) + 1e-6
    alone, with_margin = (
        compare_paired(np.zeros(10), d),
        compare_paired(np.zeros(10), d, equivalence_margin=0.004),
    )
    assert alone.further_pairs is not None
    assert alone.further_pairs.most is None
    assert with_margin.further_pairs is not None
    assert with_margin.further_pairs.most is not None


def test_the_same_data_give_the_same_answer() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=20), rng.normal(size=20)
    assert compare_paired(a, b) == compare_paired(a, b)
    assert compare_paired(a, b, rng=1).p_value != compare_paired(a, b, rng=np.random.default_rng(2)).p_value


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(*[st.floats(allow_nan=False, allow_infinity=False)] * 2), min_size=1, max_size=6))
def test_any_finite_numbers_are_answered_without_a_warning(pairs: list[tuple[float, float]]) -> None:
    found = compare_paired(*zip(*pairs, strict=True), equivalence_margin=0.1)
    assert isinstance(found.verdict, Verdict)
    assert 0 < found.p_value <= 1
    assert 0 <= found.t_p_value <= 1


@pytest.mark.parametrize(
    ("a", "b", "options", "message"),
    [
        ([], [], {}, "a should have at least 1 value"),
        ([1, 2], [1], {}, "but they have 2 and 1: leave out the runs whose partner is missing"),
        ([1, math.nan], [1, 2], {}, r"a\[1\] is nan: leave out a run without a finite value"),
        ([1, 2], [math.inf, 2], {}, r"b\[0\] is inf"),
        ([[1, 2]], [1, 2], {}, "flat sequence of numbers"),
        (["x"], [1], {}, "a should be numbers"),
        ([1], [2], {"confidence": 95}, "confidence should be at least 0.5 and less than 1, such as 0.95"),
        ([1], [2], {"confidence": math.nan}, "confidence should be"),
        ([1], [2], {"equivalence_margin": -0.1}, "equivalence_margin should be 0 or a positive number"),
        ([1], [2], {"equivalence_margin": math.inf}, "equivalence_margin should be"),
    ],
)
def test_what_cannot_be_compared_is_said(a: Any, b: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        compare_paired(a, b, **options)
