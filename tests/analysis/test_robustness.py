"""Figures of robustness: what they are, how wide their intervals, and how often they see what is not there."""

import numpy as np
import pytest

from normlab.analysis.robustness.arms import Run, holm, robustness_of_arms
from normlab.analysis.robustness.figures import wilson_interval
from normlab.analysis.robustness.network import robustness_of_network
from normlab.documents.robustness import ComparisonRobustnessDocument, RobustnessDocument
from normlab.documents.statistics import IntervalDocument
from normlab.spec import DatasetSpec
from normlab.spec.correct_answers import Answers, CorrectAnswers
from normlab.spec.robustness import CorruptionName, RobustnessRequest

DIGITS = DatasetSpec(name="digits")
REQUEST = RobustnessRequest(
    corruptions=(CorruptionName.GAUSSIAN_NOISE, CorruptionName.BLUR), severities=(2, 4), samples=300
)
LOSSES = np.array([[0.05, 0.15], [0.1, 0.3]])
"""By which the accuracy of 0.9 is smaller."""


def answers(
    random: np.random.Generator, hardness: np.ndarray, *, luck: float = 0.01, sturdy: float = 0.0
) -> Answers:
    """Of a network on pictures of this hardness (n,), 0 to 1: right where chance and luck of the seed let it."""
    own = random.normal(0, luck)
    noise = random.random((3, 3, len(hardness)))

    def right(loss: float, chance: np.ndarray) -> np.ndarray:
        return 0.5 * hardness + 0.5 * chance < 0.75 + own - loss * (1 - sturdy) / 2

    corrupted = [
        [right(loss, noise[row, at]) for at, loss in enumerate(row_of)] for row, row_of in enumerate(LOSSES)
    ]
    return Answers(right(0, noise[2, 2]), np.array(corrupted))


def arm(random: np.random.Generator, hardness: np.ndarray, seeds: int, **kind: float) -> list[Run]:
    return [
        Run(f"job_{seed}", seed, CorrectAnswers(answers(random, hardness, **kind), None, reason="none"))
        for seed in range(seeds)
    ]


def compare(a: list[Run], b: list[Run]) -> ComparisonRobustnessDocument:
    return robustness_of_arms("cmp", {"a": a, "b": b}, REQUEST, DIGITS, {})


def ends(interval: IntervalDocument | None) -> tuple[float, float]:
    assert interval is not None
    assert interval.low is not None
    assert interval.high is not None
    return interval.low, interval.high


def test_figures_are_those_of_the_answers() -> None:
    clean = np.array([True] * 3 + [False])
    corrupted = np.zeros((2, 2, 4), bool)
    corrupted[0] = [[True, True, False, True], [True, False, False, False]]
    document = robustness_of_network("job", CorrectAnswers(Answers(clean, corrupted), None), REQUEST, DIGITS)
    assert RobustnessDocument.read(document.model_dump_json()) == document
    noise, blur = document.trained.corruptions
    assert document.trained.clean.accuracy == 0.75
    assert [each.severity for each in noise.severities] == [2, 4]
    assert noise.severities[0].accuracy == 0.75
    assert (noise.severities[1].accuracy, noise.severities[1].drop) == (0.25, 0.5)
    assert noise.severities[1].relative == pytest.approx(1 / 3)
    assert (noise.mean.accuracy, blur.mean.accuracy, document.trained.mean.accuracy) == (0.5, 0, 0.25)
    assert document.trained.mean.drop == 0.5
    # Of three right and one wrong, by hand: Wilson (1927).
    interval = document.trained.clean.interval
    assert (interval.low, interval.high) == pytest.approx((0.3006, 0.9544), abs=1e-4)
    assert document.pictures.corruptions[1].parameters == {2: 0.75, 4: 1.5}
    assert "blur (0.00 %)" in document.sentence


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    random, held = np.random.default_rng(0), np.zeros(3)
    for _ in range(300):
        found = robustness_of_network(
            "job", CorrectAnswers(answers(random, random.random(300), luck=0), None), REQUEST, DIGITS
        )
        figures = found.trained.corruptions[1].severities[1]
        # A picture is right where the mean of two uniform numbers is below 0.75 and 0.6.
        clean, wanted = 1 - 2 * 0.25**2, 1 - 2 * 0.4**2
        for at, (value, interval) in enumerate(
            (
                (wanted, figures.interval),
                (clean - wanted, figures.drop_interval),
                (wanted / clean, figures.relative_interval),
            )
        ):
            held[at] += ends(interval)[0] <= value <= ends(interval)[1]
    assert (held / 300 > 0.9).all()
    assert (held / 300 < 0.99).all()


