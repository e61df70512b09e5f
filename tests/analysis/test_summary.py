from dataclasses import replace
from typing import Any

import pytest

from normlab.analysis import RunRecord, summarize
from normlab.spec.metrics import Metric
from support.epochs import made_up_epoch


def test_the_figures_of_one_run() -> None:
    accuracies = (0.70, 0.84, 0.83)
    epochs = tuple(
        made_up_epoch(index, val_loss=1.0, val_accuracy=accuracy, train_seconds=float(index))
        for index, accuracy in enumerate(accuracies, start=1)
    )
    spec = {
        "architecture": {"preset": "baseline", "layers": []},
        "training": {"seed": 7, "target_accuracy": 0.8},
    }
    run = RunRecord(
        "job_1", spec, epochs, test_accuracy=0.82, timings={"total_seconds": 9.5, "compiling_seconds": 2.0}
    )
    summary = summarize([run]).jobs[0]
    assert (summary.best_val_accuracy, summary.best_epoch) == (0.84, 2)
    assert (summary.kept_val_accuracy, summary.kept_epoch) == (0.83, 3)
    assert summary.seconds_per_epoch == 2.0
    assert summary.train_seconds == 6.0
    assert summary.compile_seconds == 2.0
    assert summary.run_seconds == 9.5
    assert (summary.reached_target_at_epoch, summary.seconds_to_target) == (2, 3.0)
    assert (summary.name, summary.seed, summary.test_accuracy) == ("baseline", 7, 0.82)


def test_the_best_epoch_is_the_first_of_equals() -> None:
    epochs = tuple(made_up_epoch(epoch, val_loss=1.0, val_accuracy=0.8) for epoch in (1, 2, 3))
    assert summarize([RunRecord("job_1", {}, epochs)]).jobs[0].best_epoch == 1


def test_no_figure_is_of_a_network_that_was_thrown_away() -> None:
    """Early stopping restored the weights of epoch 2; epochs 3 and 4 were tried and got worse by what it monitors."""
    accuracies = (0.7, 0.8, 0.9, 0.85)
    epochs = tuple(
        made_up_epoch(epoch, val_loss=1.0 - value, val_accuracy=value)
        for epoch, value in enumerate(accuracies, 1)
    )
    run = RunRecord("job_1", {}, epochs, kept_epoch=2, target_accuracy=0.88)
    assert (Metric.VAL_ACCURACY.of(run), Metric.VAL_LOSS.of(run)) == (0.8, 1.0 - 0.8)
    summary = summarize([run]).jobs[0]
    assert (summary.kept_val_accuracy, summary.kept_epoch) == (0.8, 2)
    assert (summary.best_val_accuracy, summary.best_epoch) == (0.8, 2)
    assert summary.reached_target_at_epoch is None
    # What was trained was trained all the same.
    assert (summary.epochs, summary.train_seconds) == (4, 4.0)
    assert Metric.VAL_ACCURACY.of(RunRecord("job_2", {}, epochs)) == 0.85


def test_a_run_that_has_just_begun_has_no_figures_and_says_so(make_run: Any) -> None:
    begun = replace(make_run("batch_norm"), epochs=(), test_accuracy=None, timings={})
    summary = summarize([make_run("baseline"), begun])
    assert summary.jobs[1].best_val_accuracy is None
    assert summary.jobs[1].seconds_per_epoch is None
    assert summary.jobs[1].train_seconds == 0.0
    assert "No epoch of batch_norm is finished yet." in summary.caveats


def test_a_target_that_was_not_reached_has_no_time(make_run: Any) -> None:
    summary = summarize([make_run(best=0.8, target_accuracy=0.99)]).jobs[0]
    assert summary.target_accuracy == 0.99
    assert summary.reached_target_at_epoch is None
    assert summary.seconds_to_target is None


def test_the_document_is_plain_json_in_the_order_given(make_run: Any) -> None:
    document = summarize([make_run("batch_norm"), make_run("baseline")]).to_document()
    assert [job["id"] for job in document["jobs"]] == ["job_batch_norm_42", "job_baseline_42"]
    assert {difference["field"] for difference in document["differences"]} == {
        "normalization",
        "activation",
        "initializer",
    }
    assert set(document["differences"][0]["values"]) == {"job_batch_norm_42", "job_baseline_42"}
    assert all(isinstance(caveat, str) for caveat in document["caveats"])


def test_runs_of_one_arm_are_told_apart_by_their_seeds(make_run: Any) -> None:
    names = [job.name for job in summarize([make_run(seed=1), make_run(seed=2), make_run("batch_norm")]).jobs]
    assert names == ["baseline, seed 1", "baseline, seed 2", "batch_norm"]


def test_runs_that_have_everything_in_common_are_told_apart_by_their_ids(make_run: Any) -> None:
    names = [job.name for job in summarize([make_run(job="job_x"), make_run(job="job_y")]).jobs]
    assert names == ["baseline, job_x", "baseline, job_y"]


def test_no_run_and_the_same_run_twice_are_refused(make_run: Any) -> None:
    with pytest.raises(ValueError, match="needs at least one run"):
        summarize([])
    with pytest.raises(ValueError, match="only once"):
        summarize([make_run(), make_run()])


def test_a_run_can_be_read_from_the_http_api(make_run: Any) -> None:
    run = make_run()
    job = {
        "id": run.job, "name": None, "spec": run.spec, "timings": run.timings, "environment": None,
        "result": {"test_accuracy": run.test_accuracy, "test_loss": None},
    }  # fmt: skip
    epochs = [point.model_dump() | {"recorded_at": "2024-01-01T00:00:00Z"} for point in run.epochs]
    read = RunRecord.from_documents(job, {"epochs": epochs})
    assert summarize([read]).jobs[0].best_val_accuracy == summarize([run]).jobs[0].best_val_accuracy
    assert read.training_seconds == run.training_seconds
