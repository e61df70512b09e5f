"""What was trained, said in front of every answer, and in one sentence."""

from dataclasses import replace
from typing import Any

from normlab.analysis import compare_runs, summarize
from normlab.analysis.headline import headline
from normlab.analysis.setup import NOT_RECORDED, setup_of
from normlab.spec.metrics import Metric

ENVIRONMENT = {
    "normlab": "1.0.0",
    "tensorflow": "2.20.0",
    "keras": "3.11.0",
    "numpy": "2.3.0",
    "python": "3.12.1",
    "platform": "Linux",
    "device": "cpu",
    "device_name": "Imagined CPU",
    "cores": 2,
    "intra_op_threads": 1,
    "executor": "xla",
}


def two_arms(make_run: Any, *, seeds: Any = range(42, 45), **training: Any) -> dict[str, list[Any]]:
    return {
        name: [replace(make_run(name, seed=seed, **training), environment=ENVIRONMENT) for seed in seeds]
        for name in ("baseline", "baseline_with_batch_norm")
    }


def test_what_is_common_is_said_once_and_the_rest_by_arm(make_run: Any) -> None:
    setup = setup_of(two_arms(make_run, optimizer={"name": "sgd", "momentum": 0.9}))
    assert setup.dataset == "Fashion-MNIST"
    assert setup.common["split"].startswith("55,000 samples for training, 5,000 for validation (the first")
    assert "10,000 for testing" in setup.common["split"]
    assert setup.common["layers"] == "flatten, dense(300), dense(100), output(10)"
    assert setup.common["optimizer"] == "sgd (momentum 0.9)"
    assert setup.common["learning rate"] == "0.001, constant"
    assert setup.common["batch size"] == "32"
    assert setup.common["epochs"] == "6"
    assert setup.common["seeds"] == "42 to 44"
    assert setup.common["hardware"].startswith("CPU Imagined CPU, 2 cores, 1 thread")
    assert setup.common["versions"].startswith("Normlab 1.0.0, TensorFlow 2.20.0, Keras 3.11.0")
    assert set(setup.by_arm) == {"normalization", "parameters"}
    assert setup.by_arm["parameters"]["baseline"] == "266,610"
    assert not set(setup.common) & set(setup.by_arm)


def test_several_machines_and_unknown_ones_are_said(make_run: Any) -> None:
    arms = two_arms(make_run)
    arms["baseline"][0] = replace(arms["baseline"][0], environment=ENVIRONMENT | {"device_name": "Another"})
    arms["baseline_with_batch_norm"] = [
        replace(run, environment={}) for run in arms["baseline_with_batch_norm"]
    ]
    hardware = setup_of(arms).by_arm["hardware"]
    assert "; or CPU Imagined CPU" in hardware["baseline"]
    assert hardware["baseline_with_batch_norm"] == NOT_RECORDED


def test_early_stopping_and_random_validation_are_said(make_run: Any) -> None:
    stopping = {"monitor": "val_loss", "patience": 2, "restore_best_weights": True}
    runs = [make_run(seed=seed, early_stopping=stopping) for seed in (3, 9)]
    for run in runs:
        run.spec["dataset"] |= {"validation_split": "random", "validation_samples": 100}
    setup = setup_of({"one": runs})
    assert "at most 6" in setup.common["epochs"]
    assert "validation loss" in setup.common["epochs"]
    assert "best epoch" in setup.common["epochs"]
    assert "100 for validation (drawn by the seed)" in setup.common["split"]
    assert setup.common["seeds"] == "3, 9"


def test_a_spec_of_another_version_is_said_as_far_as_it_is_known(make_run: Any) -> None:
    run = make_run()
    spec = {**run.spec, "dataset": {"name": "imagenet"}, "architecture": {"layers": [{"type": "attention"}]}}
    setup = setup_of({"one": [replace(run, spec=spec)]})
    assert setup.common["dataset"] == "imagenet"
    assert setup.common["parameters"] == "unknown"


def test_the_headline_names_arms_data_metric_and_outcome(make_run: Any) -> None:
    arms = two_arms(make_run)
    assert headline(compare_runs(arms)) == (
        "baseline and baseline_with_batch_norm were trained on Fashion-MNIST with 3 seeds each and compared by "
        "validation accuracy: neither is shown to be better."
    )
    better = arms | {"batch_norm": [make_run("batch_norm", seed=seed, best=0.95) for seed in range(42, 45)]}
    text = headline(compare_runs(better))
    assert "of 3 pairs of arms are decided; batch_norm has the highest mean, 9" in text
    assert "lowest mean" in headline(compare_runs(better, metric=Metric.VAL_LOSS))


def test_the_headline_says_what_takes_the_most_from_the_outcome(make_run: Any) -> None:
    arms = {name: [make_run(name, seed=seed) for seed in range(3)] for name in ("baseline", "batch_norm")}
    assert headline(compare_runs(arms)).endswith(
        "; the arms differ in normalization, activation and initializer at once."
    )
    arms["baseline"] = [replace(run, test_accuracy=0.1) for run in arms["baseline"]]
    assert "; baseline has learned nothing that shows; the arms" in headline(compare_runs(arms))


def test_jobs_side_by_side_have_their_setup_first(make_run: Any) -> None:
    runs = [make_run("baseline"), make_run("batch_norm")]
    document = summarize(runs).to_document()
    assert next(iter(document)) == "setup"
    assert set(document["setup"]["by_arm"]["activation"]) == {run.job for run in runs}
    assert next(iter(compare_runs(two_arms(make_run)).to_document())) == "headline"