def test_an_arm_against_itself_is_seldom_found_different_and_a_sturdier_one_is() -> None:
    random, runs = np.random.default_rng(1), 100
    found = np.zeros(4)
    for _ in range(runs):
        hardness = random.random(300)
        plain, again = arm(random, hardness, 5), arm(random, hardness, 5)
        (null,) = compare(plain, again).differences
        tested = (null.mean.absolute, null.mean.relative, *(each.mean.relative for each in null.corruptions))
        first, second, *rest = [(each.adjusted_p_value or 0) <= 0.05 for each in tested]
        found[:3] += first, second, any(rest)
        (other,) = compare(plain, arm(random, hardness, 5, sturdy=0.7)).differences
        found[3] += "b keeps more of its clean accuracy than a" in other.sentence
    assert (found[:3] / runs <= 0.09).all()
    assert found[3] / runs >= 0.95


def test_pairs_are_those_of_seeds_that_both_have() -> None:
    random = np.random.default_rng(2)
    hardness = random.random(300)
    document = compare(arm(random, hardness, 3), arm(random, hardness, 5)[2:])
    (difference,) = document.differences
    assert difference.pairs == 1
    assert difference.mean.absolute.p_value is None
    assert difference.mean.absolute.interval.low is None
    assert "one seed" in difference.sentence
    assert [each.seeds for each in document.arms] == [3, 3]
    (none,) = compare(arm(random, hardness, 2), arm(random, hardness, 5)[3:]).differences
    assert (none.pairs, none.mean.absolute.difference) == (0, None)
    assert "no seed has both" in none.sentence


def test_only_what_both_arms_have_is_compared_and_all_of_it_corrected_together() -> None:
    random = np.random.default_rng(3)
    hardness = random.random(300)

    def both(seeds: int) -> list[Run]:
        return [
            Run(
                f"job_{seed}",
                seed,
                CorrectAnswers(answers(random, hardness), answers(random, hardness), ("bn",), 300),
            )
            for seed in range(seeds)
        ]

    document = robustness_of_arms(
        "cmp", {"plain": arm(random, hardness, 4), "x": both(4), "y": both(4)}, REQUEST, DIGITS, {}
    )
    kinds = [(each.a, each.b, each.statistics.value) for each in document.differences]
    assert kinds == [
        ("plain", "x", "trained"),
        ("plain", "y", "trained"),
        ("x", "y", "trained"),
        ("x", "y", "re_estimated"),
    ]
    raw = [each.mean.relative.p_value or 0 for each in document.differences]
    assert [each.mean.relative.adjusted_p_value for each in document.differences] == holm(raw)
    assert "(4)" in document.multiplicity[0]
    assert "(8)" in document.multiplicity[1]
    assert document.arms[0].re_estimation.reason == "none"
    assert document.differences[0].corruptions[0].severities[0].absolute.adjusted_p_value is None


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.6, 0.7]) == [1, 1]
    assert holm([]) == []


def test_wilsons_interval_of_none_and_all() -> None:
    assert wilson_interval(0, 10, 0.95) == pytest.approx((0, 0.2775), abs=1e-4)
    assert wilson_interval(1, 10, 0.95) == pytest.approx((0.7225, 1), abs=1e-4)
