"""Columns whose values have other shares in the test part than in the others."""

from collections.abc import Iterable, Sequence

import numpy as np

from normlab.spec.columns import Column
from normlab.training.datasets.card.drift import LEAST_SAMPLES, LEVEL, shares_differ
from normlab.training.datasets.card.finding import EXAMPLES, Finding, percent
from normlab.training.datasets.card.table_sample import TableSample

MOVED = 0.1
"""The part of the rows that would need another value for equal shares (total variation distance over ten bins of as
many rows, a category each, and missing ones). Less is of no consequence, however certain it is among many rows."""

BINS = 10


def findings(columns: Sequence[Column], sample: TableSample) -> Iterable[Finding]:
    """In which columns the test part differs from the others, more than drawing it explains."""
    if min(sample.is_test.sum(), (~sample.is_test).sum()) < LEAST_SAMPLES:
        return
    moved, p_values = np.zeros(len(columns)), np.ones(len(columns))
    for place, column in enumerate(columns):
        bins, count = sample.binned(place, None if column.categories else BINS)
        training, test = (
            np.bincount(bins[part], minlength=count).astype(np.float64)
            for part in (~sample.is_test, sample.is_test)
        )
        moved[place], p_values[place] = shares_differ(training, test)
    far = np.flatnonzero((moved >= MOVED) & (p_values * len(columns) < LEVEL))
    if not len(far):
        return
    order = far[np.argsort(-moved[far], kind="stable")]
    worst = int(order[0])
    yield Finding(
        "columns_differ",
        "warning",
        f"The test part differs from training in {len(far)} of {len(columns)} columns, most in {columns[worst].name}: "
        f"{percent(moved[worst])} of its rows would need another value for the same shares, which parts that were "
        "drawn at random do not. Are they of another time, place or way of measuring? Then the test figures say how "
        "the network does there; else draw the parts anew.",
        len(far),
        tuple(f"{columns[place].name}: {percent(moved[place])}" for place in order[:EXAMPLES].tolist()),
        {
            "moved": float(moved[worst]),
            "p_value": float(min(1.0, p_values[worst] * len(columns))),
            "threshold": MOVED,
            "level": LEVEL,
        },
    )
