import math

import numpy as np
import pytest
from scipy import stats

from normlab.analysis import VarianceSources, example_bootstrap, mcnemar, variance_sources


def outcomes(both: int, only_a: int, only_b: int, neither: int) -> tuple[list[bool], list[bool]]:
    a = [True] * (both + only_a) + [False] * (only_b + neither)
    b = [True] * both + [False] * only_a + [True] * only_b + [False] * neither
    return a, b


def test_mcnemar_by_hand() -> None:
    found = mcnemar(*outcomes(50, 2, 8, 40))
    # Of 10 discordant, 2 or fewer on either side: 2 (1 + 10 + 45) / 1024.
    assert found.p_value == pytest.approx(112 / 1024)
    assert (found.only_a_right, found.only_b_right) == (2, 8)
    assert found.difference == pytest.approx(0.06)


def test_mcnemar_of_networks_that_agree() -> None:
    assert mcnemar(*outcomes(5, 0, 0, 5)).p_value == 1.0


def test_variance_sources_against_the_analysis_of_variance_by_hand() -> None:
    # D = [[1, 0], [0, 1], [1, 1]]: mean 2/3, runs 1/2, 1/2, 1, examples 2/3, 2/3.
    # SS run = 2 (1/36 + 1/36 + 4/36) = 1/3, SS example = 0, SS total = 4/3, SS rest = 1;
    # MS run = 1/6, MS example = 0, MS rest = 1/2: both effects are estimated as zero, rest / 6 = 1/12.
    b = np.array([[1, 0], [0, 1], [1, 1]], dtype=bool)
    found = variance_sources(np.zeros_like(b), b)
    assert found.difference == pytest.approx(2 / 3)
    assert found.seeds == pytest.approx(np.std([1 / 2, 1 / 2, 1], ddof=1) / math.sqrt(3))
    assert found.test_set == 0.0
    assert found.both == pytest.approx(math.sqrt(1 / 12))
    assert found.share_of_test_set == 0.0


def test_variance_sources_find_what_was_put_in() -> None:
    rng = np.random.default_rng(0)
    examples, runs, repeats = 400, 6, 150
    estimates = []
    differences = []
    for _ in range(repeats):
        # b is right where a is wrong on some examples whatever the seed, and each seed has its own luck.
        easy = rng.random(examples)
        shift = rng.normal(0.05, 0.02, runs)
        a = rng.random((runs, examples)) < 0.7
        b = rng.random((runs, examples)) < 0.4 + 0.6 * easy[None, :] + shift[:, None]
        found = variance_sources(a, b)
        differences.append(found.difference)
        estimates.append(found.both)
    # The standard error for both is what the mean difference really varies by, when both are drawn anew.
    assert math.sqrt(np.mean(np.square(estimates))) == pytest.approx(np.std(differences), rel=0.2)


