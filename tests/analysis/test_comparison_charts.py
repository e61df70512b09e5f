import json
import re
from dataclasses import replace
from itertools import pairwise
from typing import Any

import altair as alt
import pytest
from jsonschema import ValidationError

from normlab.analysis import ComparisonStatistics, by_arm, compare_runs, learning_curves, render
from normlab.analysis.charts.clocks import accuracy_against_cost, target_curves
from normlab.analysis.charts.pairs import difference_curves, paired_differences
from normlab.analysis.charts.theme import NARROW, PALETTE, WIDE, epoch_axis
from normlab.analysis.charts.values import final_values
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


def panel_titles(chart: Any) -> list[list[str]]:
    """The titles of the panels, each as its lines."""
    if isinstance(chart, list):
        return [title for part in chart for title in panel_titles(part)]
    parts = [part for key in ("hconcat", "vconcat") for part in chart.get(key, ())]
    own = [chart["title"]["text"]] if "layer" in chart and "title" in chart else []
    return own + [title for part in parts for title in panel_titles(part)]


def data(chart: Any, panel: Any = None) -> list[Any]:
    """The rows of a chart's data, or of one of its panels."""
    names = set(values(panel or chart, "name"))
    return [row for name, rows in chart["datasets"].items() if name in names for row in rows]


@pytest.mark.parametrize("space", [WIDE, pytest.param(NARROW, marks=pytest.mark.nightly)])
def test_every_chart_is_one_by_the_schema(runs: list[Any], space: Any) -> None:
    arms, statistics = by_arm(runs), compared(runs, target_accuracy=0.8, equivalence_margin=0.01)
    assert statistics.clocks is not None
    assert statistics.clocks.target is not None
    for chart in (
        learning_curves(arms, metric=Metric.VAL_ACCURACY, space=space),
        final_values(arms, space=space),
        paired_differences(statistics, space=space),
        difference_curves(statistics, space=space),
        target_curves(statistics.clocks.target, space=space),
        accuracy_against_cost(statistics, space=space),
    ):
        alt.Chart.from_dict(chart)
    with pytest.raises(ValidationError):
        alt.Chart.from_dict(chart | {"width": "wide"})


def test_final_values_are_joined_by_seed_on_both_sets(runs: list[Any]) -> None:
    chart = final_values(by_arm(runs))
    validation, test = chart["hconcat"]
    assert panel_titles(chart) == ["validation accuracy (compared)", "test accuracy"]
    for panel, metric in ((validation, Metric.VAL_ACCURACY), (test, Metric.TEST_ACCURACY)):
        lines, dots, bars = panel["layer"]
        assert lines["encoding"]["detail"]["field"] == "pair"
        assert dots["mark"]["type"] == "circle"
        assert bars["mark"]["type"] == "tick"
        drawn = {(row["arm"], row["seed"]): row["value"] for row in data(chart, panel) if "seed" in row}
        wanted = {(run.title, run.seed): 100 * (metric.of(run) or 0) for run in runs}
        assert drawn == pytest.approx(wanted)
    # The names stand once, and above one another on a telephone.
    assert [panel["layer"][1]["encoding"]["y"]["axis"]["labels"] for panel in (validation, test)] == [
        True,
        False,
    ]
    assert len(final_values(by_arm(runs), space=NARROW)["vconcat"]) == 2
    assert panel_titles(final_values(by_arm(runs), metric=Metric.LOSS)) == [
        "training loss (compared)",
        "validation loss",
    ]


def test_of_more_than_two_arms_the_means_are_drawn_alone(make_run: Any) -> None:
    arms = {
        name: [make_run(name, seed=seed) for seed in range(3)]
        for name in ("baseline", "batch_norm", "deep_sigmoid")
    }
    chart = learning_curves(arms)
    assert not values(chart, "run")
    assert "area" not in values(chart, "type")
    two = learning_curves({name: arms[name] for name in ("baseline", "batch_norm")})
    assert len(set(values(two, "run"))) == 6
    assert "area" in values(two, "type")


