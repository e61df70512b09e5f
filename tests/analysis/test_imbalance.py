"""A comparison by plain accuracy says what balanced accuracy says, where classes are far from equally frequent."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from normlab.analysis import RunRecord, compare_runs, summarize
from normlab.analysis.imbalance import FAR
from normlab.analysis.records import of_result
from normlab.spec.metrics import Metric

SAID = "far from equally frequent"


def arms(
    make_run: Callable[..., RunRecord], share: float, *, reverse: bool = False
) -> dict[str, list[RunRecord]]:
    """Two arms of three seeds, of which the second is 3 points better in accuracy."""
    shift = 0.3 if reverse else 0.0

    def of(name: str, best: float) -> list[RunRecord]:
        runs = [make_run(name, best=best, seed=seed) for seed in range(3)]
        return [replace(run, imbalance={"validation": share, "test": share / 2}) for run in runs]

    plain = [
        replace(
            run,
            epochs=tuple(
                point.model_copy(update={"val_balanced_accuracy": point.val_balanced_accuracy + shift})
                for point in run.epochs
            ),
        )
        for run in of("baseline", 0.80)
    ]
    return {"plain": plain, "norm": of("batch_norm", 0.83)}


def told(caveats: tuple[str, ...]) -> str:
    found = [text for text in caveats if SAID in text]
    assert len(found) <= 1
    return "".join(found)


def test_where_classes_are_even_nothing_is_said(make_run: Callable[..., RunRecord]) -> None:
    assert told(compare_runs(arms(make_run, FAR - 0.01)).caveats) == ""


def test_balanced_accuracy_is_told_beside_accuracy(make_run: Callable[..., RunRecord]) -> None:
    runs = arms(make_run, 0.4)
    text = told(compare_runs(runs).caveats)
    by_balanced = compare_runs(runs, metric=Metric.VAL_BALANCED_ACCURACY)
    (pair,) = by_balanced.pairs
    low, high = (f"{100 * end:.2f}" for end in pair.comparison.interval)
    assert "up to 40 percentage points" in text
    assert (
        f"norm minus plain is +{100 * pair.comparison.difference:.2f} percentage points ({low} to {high})"
        in text
    )
    assert "reverse" not in text
    assert "does not count" in text
    assert told(by_balanced.caveats) == ""


def test_the_reverse_is_called_so(make_run: Callable[..., RunRecord]) -> None:
    assert "the reverse of what accuracy says" in told(
        compare_runs(arms(make_run, 0.4, reverse=True)).caveats
    )


def test_what_counts_is_the_part_that_is_compared(make_run: Callable[..., RunRecord]) -> None:
    runs = arms(make_run, 0.2)  # of the test set 0.1
    assert told(compare_runs(runs).caveats)
    assert told(compare_runs(runs, metric=Metric.TEST_ACCURACY).caveats) == ""


def test_runs_from_before_say_that_it_is_not_known(make_run: Callable[..., RunRecord]) -> None:
    runs = arms(make_run, 0.4)
    old = runs["norm"][0]
    points = tuple(point.model_copy(update={"val_balanced_accuracy": None}) for point in old.epochs)
    runs["norm"][0] = replace(old, epochs=points)
    assert "compare them by val_balanced_accuracy" in told(compare_runs(runs).caveats)


def test_runs_side_by_side_show_their_balanced_accuracies(make_run: Callable[..., RunRecord]) -> None:
    runs = arms(make_run, 0.4)
    text = told(summarize([runs["plain"][0], runs["norm"][0]]).caveats)
    kept = runs["norm"][0].kept
    assert kept is not None
    assert kept.val_balanced_accuracy is not None
    assert f"batch_norm {100 * kept.val_balanced_accuracy:.2f} %" in text


def test_a_result_of_an_earlier_version_has_no_imbalance() -> None:
    before = {"samples": 5, "correct": 3, "p_value": 0.5}
    assert of_result({"majority": {"test": before}})["imbalance"] == {}
    now = {"test": before | {"imbalance": 0.25}, "validation": before}
    assert of_result({"majority": now})["imbalance"] == {"test": 0.25}


@pytest.mark.parametrize(
    ("metric", "words", "test"),
    [
        (Metric.VAL_BALANCED_ACCURACY, "validation balanced accuracy", Metric.TEST_BALANCED_ACCURACY),
        (Metric.TEST_MACRO_F1, "test macro F1", Metric.TEST_MACRO_F1),
        (Metric.ACCURACY, "training accuracy", Metric.TEST_ACCURACY),
        (Metric.LOSS, "training loss", Metric.TEST_LOSS),
    ],
)
def test_metrics_know_their_names_and_samples(metric: Metric, words: str, test: Metric) -> None:
    assert metric.words == words
    assert metric.on_test is test
    assert metric.along_epochs.every_epoch
    assert metric.along_epochs.kind == metric.kind
