"""What the statistics of sweeps promise, held by simulation."""

import math

import numpy as np
import pytest

from normlab.analysis.sweeps.analyse import analyse
from normlab.analysis.sweeps.best import best_of, censored, like_the_best
from normlab.analysis.sweeps.expected import difference_band, expected_best, values_of
from normlab.analysis.sweeps.importance import importance
from normlab.analysis.sweeps.points import PointRun, SweptArm, SweptPoint, SweptSpace
from normlab.analysis.sweeps.tolerance import tolerance
from normlab.spec.metrics import Metric
from normlab.spec.sweeps import Choices, LinearRange, LogRange, Strategy

RATE, WIDTH, KIND = "/training/optimizer/learning_rate", "/architecture/layers/0/units", "/architecture"
ONE = {RATE: LogRange(log=(1e-4, 1.0), per_decade=2)}


def asked(space=ONE, strategy=Strategy.GRID, metric=Metric.VAL_ACCURACY, delta=0.02):
    return SweptSpace(space, strategy, metric, 0.95, delta)


def point(number, values, given, *, diverged=()):
    runs = [
        PointRun(
            seed, f"job_{number}_{seed}", None if seed in diverged else value, 2 if seed in diverged else None
        )
        for seed, value in enumerate(given)
    ]
    return SweptPoint(number, 0, values, runs, seconds=10.0)


def grid(curve, *, seeds=1, noise=None, diverged=None):
    noise = np.zeros((99, seeds)) if noise is None else noise
    return SweptArm(
        "a",
        [
            point(
                number,
                {RATE: rate},
                [curve(rate) + noise[number, seed] for seed in range(seeds)],
                diverged=range(seeds) if diverged is not None and diverged(rate) else (),
            )
            for number, rate in enumerate(ONE[RATE].grid())
        ],
    )


def hill(rate):
    return 0.9 - 0.05 * (math.log10(rate) + 2) ** 2


def test_the_truly_best_point_is_among_those_that_cannot_be_told_apart():
    """Of 7 points whose means differ by about a standard error, with a common part of each seed's luck."""
    rng, lost, sizes, trials = np.random.default_rng(7), 0, 0, 300
    truth = np.array([0.80, 0.86, 0.895, 0.90, 0.898, 0.88, 0.70])
    question = asked()
    for _ in range(trials):
        luck = 0.01 * rng.standard_normal(5) + 0.006 * rng.standard_normal((7, 5))
        points = [point(n, {RATE: 10.0 ** (n - 4)}, truth[n] + luck[n]) for n in range(7)]
        best = best_of(points, question)
        like_it = like_the_best(best, points, question)
        lost += 3 not in {best.number, *like_it}
        sizes += len(like_it)
    # At most 5 % are promised; Bonferroni's bound leaves it far below.
    assert lost / trials <= 0.05
    # It is no empty promise: of six others some are told apart.
    assert sizes / trials < 4.5


def test_of_points_that_are_all_alike_the_first_is_as_good_as_the_best():
    rng, lost, trials = np.random.default_rng(8), 0, 300
    for _ in range(trials):
        points = [point(n, {RATE: 10.0**n}, rng.standard_normal(4)) for n in range(9)]
        best = best_of(points, asked())
        lost += 0 not in {best.number, *like_the_best(best, points, asked())}
    assert lost / trials <= 0.05


def test_with_one_seed_nothing_is_told_apart():
    points = [point(n, {RATE: 10.0**n}, [value]) for n, value in enumerate((0.1, 0.9, 0.5))]
    assert like_the_best(points[1], points, asked()) == (0, 2)


def test_a_lower_loss_is_better():
    points = [point(n, {RATE: 10.0**n}, [value]) for n, value in enumerate((0.1, 0.9, 0.5))]
    assert best_of(points, asked(metric=Metric.VAL_LOSS)).number == 0


def test_points_of_which_a_seed_diverged_are_never_the_best():
    arm = grid(lambda rate: rate, seeds=2, diverged=lambda rate: rate > 0.05)
    best = best_of(arm.complete, asked())
    assert best.values[RATE] == 0.0316
    assert censored(best, arm, asked()) == {}
    assert censored(best, SweptArm("a", arm.points[:6]), asked()) == {RATE: "high"}


def test_the_width_is_that_of_the_curve():
    arm = grid(hill, seeds=4)
    width = tolerance(RATE, best_of(arm.complete, asked()), arm, asked())
    # 0.05 x² = 0.02 at x = 0.632; the straight lines between half decades cut a little off.
    assert width.width == pytest.approx(2 * 0.632, abs=0.08)
    assert 10**-2.632 <= width.low <= 10**-2.55
    assert width.censored == ()
    assert width.interval.low == pytest.approx(width.width)  # without noise


def test_the_width_ends_where_training_diverges():
    arm = grid(lambda _: 0.9, seeds=3, diverged=lambda rate: rate > 0.5)
    width = tolerance(RATE, best_of(arm.complete, asked()), arm, asked())
    assert (width.low, width.high, width.censored) == (pytest.approx(1e-4), pytest.approx(0.316), ("low",))
    assert (width.largest_stable, width.smallest_diverged) == (0.316, 1.0)


def test_the_interval_of_the_width_holds_it_about_as_often_as_it_says():
    """Seeds whose optimum lies elsewhere: the width of the mean curve is what is estimated."""
    rng, held, trials = np.random.default_rng(9), 0, 150
    question, seeds = asked(delta=0.05), 6
    many = [grid(hill, noise=0.012 * rng.standard_normal((99, seeds)), seeds=seeds) for _ in range(trials)]
    clean = grid(hill, seeds=seeds)
    truth = tolerance(RATE, best_of(clean.complete, question), clean, question).width
    for arm in many:
        found = tolerance(RATE, best_of(arm.complete, question), arm, question).interval
        held += found.low <= truth <= found.high
    assert 0.85 <= held / trials <= 1.0