def test_epochs_begin_with_the_first_that_has_data(runs: list[Any]) -> None:
    for chart in (learning_curves(runs), difference_curves(compared(runs))):
        axes = [axis for axis in encodings(chart, "x") if axis.get("field") == "epoch"]
        assert axes
        assert all(axis["scale"]["domain"] == [1, 6] for axis in axes)


def test_the_panel_of_training_time_has_means(runs: list[Any]) -> None:
    by_time = learning_curves(runs)["hconcat"][1]
    drawn = [layer for layer in by_time["layer"] if layer["mark"].get("strokeWidth") == 3]
    assert len(drawn) == 1
    means = [row for row in data(learning_curves(runs)) if "low" in row and row["arm"] == "baseline"]
    assert [row["seconds"] for row in means] == pytest.approx([0.7 * epoch for epoch in range(1, 7)])


@pytest.mark.parametrize("space", [WIDE, NARROW])
def test_all_charts_are_of_one_width_and_one_size_of_text(runs: list[Any], space: Any) -> None:
    comparison = compared(runs, target_accuracy=0.84)
    assert comparison.clocks is not None
    assert comparison.clocks.target is not None
    arms = by_arm(runs)
    for chart in (
        learning_curves(arms, space=space),
        final_values(arms, space=space),
        paired_differences(comparison, space=space),
        difference_curves(comparison, space=space),
        accuracy_against_cost(comparison, space=space),
        target_curves(comparison.clocks.target, space=space),
    ):
        svg = render(chart, "svg").decode()
        (width,) = re.findall(r'^<svg[^>]* width="([\d.]+)"', svg)
        assert float(width) == pytest.approx(space.width, rel=0.03)
        assert set(re.findall(r'font-size="([\d.]+)px"', svg)) <= {"13", "15"}


def encodings(chart: Any, channel: str) -> list[Any]:
    """All encodings of a channel."""
    if isinstance(chart, list):
        return [found for part in chart for found in encodings(part, channel)]
    if not isinstance(chart, dict):
        return []
    own = [chart["encoding"][channel]] if channel in chart.get("encoding", {}) else []
    return own + [found for part in chart.values() for found in encodings(part, channel)]


def test_paired_differences_show_every_seed_and_the_margin(runs: list[Any]) -> None:
    comparison = compared(runs, equivalence_margin=0.005)
    chart = paired_differences(comparison)
    assert sorted(value for value in values(chart, "seed")) == [0, 1, 2, 3]
    assert values(chart, "to") == [pytest.approx(0.5)]
    assert "Shaded" in " ".join(chart["title"]["subtitle"])
    assert chart["title"]["text"] == ["Paired differences in validation accuracy"]
    assert "percentage points" in values(chart, "title")
    assert render(chart, "svg").startswith(b"<svg")
    assert not values(paired_differences(compared(runs)), "to")


def test_difference_curves_are_of_all_pairs_that_differ_along_the_epochs(make_run: Any) -> None:
    better = {"batch_norm": 0.9, "baseline_with_batch_norm": 0.88, "deep_sigmoid": 0.85}
    arms = {
        name: [make_run(name, seed=seed, best=best) for seed in range(4)]
        for name, best in {"baseline": 0.85, **better}.items()
    }
    comparison = compare_runs(arms)
    assert len(comparison.pairs) == 6
    chart = difference_curves(comparison)
    titles = [text for title in panel_titles(chart) for text in title if text]
    # What shows no difference at any epoch has no panel.
    levels = {(pair.a, pair.b): pair.curve.confidence for pair in comparison.pairs if pair.curve}
    differing = [pair for pair in comparison.pairs if pair.curve and pair.curve.leaves_zero]
    assert {(pair.a, pair.b) for pair in differing} > {
        ("baseline", "batch_norm"),
        ("batch_norm", "deep_sigmoid"),
    }
    assert " ".join(titles) == " ".join(
        f"{pair.b} minus {pair.a} ({100 * levels[pair.a, pair.b]:.4g} % band)" for pair in differing
    )
    assert min(values(chart, "epoch")) == 1
    assert render(chart, "png").startswith(b"\x89PNG")
    same = compare_runs({name: arms[name] for name in ("baseline", "deep_sigmoid")})
    assert len(panel_titles(difference_curves(same))) == 1


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
    assert "84 % validation accuracy" in " ".join(chart["title"]["text"])
    assert "Crosses" in " ".join(chart["title"]["subtitle"])
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
        assert any(words in " ".join(title) for title in panel_titles(chart))
        assert render(chart, "svg").startswith(b"<svg")
    losses = learning_curves(runs[:1], metric=Metric.VAL_LOSS)
    assert values(losses, "value")[:2] == [1.0, 0.5]


