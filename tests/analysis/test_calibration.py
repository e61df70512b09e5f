"""Expected calibration error: by hand, against a simulation of a network that is calibrated, and drawn."""

from collections.abc import Iterator

import altair as alt
import numpy as np
import pytest

from normlab.analysis.calibration import BINS, calibration
from normlab.analysis.charts.reliability import reliability


def by_hand(sure: np.ndarray, right: np.ndarray) -> Iterator[float]:
    for index in range(BINS):
        inside = (sure > index / BINS) & (sure <= (index + 1) / BINS)
        if inside.any():
            yield inside.mean() * abs(sure[inside].mean() - right[inside].mean())


def drawn(seed: int, samples: int = 500) -> tuple[np.ndarray, np.ndarray]:
    """Of a network that is calibrated: right with the probability that it says."""
    draw = np.random.default_rng(seed)
    sure = draw.beta(4, 1, samples)
    return sure, draw.random(samples) < sure


def test_the_error_is_that_of_its_definition() -> None:
    sure, right = drawn(1)
    found = calibration(np.minimum(1, sure + 0.1), right)
    assert found.expected_calibration_error == pytest.approx(sum(by_hand(np.minimum(1, sure + 0.1), right)))
    assert found.confidence > right.mean()
    assert sum(each.samples for each in found.bins) == 500


def test_edges_belong_to_the_bin_below() -> None:
    sure = np.array([0.0, 1 / 15, 0.2, 1.0], np.float64)
    found = calibration(sure, np.array([False, False, False, True]))
    assert [index for index, each in enumerate(found.bins) if each.samples] == [0, 2, 14]
    assert found.bins[0].samples == 2
    assert found.bins[1].accuracy is None
    assert found.bins[14].confidence == 1


def test_chance_alone_gives_what_is_said_on_average() -> None:
    found = [calibration(*drawn(seed)) for seed in range(200)]
    mean = np.mean([each.expected_calibration_error for each in found])
    assert mean == pytest.approx(np.mean([each.error_by_chance for each in found]), rel=0.1)


def test_bins_of_equally_many_samples_do_not_depend_on_the_order_of_equals() -> None:
    sure = np.repeat([0.6, 0.9, 1.0], [40, 60, 400])
    right = np.concatenate([np.arange(40) < 20, np.arange(60) < 60, np.arange(400) < 300])
    order = np.random.default_rng(0).permutation(len(sure))
    found = calibration(sure, right).adaptive_calibration_error
    shuffled = calibration(sure[order], right[order]).adaptive_calibration_error
    assert found == pytest.approx(shuffled, rel=1e-12)
    assert found == pytest.approx((40 * 0.1 + 60 * 0.1 + 400 * 0.25) / 500)


def test_bins_of_equally_many_samples_see_what_one_wide_bin_hides() -> None:
    """Nearly all samples in the last bin: below its middle too sure, above it not sure enough."""
    sure = np.linspace(0.94, 1.0, 3000)
    right = np.random.default_rng(2).random(3000) < np.where(sure < 0.97, 0.93, 1.0)
    found = calibration(sure, right)
    assert found.adaptive_calibration_error > 2 * found.expected_calibration_error


@pytest.mark.parametrize("samples", [1, 2, 14])
def test_few_samples_are_enough(samples: int) -> None:
    found = calibration(np.full(samples, 0.5), np.ones(samples, bool))
    assert found.expected_calibration_error == found.adaptive_calibration_error == 0.5


def test_the_chart_has_a_bar_for_each_bin_with_samples() -> None:
    sure, right = drawn(3)
    found = calibration(sure, right)
    chart = reliability(found, float(right.mean()), "a network")
    alt.Chart.from_dict(chart)  # raises an error where Vega-Lite's schema says no
    rows = (
        max(chart["datasets"].values(), key=len)
        if "datasets" in chart
        else chart["vconcat"][1]["data"]["values"]
    )
    assert len(rows) == sum(each.samples > 0 for each in found.bins)
    assert f"error {100 * found.expected_calibration_error:.2f} %" in " ".join(chart["title"]["subtitle"])