def test_the_expected_best_is_dodges_formula():
    values = np.array([0.1, 0.4, 0.9])
    found = expected_best(values, asked(), np.random.default_rng(0)).expected
    # All 27 ordered draws of three with replacement, and so on.
    for budget in (1, 2, 3):
        draws = np.stack(np.meshgrid(*[values] * budget)).reshape(budget, -1)
        assert found[budget - 1] == pytest.approx(draws.max(axis=0).mean())
    losses = expected_best(values, asked(metric=Metric.VAL_LOSS), np.random.default_rng(0)).expected
    assert losses[1] == pytest.approx(np.stack(np.meshgrid(values, values)).reshape(2, -1).min(axis=0).mean())


def test_the_band_mostly_holds_the_truth_up_to_a_quarter_of_the_budget():
    """Points drawn from a uniform distribution, of which the best of n is n / (n + 1) on average."""
    rng, trials, size = np.random.default_rng(11), 80, 24
    held = np.zeros(size)
    truth = np.arange(1, size + 1) / np.arange(2, size + 2)
    for _ in range(trials):
        found = expected_best(rng.random(size), asked(), rng)
        held += (found.low <= truth) & (truth <= found.high)
    # Measured with 120 trials: 93 % for one point, 84 % at a quarter of the budget, 75 % at half of it.
    assert (held[: size // 4] / trials).min() >= 0.75
    assert held[0] / trials >= 0.85


def test_of_equal_arms_neither_is_ahead_too_often():
    rng, wrong, trials = np.random.default_rng(12), 0, 200
    for _ in range(trials):
        first, second = rng.random(16), rng.random(16)
        low, high = difference_band(first, second, asked(), rng)
        wrong += low[0] > 0 or high[0] < 0
    assert wrong / trials <= 0.10


def test_what_diverged_counts_as_the_worst():
    arm = grid(lambda rate: rate, diverged=lambda rate: rate > 0.5)
    assert values_of(arm, asked())[-1] == 1e-4


def test_an_arm_that_diverges_at_most_rates_is_not_expected_to_be_ahead():
    """A point that diverged is worth nothing, and not as much as its arm's worst point that lasted."""
    points = range(7)
    fragile = [
        point(n, {RATE: 10.0 ** (n - 4)}, [0.95] * 3, diverged=() if n < 2 else (0, 1, 2)) for n in points
    ]
    sturdy = [point(n, {RATE: 10.0 ** (n - 4)}, [0.93] * 3) for n in points]
    found = analyse([SweptArm("fragile", fragile), SweptArm("sturdy", sturdy)], asked())
    assert {entry.arm for entry in found.ahead} == {"sturdy", None}


def test_who_is_ahead_is_worked_out_from_points_that_both_have():
    unfinished = [point(n, {RATE: 10.0 ** (n - 4)}, [None if n < 4 else 0.3] * 2) for n in range(7)]
    whole = [point(n, {RATE: 10.0 ** (n - 4)}, [0.9 if n < 3 else 0.1] * 2) for n in range(7)]
    found = analyse([SweptArm("whole", whole), SweptArm("unfinished", unfinished)], asked())
    assert {entry.arm for entry in found.ahead} == {"unfinished"}


def test_only_what_has_ended_was_tried_beyond_the_best():
    best = 2
    lost = [point(n, {RATE: 10.0 ** (n - 4)}, [0.5 + n / 10 if n <= best else None] * 2) for n in range(5)]
    found = analyse([SweptArm("a", lost)], asked())
    assert found.arms["a"].best.censored == {RATE: "high"}


@pytest.mark.parametrize("seed", range(3))
def test_importance_tells_what_matters_from_what_does_not(seed):
    rng = np.random.default_rng(seed)
    space = {
        RATE: LogRange(log=(1e-4, 1.0)),
        WIDTH: LinearRange(linear=(0.0, 1.0)),
        KIND: Choices(choices=("a", "b")),
    }
    points = []
    for number in range(60):
        rate, width, kind = 10 ** rng.uniform(-4, 0), rng.random(), rng.choice(["a", "b"])
        failed = rate > 0.05  # decides success
        value = 0.8 + 0.1 * (kind == "a") + 0.005 * rng.standard_normal()
        points.append(
            point(
                number, {RATE: rate, WIDTH: width, KIND: str(kind)}, [value], diverged=(0,) if failed else ()
            )
        )
    arm, question = SweptArm("a", points), asked(space, Strategy.RANDOM)
    found = importance(arm, values_of(arm, question), question)
    assert found[WIDTH] < 0.15 < found[RATE]
    assert found[KIND] > 0.15


def test_the_answer_says_it_in_words():
    arms = [grid(hill, seeds=3), grid(lambda rate: hill(rate) - 0.1, seeds=3)]
    arms[1] = SweptArm("b", arms[1].points)
    result = analyse(arms, asked())
    assert result.sentences[0].startswith(
        "a: best at learning_rate 0.01 with a validation accuracy of 90.00 %"
    )
    assert "none of the other 8 points can be taken for it" in result.sentences[0]
    assert result.sentences[-1] == "With 1 to 9 points of tuning, a is expected to be ahead."
    assert result.sentences[1].startswith(
        "a is within 2.00 percentage points of its best for learning_rate from"
    )
    assert {entry.arm for entry in result.ahead} == {"a"}
