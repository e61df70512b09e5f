"""The compared number is of the network that is kept, at the end and along the way."""

from dataclasses import replace
from typing import Any

import pytest

from normlab.analysis import RunRecord, compare_runs
from normlab.analysis.curve import reached_at, value_at_epoch, value_at_seconds
from normlab.spec.metrics import Metric

ACCURACY = Metric.VAL_ACCURACY


def restored(run: RunRecord) -> RunRecord:
    """Epochs of 50, 80, 60, 90 and 55 %, of which the second is kept, as by its validation loss."""
    values = (0.5, 0.8, 0.6, 0.9, 0.55)
    epochs = tuple(
        point.model_copy(update={"val_accuracy": value})
        for point, value in zip(run.epochs, values, strict=True)
    )
    return replace(run, epochs=epochs, kept_epoch=2)


@pytest.fixture
def run(make_run: Any) -> RunRecord:
    return restored(make_run(epochs=5, seconds=1.0))


def test_the_kept_networks_number_is_compared(run: RunRecord) -> None:
    assert ACCURACY.of(run) == 0.8
    assert ACCURACY.of(replace(run, kept_epoch=None)) == 0.55


def test_epochs_behind_the_kept_one_are_of_networks_that_nobody_has(run: RunRecord) -> None:
    assert [value_at_epoch(run, ACCURACY, epoch) for epoch in (1, 2, 3, 5)] == [0.5, 0.8, 0.8, 0.8]
    assert value_at_seconds(run, ACCURACY, 4.5) == 0.8
    assert reached_at(run, 0.75) == (2, 2.0)
    assert reached_at(run, 0.85) is None


def test_curve_and_clocks_end_where_the_verdict_does(make_run: Any) -> None:
    arms = {
        "plain": [make_run("baseline", seed=seed, epochs=5, best=0.7) for seed in range(3)],
        "restored": [restored(make_run("batch_norm", seed=seed, epochs=5)) for seed in range(3)],
    }
    (pair,) = compare_runs(arms).pairs
    clocks = compare_runs(arms, target_accuracy=0.85).clocks
    assert pair.values[0][2] == 0.8
    assert pair.curve is not None
    assert pair.curve.difference[-1] == pytest.approx(pair.comparison.difference)
    assert clocks is not None
    assert clocks.at_epoch is not None
    assert clocks.at_epoch[0].comparison.difference == pytest.approx(pair.comparison.difference)
    assert clocks.target is not None
    assert clocks.target.arms["restored"].reached == 0