def _drawn(luck: tuple[np.ndarray, np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Two arms' right test examples from effects of runs (R, 1), examples (1, E) and both together (R, E)."""
    ahead = 0.1 + sum(luck)
    return ahead < -0.8, ahead > 0.8


def test_seeds_and_test_set_share_what_they_do_together() -> None:
    rng = np.random.default_rng(0)
    examples = rng.normal(0, 0.2, (1, 300))

    def luck_of_seeds() -> tuple[np.ndarray, np.ndarray]:
        return rng.normal(0, 0.05, (6, 1)), rng.normal(0, 0.7, (6, 300))

    def drawn(of_examples: np.ndarray) -> VarianceSources:
        runs, together = luck_of_seeds()
        return variance_sources(*_drawn((runs, of_examples, together)))

    same_test_set = [drawn(examples) for _ in range(300)]
    spread = np.std([found.difference for found in same_test_set])
    assert math.sqrt(np.mean([found.seeds**2 for found in same_test_set])) == pytest.approx(spread, rel=0.12)
    all_anew = [drawn(rng.normal(0, 0.2, (1, 300))) for _ in range(300)]
    spread = np.std([found.difference for found in all_anew])
    assert math.sqrt(np.mean([found.both**2 for found in all_anew])) == pytest.approx(spread, rel=0.12)
    # What is in both parts is in their squares' sum twice, and in "both" once.
    twice = np.mean([found.seeds**2 + found.test_set**2 for found in all_anew])
    assert math.sqrt(twice) > 1.05 * spread


def test_variance_of_the_test_set_is_the_bootstraps() -> None:
    rng = np.random.default_rng(1)
    skill = rng.random(1000)
    a, b = rng.random((4, 1000)) < skill, rng.random((4, 1000)) < np.sqrt(skill)
    found = variance_sources(a, b)
    per_example = (b.astype(float) - a).mean(axis=0)
    resampled = rng.choice(per_example, (2000, 1000)).mean(axis=1)
    assert found.test_set == pytest.approx(resampled.std(), rel=0.06)


def test_the_bootstrap_over_examples_by_hand() -> None:
    # Differences 1 and 0: a resample's mean is Binomial(2, 1/2) / 2. Its variance is 1/8; b is ahead in 3 of 4
    # resamples, and in the fourth, a tie, by half.
    found = example_bootstrap([False, True], [True, True])
    assert found.difference == 0.5
    assert found.standard_error == pytest.approx(math.sqrt(1 / 8), rel=0.03)
    assert found.interval == (0.0, 1.0)
    assert found.share_above_zero == pytest.approx(7 / 8, abs=0.015)
    assert (found.examples, found.resamples) == (2, 9_999)
    assert example_bootstrap([False, True], [True, True]) == found  # the same data, the same answer


def test_the_bootstrap_over_examples_is_scipys() -> None:
    rng = np.random.default_rng(2)
    skill = rng.random(500)
    a, b = rng.random((4, 500)) < skill, rng.random((4, 500)) < skill**0.8
    found = example_bootstrap(a, b, confidence=0.9, rng=3)
    reference = stats.bootstrap(
        ((b.astype(float) - a).mean(axis=0),),
        np.mean,
        confidence_level=0.9,
        n_resamples=9_999,
        method="percentile",
        rng=np.random.default_rng(4),
    )
    assert found.standard_error == pytest.approx(reference.standard_error, rel=0.03)
    assert found.interval == pytest.approx(tuple(reference.confidence_interval), abs=0.001)
    assert found.difference == pytest.approx(b.mean() - a.mean())


def test_the_bootstrap_holds_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(5)
    held = 0
    for _ in range(400):
        skill = rng.random(300)
        a, b = rng.random(300) < skill, rng.random(300) < skill
        held += not example_bootstrap(a, b, rng=rng).interval.excludes_zero()
    assert 0.92 <= held / 400 <= 0.985


def test_networks_that_agree_vary_in_nothing() -> None:
    same = np.ones((3, 5), dtype=bool)
    resampled = example_bootstrap(same, same)
    assert (resampled.standard_error, resampled.interval, resampled.share_above_zero) == (
        0.0,
        (0.0, 0.0),
        0.5,
    )
    found = variance_sources(same, same)
    assert (found.seeds, found.test_set, found.both, found.share_of_test_set) == (0.0, 0.0, 0.0, None)
    assert found.interval == (0.0, 0.0)


def test_outcomes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="same runs and test examples"):
        mcnemar([True, False], [True])
    with pytest.raises(ValueError, match="same runs and test examples"):
        example_bootstrap([[True, False]], [[True], [False]])
    with pytest.raises(ValueError, match="confidence should be"):
        example_bootstrap([True], [True], confidence=95)
    with pytest.raises(ValueError, match="one run of each arm"):
        mcnemar([[True], [False]], [[True], [False]])
    with pytest.raises(ValueError, match="True or False"):
        mcnemar([0, 3], [1, 1])
    with pytest.raises(ValueError, match="at least 2 runs and 2 examples"):
        variance_sources([[True, False]], [[True, True]])
