"""Whether training and test differ more than drawing them can explain: shares of classes, brightness by place."""

from collections.abc import Iterable

import numpy as np
from scipy import special

from normlab.training.datasets.card.classes import ClassCounts
from normlab.training.datasets.card.finding import Finding, percent
from normlab.training.datasets.card.moments import Moments
from normlab.training.datasets.card.parts import Block, Doubles, Parts
from normlab.training.datasets.card.shrinking import shrunk
from normlab.training.datasets.readers.base import Split

LEVEL = 1e-6
"""Of each question, over all cells together (Bonferroni). As small as that since Welch's test is not exact for skewed
cells: of 5,000 random parts of digits, 0.2 % are below 1e-4, and the least is 3e-6. Pearson's is: 0.02 % and 5e-5."""

SHARE_MOVED = 0.05
"""The part of the samples that would need another class for equal shares (total variation distance). Less is of no
consequence, however certain it is among a million samples."""

EFFECT = 0.2
"""The difference of a cell's means in deviations (Cohen's d); 0.2 is what he calls small."""

LEAST_SAMPLES = 100
"""In smaller parts the mean of a skewed cell is not normal enough for the level."""

CELLS = 8
"""Rows and columns into which a picture is divided: a cell is less skewed than a pixel, and 64 are fewer questions."""


class Cells:
    """Means and variances of parts of pictures, or of the columns of a table, by part."""

    def __init__(self) -> None:
        self.of: dict[bool, Moments] = {}

    def add(self, block: Block) -> None:
        """Add samples."""
        rows = block.x if block.x.ndim == 2 else shrunk(block.channels, CELLS).reshape(len(block.x), -1)
        if block.x.ndim > 2:
            contrast = block.grey.reshape(len(rows), -1).std(axis=1)
            rows = np.column_stack([rows, contrast])
        test = block.split is Split.TEST
        self.of.setdefault(test, Moments(rows.shape[1])).add(rows)


def findings(parts: Parts, counts: ClassCounts, cells: Cells) -> Iterable[Finding]:
    """In what the test part differs from the others."""
    yield from shares(parts, counts)
    yield from _means(parts, counts, cells)


def shares(parts: Parts, counts: ClassCounts) -> Iterable[Finding]:
    """Whether classes have other shares in the test part."""
    training = counts.of[Split.TRAINING] + counts.of[Split.VALIDATION]
    test = counts.of[Split.TEST]
    if min(training.sum(), test.sum()) < LEAST_SAMPLES:
        return
    moved, p_value = shares_differ(training.astype(float), test.astype(float))
    if moved >= SHARE_MOVED and p_value < LEVEL:
        difference = test / test.sum() - training / training.sum()
        farthest = np.argsort(-np.abs(difference), kind="stable")[:5]
        yield Finding(
            "class_shares_differ",
            "warning",
            f"Classes have other shares in the test part than in training: {percent(moved)} of its samples would need "
            f"another class (chance gives that less often than {LEVEL:g}). Draw the parts stratified by class, "
            "unless the test part is what the network will meet.",
            int((training + test > 0).sum()),
            tuple(
                f"{parts.content.classes[label]}: {percent(training[label] / training.sum())} in training, "
                f"{percent(test[label] / test.sum())} in test"
                for label in farthest.tolist()
            ),
            {"moved": moved, "p_value": p_value, "threshold": SHARE_MOVED, "level": LEVEL},
        )


def _means(parts: Parts, counts: ClassCounts, cells: Cells) -> Iterable[Finding]:
    training = sum(counts.of[split].sum() for split in (Split.TRAINING, Split.VALIDATION))
    if min(training, counts.of[Split.TEST].sum()) < LEAST_SAMPLES:
        return
    effects, p_values = means_differ(cells.of[False], cells.of[True])
    far = np.flatnonzero((np.abs(effects) >= EFFECT) & (p_values * len(p_values) < LEVEL))
    if len(far):
        order = far[np.argsort(-np.abs(effects[far]), kind="stable")]
        worst = int(order[0])
        where = "cells of a grid" if parts.pictures else "columns"
        yield Finding(
            "parts_differ",
            "warning",
            f"The test part differs from training: in {len(far)} of {len(effects)} {where} the means are apart by up "
            f"to {abs(effects[worst]):.2g} deviations, which parts that were drawn at random are not. Were they taken "
            "at other times, by other devices or people, or scaled differently? Then the test accuracy says how the "
            "network does there; else draw the parts anew.",
            len(far),
            tuple(_place(parts, place, effects[place]) for place in order[:5].tolist()),
            {
                "effect": float(effects[worst]),
                "p_value": float(min(1.0, p_values[worst] * len(p_values))),
                "threshold": EFFECT,
                "level": LEVEL,
            },
        )


def shares_differ(training: Doubles, test: Doubles) -> tuple[float, float]:
    """Total variation distance of the shares of classes, and the p value of Pearson's test of equal shares.

    Classes that are expected fewer than five times in one of the parts are joined, as the chi-square needs.
    """
    total = training + test
    expected = total * min(training.sum(), test.sum()) / total.sum()
    rare = expected < 5
    table = np.array([training[~rare], test[~rare]])
    if total[rare].sum():
        table = np.column_stack([table, [training[rare].sum(), test[rare].sum()]])
    shares = table / table.sum(axis=1, keepdims=True)
    moved = float(np.abs(shares[0] - shares[1]).sum() / 2)
    if table.shape[1] < 2:
        return moved, 1.0
    means = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / table.sum()
    statistic = ((table - means) ** 2 / means).sum()
    return moved, float(special.chdtrc(table.shape[1] - 1, statistic))


def means_differ(training: Moments, test: Moments) -> tuple[Doubles, Doubles]:
    """For each value the difference of means in pooled deviations, and Welch's two-sided p value; constant: 0 and 1."""
    # The variances are divided by the count, so that this is the unbiased one of a mean.
    errors = [of_part.variance / (of_part.count - 1) for of_part in (training, test)]
    error = errors[0] + errors[1]
    difference = test.mean - training.mean
    varies = error > 0
    safe = np.where(varies, error, 1.0)
    squares = errors[0] ** 2 / (training.count - 1) + errors[1] ** 2 / (test.count - 1)
    freedom = safe**2 / np.where(varies, squares, 1.0)
    p_values = 2 * special.stdtr(freedom, -np.abs(difference) / np.sqrt(safe))
    pooled = np.sqrt(np.where(varies, (training.variance + test.variance) / 2, 1.0))
    return np.where(varies, difference / pooled, 0.0), np.where(varies, p_values, 1.0)


def _place(parts: Parts, place: int, effect: float) -> str:
    shape = parts.content.shape
    if not parts.pictures:
        name = f"column {place}"
    else:
        rows, columns = (min(CELLS, side) for side in shape[:2])
        channels = shape[2] if len(shape) == 3 else 1
        if place == rows * columns * channels:
            name = "contrast"
        else:
            row, column, _ = (int(axis) for axis in np.unravel_index(place, (rows, columns, channels)))
            name = f"row {row + 1} of {rows}, column {column + 1} of {columns}"
    return f"{name}: {effect:+.2f} deviations"
