"""Columns that give the answer away: ids, copies of the target, what was written down after it was known.

For each column alone, the rows are divided into bins of its values, and each bin answers with what is met most in it
(of a number: with the mean of its ranks) in four fifths of the rows. The answers are held against the last fifth, each
fifth in turn.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from normlab.spec.columns import Column
from normlab.training.datasets.card.finding import EXAMPLES, Finding, listed, percent
from normlab.training.datasets.card.parts import Doubles, Numbers, Parts
from normlab.training.datasets.card.table_sample import TableSample

EXPLAINED = 0.98
"""The part of the errors of who does not look at any column (of the variance of the target's ranks) that a single
column must take away. ``docs/data-card.md`` has what honest columns and copies come to."""

CERTAIN = 0.9995
"""From this part on the column is the target in other words."""

LEAST_ROWS = 60
"""With fewer rows a column may look so by chance."""

BINS = 64
_FOLDS = 5
_MOST_CELLS = 5_000_000
"""Of folds, bins and classes together; with more classes than that nothing is said."""


def findings(parts: Parts, columns: Sequence[Column], sample: TableSample) -> Iterable[Finding]:
    """The columns that say the target almost alone."""
    if len(sample.y) < LEAST_ROWS:
        return
    folds = np.random.default_rng(0).permutation(len(sample.y)) % _FOLDS
    classes = len(parts.content.classes)
    ranks = None if classes else _ranks(sample.y.astype(np.float64))
    explained = np.zeros(len(columns))
    for place, column in enumerate(columns):
        # A category has a bin for each of its values; of numbers, up to four for each class.
        bins, count = sample.binned(place, None if column.categories else max(BINS, 4 * classes))
        if ranks is not None:
            explained[place] = of_ranks(bins, count, folds, ranks)
        elif count * classes * _FOLDS <= _MOST_CELLS:
            explained[place] = of_classes(bins, count, folds, sample.y.astype(np.int64), classes)
    found = np.flatnonzero(explained >= EXPLAINED)
    if not len(found):
        return
    order = found[np.argsort(-explained[found], kind="stable")]
    names = [columns[place].name for place in order.tolist()]
    best = float(explained[order[0]])
    what = (
        "of the errors that remain without any column" if classes else "of the variance of the target's ranks"
    )
    yield Finding(
        "column_gives_answer",
        "error" if best >= CERTAIN else "warning",
        f"{listed(names)} {'says' if len(names) == 1 else 'say'} {parts.target} almost alone: on rows that were held "
        f"out, {names[0]} takes away {percent(best)} {what}. Is it a copy, an id in the order of the rows, or known "
        "only when the answer is? Then leave it out (ignore_columns); a network would learn nothing else.",
        len(names),
        tuple(f"{columns[place].name}: {percent(explained[place])}" for place in order[:EXAMPLES].tolist()),
        {"explained": best, "threshold": EXPLAINED},
    )


def of_classes(bins: Numbers, count: int, folds: Numbers, labels: Numbers, classes: int) -> float:
    """The part of the errors of always answering the largest class that the column takes away, on rows held out."""
    cells = np.bincount((folds * count + bins) * classes + labels, minlength=_FOLDS * count * classes)
    table = cells.reshape(_FOLDS, count, classes)
    right = always = 0
    for fold in range(_FOLDS):
        learnt = table.sum(axis=0) - table[fold]
        largest = int(learnt.sum(axis=0).argmax())
        answers = np.where(learnt.any(axis=1), learnt.argmax(axis=1), largest)
        right += int(table[fold][np.arange(count), answers].sum())
        always += int(table[fold][:, largest].sum())
    wrong = len(labels) - always
    return 1 - (len(labels) - right) / wrong if wrong else 0.0


def of_ranks(bins: Numbers, count: int, folds: Numbers, ranks: Doubles) -> float:
    """The part of the variance of the target's ranks that the column's bins explain, on rows held out."""
    at = folds * count + bins
    rows = np.bincount(at, minlength=_FOLDS * count).reshape(_FOLDS, count)
    sums = np.bincount(at, ranks, minlength=_FOLDS * count).reshape(_FOLDS, count)
    squares = np.bincount(at, ranks**2, minlength=_FOLDS * count).reshape(_FOLDS, count)
    left = around = 0.0
    for fold in range(_FOLDS):
        learnt, of_learnt = rows.sum(axis=0) - rows[fold], sums.sum(axis=0) - sums[fold]
        mean = of_learnt.sum() / learnt.sum()
        answers = np.where(learnt > 0, of_learnt / np.maximum(learnt, 1), mean)
        left += float((squares[fold] - 2 * answers * sums[fold] + answers**2 * rows[fold]).sum())
        around += float((squares[fold] - 2 * mean * sums[fold] + mean**2 * rows[fold]).sum())
    return 1 - left / around if around else 0.0


def _ranks(values: Doubles) -> Doubles:
    """Ranks from 0 to 1, equal values with their mean."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    means: Doubles = (ends - (counts + 1) / 2) / max(1, len(values) - 1)
    return means[places]
