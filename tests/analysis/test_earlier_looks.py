"""What comparisons of the same runs leave of the error for the next one."""

from dataclasses import replace

import numpy as np
import pytest

from normlab.analysis import StoppingPlan, Verdict, compare_arms, compare_by_plan, sentence
from normlab.analysis.earlier_looks import EarlierLooks, PlannedLook, earlier_looks
from normlab.analysis.verdict import DecidingTest
from normlab.spec.replicates import Replicates

ALL = frozenset(range(20))
RNG = np.random.default_rng(0)
BASE = RNG.normal(0.85, 0.003, 20)
BETTER = BASE + 0.004 + RNG.normal(0, 0.003, 20)


def look(pairs: int, *, first: int = 0, most: int | None = None, alpha: float = 0.05) -> PlannedLook:
    seeds = frozenset(range(first, first + pairs))
    plan = Replicates(start=pairs, max=most or pairs)
    return PlannedLook(f"cmp_{first}_{pairs}", seeds, seeds, pairs=pairs, plan=plan, alpha=alpha)


def share(now: PlannedLook, *before: PlannedLook) -> float:
    return earlier_looks(now, before).share


def test_the_first_look_has_all_of_its_error() -> None:
    assert earlier_looks(look(5), ()) == EarlierLooks((), 1.0)


def test_a_look_that_the_exact_test_can_decide_leaves_nothing() -> None:
    # By hand: at 6 pairs and more the test may err in all of the 5 %, below only in half of them.
    assert share(look(10), look(6)) == 0.0
    assert share(look(10), look(5)) == pytest.approx(0.5 / 2)


def test_each_further_look_gets_half_of_what_is_left() -> None:
    looks = [look(3), look(4), look(5), look(6)]
    shares = [earlier_looks(now, looks[:index]).share for index, now in enumerate(looks)]
    # 3 pairs use 0.5; then 0.25, of which the t test uses 0.125; 0.1875 and 0.09375; 0.140625.
    assert shares == pytest.approx([1.0, 0.25, 0.1875, 0.140625])
    assert "3 earlier looks (at 3, 4 and 5 pairs)" in earlier_looks(looks[3], looks[:3]).words


def test_the_same_question_again_gets_the_same_answer() -> None:
    again = earlier_looks(look(5), [look(5), look(10)])
    assert again.share == 1.0
    assert [seen.pairs for seen in again.looks] == [10]
    # Neither does another confidence make it sharper than it was.
    assert share(look(5, alpha=0.1), look(5)) == pytest.approx(0.5)


def test_other_seeds_and_too_few_pairs_are_no_looks() -> None:
    assert share(look(10, first=100), look(6)) == 1.0
    assert share(look(10), look(2)) == 1.0


def test_a_look_at_a_stricter_level_leaves_more() -> None:
    assert share(look(20), look(10, alpha=0.01)) == pytest.approx((0.05 - 0.01) / 2 / 0.05)


def test_a_plan_uses_all_that_it_was_given() -> None:
    assert share(look(30), replace(look(5, most=20), seeds_a=ALL, seeds_b=ALL)) == 0.0


def test_hundreds_of_looks_are_worked_out_at_once() -> None:
    looks = [look(3 + index) for index in range(200)]
    assert share(look(300), *looks) == 0.0


def compared(pairs: int, looks: EarlierLooks) -> tuple[Verdict, str, str]:
    (pair,) = compare_arms({"x": BASE[:pairs], "y": BETTER[:pairs]}, before={("x", "y"): looks})
    told = " ".join(pair.comparison.caveats)
    return pair.comparison.verdict, sentence(pair.comparison, "x", "y"), told


def test_nothing_left_is_no_verdict_whatever_the_runs_show() -> None:
    alone = compared(20, EarlierLooks())
    assert alone[0] is Verdict.B_BETTER
    verdict, text, told = compared(20, earlier_looks(look(20), [look(6)]))
    assert verdict is Verdict.INCONCLUSIVE
    assert text.startswith("No verdict, since earlier looks have used up the error: y minus x is +")
    assert "further pairs" not in text
    assert "1 earlier look (at 6 pairs)" in told


