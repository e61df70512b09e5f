"""Balanced accuracy and macro F1 are scikit-learn's; accuracy is never further from the former than the imbalance."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score

from normlab.spec.class_counts import ClassCounts, imbalance


def drawn(seed: int, classes: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """Labels and answers in which classes are rare, lack samples, or are never said."""
    draw = np.random.default_rng(seed)
    labels = draw.choice(classes, 80, p=draw.dirichlet(np.full(classes, 0.4)))
    guesses = draw.choice(classes, 80, p=draw.dirichlet(np.full(classes, 0.4)))
    return labels, np.where(draw.random(80) < draw.random(), labels, guesses)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true")
def test_figures_are_those_of_scikit_learn(seed: int) -> None:
    labels, said = drawn(seed)
    counts = ClassCounts.of(labels, said, 6)
    assert counts.accuracy == accuracy_score(labels, said)
    assert counts.balanced_accuracy == pytest.approx(balanced_accuracy_score(labels, said), rel=1e-12)
    expected = f1_score(labels, said, average="macro", zero_division=0)
    assert counts.macro_f1 == pytest.approx(expected, rel=1e-12)


def test_the_draws_have_classes_without_samples_and_such_that_are_said_all_the_same() -> None:
    counts = [ClassCounts.of(*drawn(seed), 6) for seed in range(12)]
    assert any(((found.have == 0) & (found.given == 0)).any() for found in counts)
    assert any(((found.have == 0) & (found.given > 0)).any() for found in counts)
    assert any(((found.have > 0) & (found.given == 0)).any() for found in counts)


def test_numbers_of_classes_in_a_byte_are_counted_as_numbers() -> None:
    labels = np.repeat(np.array([200, 250], np.uint8), 100)
    counts = ClassCounts.of(labels, labels, 251)
    assert (counts.have[200], counts.balanced_accuracy, len(counts.have)) == (100, 1.0, 251)


def test_accuracy_and_balanced_accuracy_are_apart_by_the_imbalance_at_most() -> None:
    gaps = []
    for seed in range(60):
        labels, said = drawn(seed)
        counts = ClassCounts.of(labels, said, 6)
        gap = abs(counts.accuracy - counts.balanced_accuracy)
        assert gap <= imbalance(labels) + 1e-12
        gaps.append(gap)
    assert max(gaps) > 0.1
    always_the_first = np.zeros(10, int)
    labels = np.array([0] * 7 + [1] * 3)
    counts = ClassCounts.of(labels, always_the_first, 2)
    assert counts.accuracy - counts.balanced_accuracy == pytest.approx(imbalance(labels)) == 0.2


def test_even_classes_have_no_imbalance_and_missing_ones_do_not_count() -> None:
    assert imbalance(np.array([1, 4, 4, 1])) == 0
    assert imbalance(np.array([3, 3])) == 0
