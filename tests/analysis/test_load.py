"""Which seconds can be compared, and what is said of those that cannot."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from normlab.analysis import RunRecord, caveats, compare_runs
from normlab.analysis.load import Clock, choose_clock


def loaded(run: Any, **load: float | None) -> RunRecord:
    changed: RunRecord = replace(run, environment={"device": "cpu", "load": load})
    return changed


def arms(make_run: Any, shares: Mapping[str, Sequence[float]], **options: Any) -> dict[str, list[RunRecord]]:
    """An arm for each name, with a run for each share of a core."""
    return {
        name: [
            loaded(make_run(name, seed=seed, **options), core_share=share, busy_beside=0.0, cpu_seconds=4.0)
            for seed, share in enumerate(group)
        ]
        for name, group in shares.items()
    }


def test_undisturbed_runs_are_compared_by_the_clock_on_the_wall(make_run: Any) -> None:
    choice = choose_clock(arms(make_run, {"baseline": [0.99, 0.95], "batch_norm": [0.98, 0.97]}))
    assert (choice.clock, choice.caveats) == (Clock.WALL, ())


def test_each_run_is_judged_by_its_own_share_of_a_core(make_run: Any) -> None:
    # The arms' means are alike, which is all that used to be looked at.
    busy = arms(make_run, {"baseline": [0.09, 0.19, 0.14], "batch_norm": [0.15, 0.12, 0.15]})
    choice = choose_clock(busy)
    assert choice.clock is Clock.PROCESSOR
    assert "6 of 6 runs had a core for only 9 to 19 % of the time" in choice.caveats[0]
    assert "seconds of processor time are, instead" in choice.caveats[-1]
    found = compare_runs(busy)
    assert found.clock is Clock.PROCESSOR
    assert found.costs["baseline"].seconds == 4.0
    assert found.clocks is not None
    assert (found.clocks.seconds, found.clocks.at_seconds) == (None, None)


def test_load_that_is_known_of_some_runs_says_of_how_many(make_run: Any) -> None:
    some = {name: [make_run(name, seed=seed) for seed in range(6)] for name in ("baseline", "batch_norm")}
    some["baseline"][0] = loaded(some["baseline"][0], core_share=0.34)
    told = choose_clock(some).caveats[0]
    assert "(measured for 1 of 12 runs): 1 of 1 runs had a core for only 34 % of the time" in told


def test_runs_of_an_arm_that_took_unequally_long_are_no_measure(make_run: Any) -> None:
    uneven = {
        "baseline": [make_run(seed=seed, seconds=1.0) for seed in range(3)],
        "batch_norm": [
            make_run("batch_norm", seed=seed, seconds=s) for seed, s in enumerate((6.5, 15.8, 7.0))
        ],
    }
    choice = choose_clock(uneven)
    assert choice.clock is Clock.NONE
    assert (
        "Runs of one arm took unequally long for the same work: batch_norm 6.5 to 15.8 s an epoch."
        in choice.caveats[0]
    )
    found = compare_runs(uneven, target_accuracy=0.82)
    assert (found.costs, found.pareto_front, found.pairs[0].cost) == ({}, None, None)
    assert "no costs are given" in " ".join(found.caveats)
    assert found.clocks is not None
    assert found.clocks.target is not None
    assert found.clocks.target.unit == "epochs"
    assert found.clocks.target.arms["baseline"].median == found.clocks.target.epochs["baseline"][0] == 4


def test_uneven_processor_time_is_no_measure_either(make_run: Any) -> None:
    busy = arms(make_run, {"baseline": [0.5, 0.5], "batch_norm": [0.5, 0.5]})
    busy["baseline"][0] = loaded(busy["baseline"][0], core_share=0.5, cpu_seconds=9.0)
    assert choose_clock(busy).clock is Clock.NONE


def test_loads_at_run_time_that_differ_between_arms_are_told(make_run: Any) -> None:
    a = [loaded(make_run("baseline", seed=seed), core_share=0.99, busy_beside=0.02) for seed in (1, 2)]
    b = [loaded(make_run("batch_norm", seed=seed), core_share=0.92, busy_beside=0.48) for seed in (1, 2)]
    told = [text for text in caveats([*a, *b]) if "load at run time" in text]
    assert [text.partition("(")[2] for text in told] == [
        "baseline 99 %, batch_norm 92 %; more than 5 points apart).",
        "baseline 2 %, batch_norm 48 %; more than 25 points apart).",
    ]
    assert "environments differ" not in " ".join(caveats([*a, *b]))


@pytest.mark.parametrize("load", [{"core_share": 0.95, "busy_beside": 0.68}, {"core_share": None}, {}])
def test_loads_that_are_alike_or_not_known_are_not_told(make_run: Any, load: dict[str, Any]) -> None:
    a = loaded(make_run("baseline"), core_share=0.99, busy_beside=0.45)
    assert "load at run time" not in " ".join(caveats([a, loaded(make_run("batch_norm"), **load)]))