def test_names_that_are_too_long_are_broken(make_run: Any) -> None:
    arms = {f"{'very ' * 10}long name {number}": [make_run(seed=1), make_run(seed=2)] for number in range(8)}
    assert learning_curves(arms)["title"]["text"] == ["Learning curves: 8 arms"]
    assert 1 in values(learning_curves(arms, space=NARROW), "columns")
    for space in (WIDE, NARROW):
        for label in values(paired_differences(compare_runs(arms), space=space), "label"):
            assert max(map(len, label.split("\n"))) * 6 <= space.names
            assert label.replace("\n", "") in {
                f"{b} minus {a}" for number, a in enumerate(arms) for b in list(arms)[number + 1 :]
            }


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


@pytest.mark.parametrize(("last", "space"), [(10, WIDE), (10, NARROW), (97, WIDE), (9, NARROW), (2, NARROW)])
def test_the_first_and_the_last_epoch_are_labelled(last: int, space: Any) -> None:
    ticks = epoch_axis(1, last, space).to_dict()["axis"]["values"]
    assert (ticks[0], ticks[-1]) == (1, last)
    apart = [after - before for before, after in pairwise(ticks)]
    assert 2 * min(apart) > apart[0]
    assert epoch_axis(1, 1).to_dict()["axis"]["values"] == [1]


def test_runs_that_end_alike_are_all_seen_on_one_scale(make_run: Any) -> None:
    arms = {
        name: [make_run(name, seed=seed, best=best, noise=0) for seed in range(3)]
        for name, best in (("baseline", 0.85), ("batch_norm", 0.9))
    }
    chart = final_values(arms)
    panels = chart["hconcat"]
    for panel in panels:
        dots = [layer for layer in panel["layer"] if layer["mark"]["type"] == "circle"]
        assert len({layer["mark"]["yOffset"] for layer in dots}) == 3
        assert sum(len(data(chart, layer)) for layer in dots) == 6
    domains = {json.dumps(axis["scale"]["domain"]) for axis in encodings(panels, "x")}
    assert len(domains) == 1
    assert "same value" in " ".join(chart["title"]["subtitle"])


def test_a_band_is_said_to_be_cut_only_where_it_is(make_run: Any) -> None:
    arms = {name: [make_run(name, seed=seed) for seed in range(4)] for name in ("baseline", "batch_norm")}
    wide = {
        name: [
            replace(
                run,
                epochs=(
                    run.epochs[0].model_copy(
                        update={"val_accuracy": 0.1 + 0.2 * run.seed * (name == "baseline")}
                    ),
                    *run.epochs[1:],
                ),
            )
            for run in runs
        ]
        for name, runs in arms.items()
    }
    for runs, cut in ((wide, True), ({name: _same(group) for name, group in arms.items()}, False)):
        subtitle = " ".join(difference_curves(compare_runs(runs))["title"]["subtitle"])
        assert ("cut where it leaves" in subtitle) is cut


def _same(runs: list[Any]) -> list[Any]:
    """The runs with a difference that varies as much at each epoch."""
    return [
        replace(
            run,
            epochs=tuple(
                point.model_copy(update={"val_accuracy": 0.5 + 0.01 * run.seed * (run.title == "baseline")})
                for point in run.epochs
            ),
        )
        for run in runs
    ]
