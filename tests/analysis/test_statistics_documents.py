"""What the analysis computes is what the documents declare, field by field."""

import json
from dataclasses import fields
from functools import partial
from typing import Any

import numpy as np
import pytest

from normlab.analysis import (
    arms,
    bands,
    basis,
    clocks,
    comparison,
    cost,
    earlier_looks,
    examples,
    method,
    planning,
    setup,
    several,
    survival,
    verdict,
    wins,
)
from normlab.analysis.comparison import compare_runs
from normlab.documents import statistics as documents
from normlab.documents.comparisons import ComparisonResult, SetupDocument
from normlab.documents.side_by_side import Statistics
from normlab.spec.columns import Task
from normlab.spec.metrics import Metric

CLASSES = [
    (arms.ArmStatistics, documents.ArmStatisticsDocument),
    (basis.Basis, documents.BasisDocument),
    (earlier_looks.EarlierLook, documents.EarlierLookDocument),
    (method.Method, documents.MethodDocument),
    (planning.FurtherPairs, documents.FurtherPairsDocument),
    (wins.Wins, documents.WinsDocument),
    (bands.DifferenceBand, documents.DifferenceBandDocument),
    (clocks.Clocks, documents.ClocksDocument),
    (clocks.Target, documents.TargetDocument),
    (comparison.PairReport, documents.PairReportDocument),
    (comparison.ComparisonStatistics, Statistics),
    (cost.ArmCost, documents.ArmCostDocument),
    (cost.CostOfAPoint, documents.CostOfAPointDocument),
    (examples.ExampleBootstrap, documents.ExampleBootstrapDocument),
    (examples.McNemar, documents.McNemarDocument),
    (examples.VarianceSources, documents.VarianceSourcesDocument),
    (setup.Setup, SetupDocument),
    (several.ArmPair, documents.ArmPairDocument),
    (survival.LogRank, documents.LogRankDocument),
    (survival.TimeToTarget, documents.TimeToTargetDocument),
    (verdict.PairedComparison, documents.PairedComparisonDocument),
]


@pytest.mark.parametrize(("computed", "declared"), CLASSES)
def test_fields_are_the_same(computed: Any, declared: Any) -> None:
    assert {field.name for field in fields(computed)} == set(declared.model_fields) - {"final", "headline"}


@pytest.mark.parametrize("metric", [metric for metric in Metric if metric is not Metric.TEST_LOSS])
@pytest.mark.parametrize("seeds", [1, 3])
def test_a_real_result_is_written_and_read_without_loss(
    make_run: Any, make_run_of_numbers: Any, metric: Metric, seeds: int
) -> None:
    of_numbers = metric.task is Task.REGRESSION
    make = make_run_of_numbers if of_numbers else partial(make_run, target_accuracy=0.8)
    runs = {
        name: [make(architecture, seed=seed) for seed in range(seeds)]
        for name, architecture in (("plain", "baseline"), ("norm", "batch_norm"))
    }
    rng = np.random.default_rng(0)
    given: dict[str, Any] = {}
    if not of_numbers:
        correct = {run.job: rng.random(200) < 0.8 for group in runs.values() for run in group}
        given = {"target_accuracy": 0.7, "correct": correct}
    found = compare_runs(runs, metric=metric, **given).to_document()
    document = ComparisonResult.model_validate(found | {"final": True})
    written = json.loads(document.model_dump_json())
    assert written == {name: found[name] for name in written if name != "final"} | {"final": True}
    assert ComparisonResult.read(document.model_dump_json()) == document


_NEW = {
    *("basis", "bootstrap_basis", "deciding_test", "deciding_p_value", "wins", "further_pairs", "withheld"),
    *(
        "earlier_looks",
        "error_share",
        "same_looks",
        "method",
        "clock",
        "unit",
        "extra_seconds_interval",
        "extra_seconds_basis",
    ),
}


def _as_before(document: Any) -> Any:
    """A result as an earlier version has stored it."""
    if isinstance(document, list):
        return [_as_before(part) for part in document]
    if not isinstance(document, dict):
        return document
    kept = {name: _as_before(part) for name, part in document.items() if name not in _NEW}
    if "seconds_per_point" in kept:
        del kept["interval"]
    if "verdict" in kept:
        kept |= {"probability_b_better": 0.8, "pairs_needed": 4, "bootstrap_interval": kept["interval"]}
    return kept


def test_a_result_that_an_earlier_version_stored_is_still_answered(make_run: Any) -> None:
    runs = {
        name: [make_run(architecture, seed=seed, target_accuracy=0.8) for seed in range(3)]
        for name, architecture in (("plain", "baseline"), ("norm", "batch_norm"))
    }
    stored = _as_before(compare_runs(runs, target_accuracy=0.7).to_document())
    document = ComparisonResult.model_validate(stored | {"final": True})
    assert document.pairs[0].comparison.wins is None
    assert document.pairs[0].error_share == 1.0
    assert document.method is None
