"""A short form of bench/statistics_simulation.py: the same code, fewer repeats, wider tolerances."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from normlab.analysis import StoppingPlan


@pytest.fixture(scope="module")
def simulation() -> ModuleType:
    path = Path(__file__).parents[2] / "bench" / "statistics_simulation.py"
    spec = importlib.util.spec_from_file_location("statistics_simulation", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up by name
    spec.loader.exec_module(module)
    return module


REPEATS = 600
# Three standard errors above 5 %, so that a correct rule fails in fewer than one of a thousand seeds.
ALLOWED = 0.05 + 3 * (0.05 * 0.95 / REPEATS) ** 0.5


@pytest.mark.parametrize("pairs", [3, 5, 10, 20])
def test_an_arm_is_rarely_better_than_itself(simulation: ModuleType, pairs: int) -> None:
    for index, shape in enumerate(simulation.SHAPES):
        rate = simulation.false_better(shape, pairs, REPEATS, np.random.default_rng([pairs, index]))
        assert rate <= ALLOWED, shape.name


def test_an_arm_is_rarely_better_than_itself_when_one_goes_on_until_decided(simulation: ModuleType) -> None:
    for index, shape in enumerate(simulation.SHAPES[:4]):
        rng = np.random.default_rng(index)
        rate = simulation.false_better_until_decided(shape, StoppingPlan(5, 12), REPEATS // 2, rng)
        assert rate <= ALLOWED, shape.name
    assert simulation.looking_without_a_plan(StoppingPlan(5, 20), REPEATS, np.random.default_rng(0)) > 0.15


@pytest.mark.parametrize("pairs", [3, 5, 10, 20])
def test_intervals_cover_normal_data(simulation: ModuleType, pairs: int) -> None:
    d = simulation.uneven(simulation.SHAPES[0], pairs, 4000, np.random.default_rng(pairs))
    assert 0.93 <= simulation.student_coverage(d) <= 0.97


@pytest.mark.parametrize("pairs", [3, 10])
def test_arms_a_margin_apart_are_rarely_equivalent(simulation: ModuleType, pairs: int) -> None:
    for index, shape in enumerate(simulation.SHAPES):
        rate = simulation.false_equivalent(shape, pairs, 200, np.random.default_rng([pairs, index]))
        # The worst of four margins, of 200 comparisons each.
        assert rate <= 0.085, shape.name


def test_a_large_difference_is_found(simulation: ModuleType) -> None:
    assert simulation.power(4.0, 5, 100, np.random.default_rng(0)) > 0.9
    assert simulation.power(1.0, 20, 100, np.random.default_rng(0)) > 0.9


def test_an_arm_is_rarely_better_than_itself_when_its_runs_are_compared_again(simulation: ModuleType) -> None:
    normal = simulation.SHAPES[0]
    for sizes in simulation.LOOKS_AGAIN[:2]:
        rate = simulation.false_better_looking_again(
            normal, sizes, REPEATS // 2, np.random.default_rng(sizes)
        )
        assert rate <= ALLOWED, sizes
    uncharged = simulation.false_better_looking_again(
        normal, simulation.LOOKS_AGAIN[0], REPEATS // 2, np.random.default_rng(0), charged=False
    )
    assert uncharged > 0.05
