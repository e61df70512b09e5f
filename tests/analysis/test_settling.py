"""Batch normalization's moving statistics that have not settled."""

from dataclasses import replace
from typing import Any

import pytest

from normlab.analysis import RunRecord, caveats
from normlab.analysis.settling import settling_caveats, share_of_the_start
from normlab.spec import parse_job_spec, preset_layers


def digits(run: RunRecord, *, momentum: float | None = 0.99, batch_size: int = 256) -> RunRecord:
    """The run on 1,300 samples of digits, with batch normalization of this momentum."""
    layers = [layer.model_dump(mode="json") for layer in preset_layers("baseline_with_batch_norm")]
    kept = [
        layer | ({"momentum": momentum} if layer["type"] == "batch_normalization" else {})
        for layer in layers
        if momentum is not None or layer["type"] != "batch_normalization"
    ]
    spec = parse_job_spec({
        "architecture": {"layers": kept},
        "dataset": "digits",
        "training": {"batch_size": batch_size, "epochs": 3},
    }).to_document()  # fmt: skip
    return replace(run, spec=spec)


def test_the_share_that_is_still_the_start(make_run: Any) -> None:
    run = make_run(epochs=3)
    # 1,300 samples in batches of 256 are 6 updates an epoch.
    assert share_of_the_start(digits(run)) == pytest.approx(0.99**18)
    assert share_of_the_start(digits(run, momentum=0.8)) == pytest.approx(0.8**18)
    assert share_of_the_start(digits(replace(run, kept_epoch=1))) == pytest.approx(0.99**6)
    assert share_of_the_start(digits(run, momentum=None)) == 0.0
    assert share_of_the_start(replace(run, epochs=())) == 0.0


def told(run: RunRecord, **options: Any) -> str:
    other = digits(replace(run, job="job_other", name="none"), momentum=None)
    return " ".join(caveats([replace(digits(run, **options), name="bn"), other]))


def test_a_verdict_on_something_that_has_not_settled_carries_a_caveat(make_run: Any) -> None:
    text = told(make_run(epochs=3))
    assert (
        "moving statistics of batch normalization in bn have not settled: 83 % of them is still their start after "
        "18 steps with momentum 0.99, so validation and test figures may be far from" in text
    )
    assert "normalization in none" not in text


def test_arms_of_which_the_same_is_true_share_a_sentence(make_run: Any) -> None:
    run = replace(make_run(epochs=3), population={"val_accuracy": 0.57})
    other = replace(digits(run, batch_size=255), name="other", population={"val_accuracy": 0.61})
    longer = replace(digits(run, batch_size=32), name="longer")
    arms = {"bn": [digits(run)], "other": [other], "longer": [longer]}
    both, alone = settling_caveats(arms)
    assert "in bn and other have not settled: 83 %" in both
    assert "against the moving ones: bn 57.00 % against " in both
    assert ", other 61.00 % against " in both
    assert "in longer have not settled: 29 %" in alone


def test_the_caveat_vanishes_with_the_steps(make_run: Any) -> None:
    assert "have not settled: 29 %" in told(make_run(epochs=3), batch_size=32)
    assert "have not settled: 1.6 %" in told(make_run(epochs=10), batch_size=32)
    assert "figures may be off what the network has learned" in told(make_run(epochs=10), batch_size=32)
    assert "not settled" not in told(make_run(epochs=12), batch_size=32)
    assert "have not settled: 1.8 %" in told(make_run(epochs=3), momentum=0.8)
    assert "not settled" not in told(make_run(epochs=4), momentum=0.8)


def test_what_population_statistics_would_give_stands_beside_it(make_run: Any) -> None:
    run = replace(make_run(epochs=3), population={"val_accuracy": 0.57})
    assert "with the population's statistics against the moving ones: bn 57.00 % against " in told(run)
    assert "population" not in told(replace(run, population={}))