def test_what_is_left_is_a_wider_interval() -> None:
    (alone,) = compare_arms({"x": BASE, "y": BETTER})
    (pair,) = compare_arms({"x": BASE, "y": BETTER}, before={("x", "y"): earlier_looks(look(20), [look(5)])})
    assert pair.comparison.verdict is Verdict.B_BETTER
    assert pair.comparison.basis.level == pytest.approx(1 - 0.05 / 4)
    assert pair.comparison.basis.corrected_for == ("1 earlier look (at 5 pairs)",)
    assert pair.comparison.interval.low < alone.comparison.interval.low
    assert "98.75 % interval, corrected for 1 earlier look (at 5 pairs): " in sentence(pair.comparison)
    # Compared with 5 %, it is the p value times what this look was not given.
    assert pair.adjusted_p_value == pytest.approx(4 * alone.adjusted_p_value)


def test_what_was_said_may_be_said_again() -> None:
    said = replace(look(6), verdict=Verdict.B_BETTER)
    verdict, text, told = compared(20, earlier_looks(look(20), [said]))
    assert verdict is Verdict.B_BETTER
    assert "(95 % interval" in text
    assert "1 earlier look (at 6 pairs). It said the same" in told
    assert "the interval is that of a single look, not corrected for it" in told
    undecided = replace(said, verdict=Verdict.INCONCLUSIVE)
    assert compared(4, earlier_looks(look(4), [replace(undecided, pairs=6)]))[1].startswith("No verdict")
    contrary = replace(said, verdict=Verdict.A_BETTER)
    assert compared(20, earlier_looks(look(20), [contrary]))[0] is Verdict.INCONCLUSIVE


def test_what_was_said_is_shown_with_its_charge_where_it_holds_with_it() -> None:
    # Six pairs as clear as can be give the exact test p = 0.031, which could not carry 1.25 %: the t test does.
    difference = np.array([0.16, 0.18, 0.2, 0.22, 0.25, 0.4])
    arms = {"x": np.full(6, 0.5), "y": 0.5 + difference}
    said = replace(look(5), verdict=Verdict.B_BETTER)
    (pair,) = compare_arms(arms, before={("x", "y"): earlier_looks(look(6), [said])})
    comparison = pair.comparison
    assert comparison.verdict is Verdict.B_BETTER
    assert comparison.basis.level == comparison.confidence == pytest.approx(0.9875)
    assert comparison.basis.corrected_for == ("1 earlier look (at 5 pairs)",)
    assert comparison.deciding_test is DecidingTest.T_ALONE
    assert pair.adjusted_p_value == pytest.approx(8 * comparison.t_p_value)
    text = sentence(comparison)
    assert "98.75 % interval, corrected for 1 earlier look (at 5 pairs): " in text
    assert "exact test p" not in text
    told = " ".join(comparison.caveats)
    assert "1.25 % of the 5 % error is left for this one" in told
    assert "differences being about normal" in told


def test_a_plan_shows_what_was_said_with_its_charge_too() -> None:
    plan, arms = StoppingPlan(6, 10), {"x": BASE[:6], "y": BASE[:6] + 0.1 + np.arange(6) / 1000}
    said = replace(look(5), verdict=Verdict.B_BETTER)
    (seen,) = compare_by_plan(arms, plan, before={("x", "y"): earlier_looks(look(10), [said])})
    assert seen.stop
    assert seen.comparison is not None
    assert seen.comparison.verdict is Verdict.B_BETTER
    assert seen.comparison.basis.corrected_for[0] == "1 earlier look (at 5 pairs)"


def test_several_arms_share_the_error_equally_where_some_were_looked_at() -> None:
    arms = {"x": BASE, "y": BETTER, "z": BASE[::-1]}
    pairs = compare_arms(arms, before={("x", "y"): earlier_looks(look(20), [look(5)])})
    levels = [pair.comparison.basis.level for pair in pairs]
    assert levels == pytest.approx([1 - 0.05 / 12, 1 - 0.05 / 3, 1 - 0.05 / 3])
    assert pairs[1].comparison.basis.corrected_for == ("3 pairs of arms",)


def test_a_plan_is_charged_and_ends_at_once_where_nothing_is_left() -> None:
    plan, arms = StoppingPlan(5, 20), {"x": BASE, "y": BASE[::-1]}
    (free,) = compare_by_plan(arms, plan)
    (charged,) = compare_by_plan(arms, plan, before={("x", "y"): earlier_looks(look(20), [look(4)])})
    assert free.comparison is not None
    assert charged.comparison is not None
    assert charged.comparison.confidence > free.comparison.confidence
    assert charged.comparison.basis.together == 0.95
    first = {name: values[:5] for name, values in arms.items()}
    (nothing,) = compare_by_plan(first, plan, before={("x", "y"): earlier_looks(look(20), [look(6)])})
    assert (nothing.stop, nothing.next_look) == (True, None)
    assert nothing.comparison is not None
    assert nothing.comparison.withheld is not None
