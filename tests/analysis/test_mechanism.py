"""What differs inside two arms: with made-up measurements whose difference is known."""

import json

import numpy as np
import pytest

from normlab.analysis import MeasuredRun, compare_mechanisms
from normlab.analysis.mechanism.chains import told_apart
from normlab.analysis.mechanism.quantities import QUANTITIES
from normlab.spec.measurements import Measured
from normlab.spec.probes import PROBES
from support.measured_runs import job_spec, measured_run

SPEC = job_spec(preset="deep_sigmoid")
STEPS = 32


def runs(seeds, faults=None, *, noise=0.02, arm=0, spec=SPEC):
    """Runs whose every number wavers a little from seed to seed."""
    for seed in seeds:
        draws = np.random.default_rng([seed, arm])
        yield MeasuredRun(
            seed,
            STEPS,
            [
                Measured(
                    m.step,
                    m.epoch,
                    m.probe,
                    m.layer,
                    m.statistic,
                    m.value * float(np.exp(draws.normal(0, noise))),
                )
                for m in measured_run(spec, faults)
            ],
        )


def compared(faults, *, seeds=range(5), **options):
    return compare_mechanisms({"plain": runs(seeds), "changed": runs(seeds, faults, arm=1, **options)})


def test_what_is_compared_has_no_dimension():
    for quantity in QUANTITIES:
        assert PROBES[quantity.probe].by_name[quantity.statistic].unit == "1", quantity


def test_a_difference_is_found_with_its_layer_size_and_time():
    mechanism = compared({("update", "ratio", "dense_3"): lambda _, epoch: 0.1 if epoch > 1 else 1e-3})
    (series,) = [one for one in mechanism.series if any(one.told_apart)]
    assert (series.probe, series.layer) == ("update", "dense_3")
    first = series.first
    assert (series.epochs[first], series.steps[first]) == (2, None)
    assert series.low[first] < 100 < series.high[first]
    assert series.difference[first] == pytest.approx(series.mean_b[first] / series.mean_a[first])
    assert series.sentence.startswith("A step against the kernel of dense_3 is 0.001")
    assert "times as large" in series.sentence
    assert "from the end of epoch 2 on" in series.sentence
    assert mechanism.highlights == (series.sentence,)
    assert "does not show which of it makes the difference" in mechanism.paragraph
    json.dumps(mechanism.to_document(), allow_nan=False)


def test_a_difference_that_is_there_only_at_first():
    mechanism = compared({("gradient", "factor_per_layer", ""): lambda step, _: 0.25 if step < 4 else 1.0})
    (series,) = [one for one in mechanism.series if any(one.told_apart)]
    assert series.told_apart[:3] == (True, True, True)
    assert not any(series.told_apart[3:])
    assert "from the start to step 2" in series.sentence


def test_an_arm_against_itself_differs_in_nothing():
    """Exactly equal, and different only by the luck of the seeds."""
    same = [*runs(range(5))]
    assert not any(any(one.told_apart) for one in compare_mechanisms({"a": same, "b": same}).series)
    found = 0
    for first in range(0, 100, 5):
        mechanism = compare_mechanisms(
            {
                "a": runs(
                    range(first, first + 5), spec=job_spec({"type": "flatten"}, {"type": "dense", "units": 9})
                ),
                "b": runs(
                    range(first, first + 5),
                    arm=1,
                    spec=job_spec({"type": "flatten"}, {"type": "dense", "units": 9}),
                ),
            }
        )
        found += any(any(one.told_apart) for one in mechanism.series)
    assert found <= 3  # of 20 at 5 %: more in two of a hundred cases


def test_what_is_certain_and_tiny_is_no_highlight():
    faults = {("saturated", "share", "activation_1"): 0.101}
    mechanism = compare_mechanisms({"a": runs(range(5), noise=0.0), "b": runs(range(5), faults, noise=0.0)})
    assert any(one.sentence for one in mechanism.series)
    assert mechanism.highlights == ()


def test_the_paragraph_accounts_for_every_series_that_differs():
    """By quantity and number of layers; those that differ too little to be told are counted."""
    faults = {
        ("update", "ratio", "dense_3"): 0.1,
        ("norm", "growth", None): 2.0,
        ("saturated", "share", "activation_1"): 0.101,
    }
    mechanism = compare_mechanisms({"a": runs(range(5), noise=0.0), "b": runs(range(5), faults, noise=0.0)})
    apart = sum(one.first is not None for one in mechanism.series)
    assert apart == 13
    assert (
        "13 series differ: step length (dense_3), kernel growth (11 layers); 1 more by less"
        in mechanism.paragraph
    )
    assert len(mechanism.highlights) == 2


def test_two_pairs_are_too_few():
    mechanism = compared({("update", "ratio", None): 0.1}, seeds=range(2))
    assert not any(any(one.told_apart) for one in mechanism.series)
    assert "at least 3 are needed" in mechanism.paragraph
    assert "0 measured pairs" in compare_mechanisms({"a": [], "b": []}).paragraph


def test_what_only_one_arm_has_is_named_and_not_compared():
    normalized = job_spec(preset="deep_sigmoid_with_batch_norm")
    mechanism = compare_mechanisms({"without": runs(range(3)), "with": runs(range(3), spec=normalized)})
    assert mechanism.only_in == {"without": (), "with": ("moving.mean_gap",)}
    assert {one.layer for one in mechanism.series if one.probe == "update"} == {
        *(f"dense_{n}" for n in range(1, 11)),
        "output",
    }


def test_arms_of_other_batch_sizes_meet_at_the_ends_of_epochs():
    other = [
        MeasuredRun(run.pair, 2 * STEPS, [
            Measured(m.step * 2 if m.step and m.step == m.epoch * STEPS else m.step, *list(vars(m).values())[1:])
            for m in run.measured
        ])
        for run in runs(range(3))
    ]  # fmt: skip
    mechanism = compare_mechanisms({"a": runs(range(3)), "b": other})
    series = next(one for one in mechanism.series if one.probe == "update")
    assert series.epochs[-4:] == (1, 2, 3, 4)
    assert series.steps[-4:] == (None,) * 4


def test_chains_of_one_point_are_holms_procedure():
    values = [np.array([p]) for p in (0.004, 0.011, 0.02, 0.9)]
    # Two chains of each at alpha / 8, / 6, ...: the same hypotheses, so each is at least as hard as Holm's.
    told = told_apart(values, 0.1)
    assert [bool(each[0]) for each in told] == [True, True, True, False]
    assert not any(each[0] for each in told_apart([np.array([0.03])] * 4, 0.05))


def test_three_arms_are_refused():
    with pytest.raises(ValueError, match="between two arms"):
        compare_mechanisms({"a": []})
