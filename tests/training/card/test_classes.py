"""Missing, rare and frequent classes."""

import numpy as np
import pytest

from normlab.training.datasets.card.classes import BATCH_SIZE


@pytest.mark.parametrize(
    ("part", "severity"), [("training", "error"), ("validation", "warning"), ("test", "warning")]
)
def test_a_class_that_is_missing_from_a_part_is_named(healthy, part, severity):
    labels = {
        "training": healthy.y_train[40:],
        "validation": healthy.y_train[:40],
        "test": healthy.y_test,
    }[part]
    labels[labels == 2] = 3
    found = healthy.findings()[f"class_missing_from_{part}"]
    assert (found.severity, found.count, found.examples) == (severity, 1, ("c",))


def test_a_class_without_any_sample_is_said_once(healthy):
    for labels in (healthy.y_train, healthy.y_test):
        labels[labels == 2] = 3
    assert set(healthy.findings()) == {"class_missing_from_training"}


def test_without_a_validation_part_no_class_is_missing_from_it(healthy):
    healthy.default_validation_samples = 0
    assert healthy.findings() == {}


@pytest.mark.parametrize(("kept", "severity"), [(2, None), (4, "info"), (20, "warning")])
def test_imbalance_is_graded_by_the_ratio_of_the_largest_to_the_smallest(make, kept, severity):
    made = make(training=4_000, test=1_000)
    for labels in (made.y_train, made.y_test):
        spared = np.flatnonzero(labels == 1)
        given_away = np.delete(spared, slice(None, None, kept))
        labels[given_away] = np.resize([0, 2, 3], len(given_away))
    found = made.findings()
    assert (found["imbalance"].severity if severity else found.get("imbalance")) == severity
    if severity:
        assert found["imbalance"].examples[1] == "b"
        assert "balanced accuracy" in found["imbalance"].detail


def test_a_class_smaller_than_a_batch_is_named_with_its_size(healthy):
    training = healthy.y_train[40:]
    training[np.flatnonzero(training == 3)[BATCH_SIZE - 1 :]] = 0
    found = healthy.findings()["class_smaller_than_batch"]
    assert (found.count, found.examples) == (1, (f"d: {BATCH_SIZE - 1}",))


def test_a_class_as_large_as_a_batch_is_in_order(healthy):
    training = healthy.y_train[40:]
    training[np.flatnonzero(training == 3)[BATCH_SIZE:]] = 0
    assert "class_smaller_than_batch" not in healthy.findings()
