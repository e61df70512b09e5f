"""Whatever data are handed in, there is an answer that is plain JSON, or an error of ours; warnings are errors here."""

import json
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import orjson
import pytest

from normlab.analysis import (
    RunRecord,
    StoppingPlan,
    compare_arms,
    compare_paired,
    compare_runs,
    compare_until_decided,
    describe_arm,
    difference_band,
    example_bootstrap,
    learning_curves,
    log_rank,
    mcnemar,
    sentence,
    summarize,
    time_to_target,
    variance_sources,
)
from normlab.spec.metrics import Metric
from support.epochs import made_up_epoch

NAN, INF = float("nan"), float("inf")
VALUES: dict[str, Any] = {
    "none": [],
    "one": [0.8],
    "two": [0.8, 0.9],
    "ties": [0.8] * 6,
    "zeros": [0.0] * 6,
    "not a number": [0.8, NAN, 0.9],
    "infinite": [INF, 1.0, 2.0],
    "whole": [1, 2, 3, 4, 5, 6],
    "truths": [True, False, True],
    "words": ["a", "b"],
    "a gap": [None, 0.8],
    "a table": [[0.8, 0.9]],
    "ragged": [[1.0], [1.0, 2.0]],
    "one number": 0.5,
    "very large": [1e308, -1e308, 1e308, 1e307, 2.0, 3.0],
    "very small": [5e-324, 1e-320, 0.0, 1e-300, 1e-310, 2e-308],
    "very large and small": [1e308, 1e-308, 0.0, 5.0, -1e300, 7.0],
    "rounding": [0.1 + 0.2, 0.3, 0.3],
    "one in twenty": [0.0] * 19 + [1.0],
    "too long for a float": [10**400, 1],
}
FROM_BELOW = (
    "broadcast",
    "inhomogeneous",
    "zero-size",
    "could not convert",
    "truth value",
    "setting an array",
)


def answer(function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """What the function gives, or None when it refuses in words of ours."""
    try:
        found = function(*arguments, **options)
    except ValueError as error:
        if any(words in str(error) for words in FROM_BELOW):
            raise
        return None
    listed = found if isinstance(found, tuple) else (found,)
    json.dumps(
        [item.to_document() if hasattr(item, "to_document") else item for item in listed], allow_nan=False
    )
    return found


@pytest.mark.parametrize("first", VALUES.values(), ids=VALUES)
def test_pairs(first: Any) -> None:
    for second in VALUES.values():
        found = answer(compare_paired, first, second, equivalence_margin=0.1)
        if found is not None:
            assert sentence(found)
        answer(compare_arms, {"a": first, "b": second, "c": first})
        answer(compare_until_decided, first, second, StoppingPlan(3, 6))


@pytest.mark.parametrize("values", VALUES.values(), ids=VALUES)
def test_single_arms_curves_outcomes_and_times(values: Any) -> None:
    answer(describe_arm, values)
    for function in (mcnemar, example_bootstrap, variance_sources):
        answer(function, values, values)
        answer(function, [values, values], [values, values])
    answer(difference_band, values, values)
    answer(difference_band, [values, values, values], [values, values, values])
    length = len(values) if isinstance(values, list) else 1
    for reached in (True, False):
        answer(time_to_target, values, [reached] * length)
        answer(log_rank, values, [reached] * length, [1.0, 2.0, 3.0], [True, False, True])


CURVES: dict[str, list[tuple[float | None, float]]] = {
    "no epoch": [],
    "one epoch": [(0.5, 1.0)],
    "not a number": [(0.5, 1.0), (NAN, 1.0)],
    "not validated": [(None, 1.0)],
    "no time": [(0.5, 0.0), (0.6, 0.0)],
    "all time": [(0.5, INF)],
}


def runs(name: str, curve: list[tuple[float | None, float]]) -> list[RunRecord]:
    points = tuple(
        made_up_epoch(epoch, val_loss=1.0, val_accuracy=accuracy, train_seconds=seconds)
        for epoch, (accuracy, seconds) in enumerate(curve, start=1)
    )
    return [
        RunRecord(f"{name}{seed}", {"training": {"seed": seed}}, points, test_accuracy=accuracy)
        for seed, accuracy in ((1, 0.5), (2, None))
    ]


DAILY = {"no epoch", "not a number"}


@pytest.mark.parametrize(
    "first",
    [
        pytest.param(curve, id=name, marks=() if name in DAILY else pytest.mark.nightly)
        for name, curve in CURVES.items()
    ],
)
def test_runs(first: Any) -> None:
    for second in CURVES.values():
        arms = {"a": runs("a", first), "b": runs("b", second)}
        for metric in Metric:
            answer(compare_runs, arms, metric=metric, target_accuracy=0.5)
        answer(summarize, [*arms["a"], *arms["b"]])
        answer(learning_curves, arms)


def test_a_ragged_table_is_told_as_such() -> None:
    with pytest.raises(ValueError, match="a should have rows of the same length"):
        compare_paired(VALUES["ragged"], np.ones(2))


@pytest.mark.parametrize("at", [0, 2, -1])
@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.parametrize("metric", [Metric.VAL_LOSS, Metric.LOSS, Metric.TEST_LOSS])
def test_a_run_without_a_finite_value_is_left_out(
    make_run: Callable[..., RunRecord], metric: Metric, value: float, at: int
) -> None:
    """A loss overflows, at the end or on the way; the database has it as it was."""
    arms = {
        name: [make_run(name, seed=seed, epochs=4) for seed in range(4)]
        for name in ("baseline", "batch_norm")
    }
    arms = {
        name: [replace(run, test_loss=0.5 + 0.01 * run.seed) for run in runs] for name, runs in arms.items()
    }
    run = arms["baseline"][1]
    epochs = list(run.epochs)
    if metric.every_epoch:
        epochs[at] = epochs[at].model_copy(update={metric.value: value})
        arms["baseline"][1] = replace(run, epochs=tuple(epochs))
    else:
        arms["baseline"][1] = replace(run, test_loss=value)
    comparison = compare_runs(arms, metric=metric, target_accuracy=0.8)
    counts = at == -1 or not metric.every_epoch
    assert comparison.seeds == ((0, 2, 3) if counts else (0, 1, 2, 3))
    assert any("left out" in caveat for caveat in comparison.caveats) == counts
    orjson.dumps(comparison.to_document())
