"""Comparisons on uploaded datasets: what counts is what is in them, and people read name, version and digest."""

import shlex
from dataclasses import replace
from typing import Any

import pytest

from normlab.analysis import caveats, differences
from normlab.analysis.evidence import of_one_test_set
from normlab.analysis.learning import cannot_be_told_from_guessing
from normlab.analysis.report.rerun import command
from normlab.analysis.setup import setup_of
from normlab.cli.specs import put_dataset
from normlab.spec.shortest import shortest_spec

SAME, OTHER = "sha256:" + "ab" * 32, "sha256:" + "cd" * 32


def on(make_run: Any, version: int, digest: str, *, name: str = "parts", **fields: Any) -> Any:
    """A run that was trained on a version of an uploaded dataset."""
    content = {
        "digest": digest,
        "shape": [12, 10, 3],
        "classes": ["bolt", "nut", "washer"],
        "training_samples": 90,
        "test_samples": 20,
        "default_validation_samples": 9,
        "pixel_max": 255,
    }
    run = make_run(**fields)
    return replace(
        run,
        spec={
            **run.spec,
            "dataset": {**run.spec["dataset"], "name": name, "version": version, "content": content},
        },
    )


def test_versions_with_other_bytes_are_other_data(make_run: Any) -> None:
    arms = {"a": [on(make_run, 1, SAME)], "b": [on(make_run, 2, OTHER)]}
    (difference,) = differences({name: runs[0].spec for name, runs in arms.items()})
    assert difference.field == "dataset"
    assert difference.values == {
        "a": f"parts version 1 ({SAME[:19]})",
        "b": f"parts version 2 ({OTHER[:19]})",
    }
    assert any("not trained on the same data" in caveat for caveat in caveats([*arms["a"], *arms["b"]]))
    assert setup_of(arms).dataset is None
    correct = {run.job: [True] for runs in arms.values() for run in runs}
    assert of_one_test_set([arms["a"][0], arms["b"][0]], correct) == {}


def test_equal_bytes_are_the_same_data_whatever_they_are_called(make_run: Any) -> None:
    arms = {
        "a": [on(make_run, 1, SAME)],
        "b": [on(make_run, 4, SAME, name="pieces", architecture="batch_norm")],
    }
    found = differences({name: runs[0].spec for name, runs in arms.items()})
    assert not [difference for difference in found if difference.field.startswith("dataset")]
    assert setup_of(arms).dataset == "parts version 1"
    correct = {"one": [True], "two": [False]}
    runs = [replace(arms["a"][0], job="one"), replace(arms["b"][0], job="two")]
    assert of_one_test_set(runs, correct) == correct


def test_setup_names_dataset_version_and_digest(make_run: Any) -> None:
    common = setup_of({"a": [on(make_run, 3, SAME)]}).common
    assert common["dataset"] == f"parts version 3: 110 colour images, 12 x 10 pixels, of 3 classes, {SAME}"
    assert common["split"] == "81 samples for training, 9 for validation (the first ones), 20 for testing"
    assert common["layers"].endswith("output(3)")


@pytest.mark.parametrize(("accuracy", "guesses"), [(0.4, True), (0.95, False)])
def test_guessing_is_among_the_classes_of_the_data(make_run: Any, accuracy: float, *, guesses: bool) -> None:
    run = replace(on(make_run, 1, SAME), test_accuracy=accuracy)
    assert cannot_be_told_from_guessing(run) is guesses


def test_command_that_does_it_again_names_the_version(make_run: Any) -> None:
    short = shortest_spec(on(make_run, 2, SAME, epochs=3).spec)
    body = {"arms": [{"name": "baseline", "spec": short}], "replicates": 3}
    words = shlex.split(command(body) or "")
    named = words[words.index("--dataset") + 1]
    spec: dict[str, Any] = {"dataset": {"name": "digits", "validation_samples": 7}}
    put_dataset(spec, named)
    assert spec["dataset"] == {"name": "parts", "version": 2, "validation_samples": 7}


@pytest.mark.parametrize(
    "dataset",
    [{"name": "digits", "validation_samples": 100}, {"name": "parts", "version": 1, "training_samples": 9}],
)
def test_part_of_a_dataset_is_in_no_command(dataset: dict[str, Any]) -> None:
    arms = [{"name": "baseline", "spec": {"architecture": "baseline", "dataset": dataset}}]
    assert command({"arms": arms, "replicates": 3}) is None
