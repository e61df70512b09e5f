import json
from typing import Any

import pytest

from normlab.analysis import ComparisonStatistics, by_arm, compare_runs, learning_curves, render
from normlab.analysis.charts.clocks import accuracy_against_cost, target_curves
from normlab.analysis.charts.pairs import difference_curves, paired_differences
from normlab.analysis.charts.theme import PALETTE
from normlab.spec.metrics import Metric

ARMS = (("baseline", 0.85, 0.7), ("baseline_with_batch_norm", 0.88, 1.2))


@pytest.fixture
def runs(make_run: Any) -> list[Any]:
    return [
        make_run(arm, seed=seed, best=best, seconds=seconds)
        for arm, best, seconds in ARMS
        for seed in range(4)
    ]


def compared(runs: list[Any], **options: Any) -> ComparisonStatistics:
    return compare_runs(by_arm(runs), **options)


def values(chart: Any, key: str) -> list[Any]:
    """All values of a field in the chart's data, wherever its layers keep them."""
    if isinstance(chart, dict):
        own = [chart[key]] if key in chart and not isinstance(chart[key], dict | list) else []
        return own + [value for part in chart.values() for value in values(part, key)]
    return [value for part in chart for value in values(part, key)] if isinstance(chart, list) else []


def test_paired_differences_show_every_seed_and_the_margin(runs: list[Any]) -> None:
    comparison = compared(runs, equivalence_margin=0.005)
    chart = paired_differences(comparison)
    assert sorted(value for value in values(chart, "seed")) == [0, 1, 2, 3]
    assert values(chart, "to") == [pytest.approx(0.5)]
    assert "Shaded" in chart["title"]["subtitle"]
    assert "difference in validation accuracy (percentage points)" in json.dumps(chart)
    assert render(chart, "svg").startswith(b"<svg")
    assert not values(paired_differences(compared(runs)), "to")


def test_difference_curves_carry_their_reading(runs: list[Any]) -> None:
    chart = difference_curves(compared(runs))
    assert "baseline_with_batch_norm ahead" in json.dumps(chart)
    assert render(chart, "png").startswith(b"\x89PNG")


def test_difference_curves_need_two_pairs(make_run: Any) -> None:
    with pytest.raises(ValueError, match="at least two pairs of runs"):
        difference_curves(compared([make_run("baseline"), make_run("batch_norm")]))


def test_one_pair_of_runs_can_be_drawn(make_run: Any) -> None:
    comparison = compared([make_run("baseline"), make_run("batch_norm")], target_accuracy=0.8)
    assert comparison.clocks is not None
    assert comparison.clocks.target is not None
    for chart in (
        paired_differences(comparison),
        accuracy_against_cost(comparison),
        target_curves(comparison.clocks.target),
    ):
        assert render(chart, "svg").startswith(b"<svg")


def test_runs_that_ended_before_the_target_are_crosses(runs: list[Any]) -> None:
    comparison = compared(runs, target_accuracy=0.84)
    assert comparison.clocks is not None
    assert comparison.clocks.target is not None
    chart = target_curves(comparison.clocks.target)
    assert chart["title"]["text"] == "Time to 84 % validation accuracy"
    assert "Crosses" in chart["title"]["subtitle"]
    assert render(chart, "svg").startswith(b"<svg")


def test_cost_is_for_accuracies(runs: list[Any]) -> None:
    with pytest.raises(ValueError, match="by an accuracy"):
        accuracy_against_cost(compared(runs, metric=Metric.VAL_LOSS))


def test_a_difference_has_no_arms_colour(runs: list[Any]) -> None:
    comparison = compared(runs, equivalence_margin=0.005)
    for chart in (paired_differences(comparison), difference_curves(comparison)):
        text = json.dumps(chart).lower()
        assert not any(colour.lower() in text for colour in PALETTE)


def test_a_single_epoch_can_be_seen(make_run: Any) -> None:
    """It makes neither a line nor a band: means are points, and intervals rules."""
    runs = [make_run(arm, seed=seed, epochs=1) for arm, *_ in ARMS for seed in range(3)]
    for chart in (learning_curves(runs), difference_curves(compared(runs))):
        assert "rule" in values(chart, "type")
        assert "low" in json.dumps(chart)
    longer = [make_run(arm, seed=seed, epochs=2) for arm, *_ in ARMS for seed in range(3)]
    assert "rule" not in values(learning_curves(longer), "type")


def test_learning_curves_show_the_metric_that_is_compared(runs: list[Any]) -> None:
    for metric, words in (
        (Metric.VAL_LOSS, "validation loss"),
        (Metric.TEST_LOSS, "validation loss"),
        (Metric.TEST_ACCURACY, "validation accuracy"),
        (Metric.ACCURACY, "training accuracy"),
    ):
        chart = learning_curves(runs, metric=metric)
        assert words in values(chart, "title")
        assert render(chart, "svg").startswith(b"<svg")
    losses = learning_curves(runs[:1], metric=Metric.VAL_LOSS)
    assert values(losses, "value")[:2] == [1.0, 0.5]


def test_names_that_are_too_long_are_broken(make_run: Any) -> None:
    arms = {f"{'very ' * 10}long name {number}": [make_run(seed=1), make_run(seed=2)] for number in range(8)}
    assert learning_curves(arms)["title"]["text"] == "Learning curves: 8 arms"
    assert 1 in values(learning_curves(arms), "columns")
    svg = render(paired_differences(compare_runs(arms)), "svg").decode()
    assert ">minus very very" in svg


def test_an_arm_has_one_colour_in_all_charts(runs: list[Any]) -> None:
    comparison = compared(runs, target_accuracy=0.8)
    assert comparison.clocks is not None
    assert comparison.clocks.target is not None
    scale = json.dumps({"domain": list(comparison.arms), "range": list(PALETTE[:2])}, sort_keys=True)
    for chart in (
        learning_curves(by_arm(runs)),
        accuracy_against_cost(comparison),
        target_curves(comparison.clocks.target),
    ):
        assert scale in json.dumps(chart, sort_keys=True)


def test_the_band_of_a_mean_needs_three_runs(make_run: Any) -> None:
    two = [make_run(seed=seed) for seed in (1, 2)]
    assert not values(learning_curves(two), "low")
    assert values(learning_curves([*two, make_run(seed=3)]), "low")
