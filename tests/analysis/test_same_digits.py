"""Quick ways of working something out give the digits of the slow ones, which are written down here."""

import numpy as np
import pytest
from scipy import stats

from normlab.analysis import compare_arms, compare_paired, difference_band, mcnemar
from normlab.analysis.bands import CurvesOfTwo, difference_bands
from normlab.analysis.basis import alone
from normlab.analysis.examples import mcnemar_of_runs
from normlab.analysis.intervals import Bootstrap
from normlab.analysis.signflip import RESAMPLES, sign_flip_p_value


@pytest.mark.parametrize("pairs", [2, 5, 11, 13, 14, 15, 33])
@pytest.mark.parametrize("drawn_before", [0, 1])
def test_sign_flips_are_scipys_permutations(pairs: int, drawn_before: int) -> None:
    """Also where ties are many, and with the same random numbers, so that what is drawn later is the same."""
    for scale in (0.0, 4.0):
        differences = np.random.default_rng(pairs).normal(0.3, 1.0, pairs)
        differences = np.round(differences * scale) / scale if scale else differences
        mine, scipys = (np.random.default_rng(7) for _ in range(2))
        for rng in (mine, scipys):
            rng.integers(9, size=drawn_before, dtype=np.uint32)
        unit = 1e-10 * float(np.max(np.abs(differences)))
        expected = stats.permutation_test(
            (differences,),
            lambda x, axis, unit=unit: np.round(np.abs(np.sum(x / unit, axis=axis))),
            permutation_type="samples",
            alternative="greater",
            n_resamples=RESAMPLES,
            vectorized=True,
            rng=scipys,
        )
        assert sign_flip_p_value(differences, mine) == expected.pvalue
        assert mine.bit_generator.state == scipys.bit_generator.state


def test_one_bootstrap_has_scipys_interval_at_each_level() -> None:
    values = np.random.default_rng(3).normal(0.3, 1.0, 12)
    bootstrap = Bootstrap(values, np.random.default_rng(5))
    unit = 2.0 ** np.ceil(np.log2(np.abs(values).max()))
    for level in (0.95, 0.9982):
        expected = stats.bootstrap(
            (values / unit,), np.mean, confidence_level=level, n_resamples=9_999, rng=np.random.default_rng(5)
        ).confidence_interval
        assert tuple(bootstrap.interval(level)) == (expected.low * unit, expected.high * unit)


def test_mcnemars_tests_are_scipys_binomial_tests() -> None:
    rng = np.random.default_rng(1)
    for discordant in (0, 1, 2, 3, 7, 8, 40, 101, 999):
        only_b = np.unique(
            np.clip([0, 1, discordant // 2 - 1, discordant // 2, discordant // 2 + 1], 0, discordant)
        )
        only_b = np.unique([*only_b, discordant, *rng.integers(0, discordant + 1, 9)])
        a = np.zeros((len(only_b), 1_000), dtype=bool)
        b = a.copy()
        for row, count in enumerate(only_b):
            b[row, :count] = True
            a[row, count:discordant] = True
        for test, count in zip(mcnemar_of_runs(a, b), only_b.tolist(), strict=True):
            expected = stats.binomtest(count, discordant).pvalue if discordant else 1.0
            assert (test.only_b_right, test.only_a_right) == (count, discordant - count)
            assert test.p_value == expected


def test_each_run_has_the_mcnemar_test_that_it_has_alone() -> None:
    a, b = np.random.default_rng(2).random((2, 4, 60)) < 0.7
    assert mcnemar_of_runs(a, b) == tuple(mcnemar(*rows) for rows in zip(a, b, strict=True))


def test_bands_of_several_pairs_of_arms_are_those_of_each_alone() -> None:
    """Of several shapes, with an epoch without spread, and of a single pair."""
    rng = np.random.default_rng(4)
    tables = [
        rng.normal(0.8, 0.01, (2, pairs, epochs))
        for pairs, epochs in ((5, 4), (5, 4), (6, 3), (1, 3), (5, 4))
    ]
    tables[1][1, :, 0] = tables[1][0, :, 0]
    pairs = [
        CurvesOfTwo(a, b, alone(0.95 + index / 100, "anything"), (f"a{index}", f"b{index}"))
        for index, (a, b) in enumerate(tables)
    ]
    assert difference_bands(pairs, higher_is_better=False) == [
        difference_band(pair.a, pair.b, basis=pair.basis, names=pair.names, higher_is_better=False)
        for pair in pairs
    ]


def test_a_pair_of_arms_is_compared_as_it_is_without_others_before_it() -> None:
    """What was drawn for the same values before is used again."""
    a, b, c = np.random.default_rng(6).normal(0.8, 0.01, (3, 15))
    seeds = np.random.default_rng(0)
    first = compare_arms({"a": a, "b": b, "c": c})
    for pair, (one, other) in zip(first, ((a, b), (a, c), (b, c)), strict=True):
        seed = int(seeds.integers(2**63))
        alone_with_seed = compare_paired(
            one,
            other,
            confidence=pair.comparison.confidence,
            basis=pair.comparison.basis,
            rng=np.random.default_rng(seed),
        )
        assert alone_with_seed.p_value == pair.comparison.p_value
        assert alone_with_seed.bootstrap_interval == pair.comparison.bootstrap_interval
