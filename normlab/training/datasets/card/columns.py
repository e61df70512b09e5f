"""The columns of a table: how many values there are, what is missing, and what they are like."""

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from normlab.documents.datasets import CategoryDocument, ColumnDocument, MissingDocument, NumberTargetDocument
from normlab.spec.columns import Column, ColumnKind
from normlab.training.datasets.card.finding import EXAMPLES, Finding, listed
from normlab.training.datasets.card.parts import Block, Doubles, Numbers, Parts
from normlab.training.datasets.readers.base import Split


class PresentMoments:
    """Count, mean, variance and extremes of each column over the values that are not missing.

    Blocks are joined as in :class:`~normlab.training.datasets.card.moments.Moments`, with a count for each column.
    """

    def __init__(self, columns: int) -> None:
        self.count: Numbers = np.zeros(columns, np.int64)
        self.mean: Doubles = np.zeros(columns)
        self._squares: Doubles = np.zeros(columns)
        self.smallest: Doubles = np.full(columns, np.inf)
        self.largest: Doubles = np.full(columns, -np.inf)

    def add(self, rows: npt.NDArray[np.float32]) -> None:
        """Add rows, (rows, columns), NaN where a value is missing."""
        values = rows.astype(np.float64)
        present = ~np.isnan(values)
        self.smallest = np.fmin(self.smallest, np.where(present, values, np.inf).min(axis=0))
        self.largest = np.fmax(self.largest, np.where(present, values, -np.inf).max(axis=0))
        count = present.sum(axis=0)
        some = np.maximum(count, 1)
        mean = np.where(present, values, 0).sum(axis=0) / some
        left = np.where(present, values - mean, 0)
        total = np.maximum(self.count + count, 1)
        difference = mean - self.mean
        self._squares += np.einsum("rc,rc->c", left, left) + difference**2 * (self.count * count / total)
        self.mean += difference * (count / total)
        self.count += count

    @property
    def variance(self) -> Doubles:
        """Divided by the count."""
        return self._squares / np.maximum(self.count, 1)


class Columns:
    """What is in each column, by part."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self.columns = columns
        self.rows = dict.fromkeys(Split, 0)
        self.moments = {split: PresentMoments(len(columns)) for split in Split}
        self.counts = {
            split: {
                place: np.zeros(len(column.categories) + 1, np.int64)
                for place, column in enumerate(columns)
                if column.categories is not None
            }
            for split in Split
        }
        """How often each category of a column is met, unknown ones last."""

    def add(self, block: Block) -> None:
        """Add rows."""
        self.rows[block.split] += len(block.x)
        self.moments[block.split].add(block.x)
        for place, counts in self.counts[block.split].items():
            values = block.x[:, place]
            numbers = values[~np.isnan(values)].astype(np.int64)
            known = np.where(numbers < 0, len(counts) - 1, numbers)
            np.add(counts, np.bincount(known, minlength=len(counts)), out=counts)

    def missing(self, place: int) -> dict[Split, int]:
        """How many values of a column are missing in each part."""
        return {split: self.rows[split] - int(self.moments[split].count[place]) for split in Split}

    def is_constant(self, place: int) -> bool:
        """Whether all training rows have one value."""
        training = self.moments[Split.TRAINING]
        return bool(
            training.count[place] == self.rows[Split.TRAINING]
            and training.smallest[place] == training.largest[place]
        )

    def documents(self) -> tuple[ColumnDocument, ...]:
        """All columns, for the card."""
        return tuple(self._document(place, column) for place, column in enumerate(self.columns))

    def _document(self, place: int, column: Column) -> ColumnDocument:
        missing = MissingDocument(**{str(split): count for split, count in self.missing(place).items()})
        constant = self.is_constant(place)
        if column.categories is not None:
            categories = tuple(
                CategoryDocument(
                    name=name, **{str(split): int(self.counts[split][place][number]) for split in Split}
                )
                for number, name in enumerate(column.categories)
            )
            return ColumnDocument(
                name=column.name, kind=column.kind, missing=missing, constant=constant, categories=categories
            )
        training = self.moments[Split.TRAINING]
        if not training.count[place]:
            return ColumnDocument(name=column.name, kind=column.kind, missing=missing, constant=constant)
        return ColumnDocument(
            name=column.name,
            kind=ColumnKind.NUMBER,
            missing=missing,
            constant=constant,
            mean=float(training.mean[place]),
            deviation=float(np.sqrt(training.variance[place])),
            smallest=float(training.smallest[place]),
            largest=float(training.largest[place]),
        )


SPARSE_CATEGORIES = 20
"""So many categories that are met in one training row each are told, where they are most of a column's."""


def findings(columns: Columns) -> Iterable[Finding]:
    """What is odd about single columns."""
    constant = [place for place in range(len(columns.columns)) if columns.is_constant(place)]
    if constant:
        names = [columns.columns[place].name for place in constant]
        test = columns.moments[Split.TEST]
        value = columns.moments[Split.TRAINING].smallest
        other = sum(bool(test.smallest[at] < value[at] or test.largest[at] > value[at]) for at in constant)
        more = f" {other:,} of them have another value in the test part." if other else ""
        yield Finding(
            "constant_columns",
            "info",
            f"{listed(names)} {'have' if len(names) > 1 else 'has'} one value in all training rows, from which nothing "
            f"is learnt.{more} Leave out what cannot be otherwise (ignore_columns).",
            len(names),
            tuple(names[:EXAMPLES]),
        )
    sparse = {
        column.name: int((columns.counts[Split.TRAINING][place][:-1] == 1).sum())
        for place, column in enumerate(columns.columns)
        if column.categories is not None
    }
    many = [
        column
        for column in columns.columns
        if column.categories is not None
        and sparse[column.name] >= max(SPARSE_CATEGORIES, len(column.categories) / 2)
    ]
    if many:
        names = [column.name for column in many]
        worst = max(many, key=lambda column: sparse[column.name])
        yield Finding(
            "rare_categories",
            "warning",
            f"{listed(names)} {'have' if len(names) > 1 else 'has'} many categories that are met once: "
            f"{sparse[worst.name]:,} of {len(worst.categories or ()):,} of {worst.name} are in a single training row, "
            "so a network can only remember them. Join them into fewer, or leave the column out (ignore_columns).",
            len(names),
            tuple(f"{name}: {sparse[name]:,}" for name in names[:EXAMPLES]),
            {"once": float(sparse[worst.name]), "threshold": float(SPARSE_CATEGORIES)},
        )


def target_document(parts: Parts, name: str) -> NumberTargetDocument:
    """The numbers that are predicted, in the training part."""
    values = parts.labels[parts.validation : parts.in_training_array].astype(np.float64)
    return NumberTargetDocument(
        name=name,
        mean=float(values.mean()),
        deviation=float(values.std()),
        smallest=float(values.min()),
        largest=float(values.max()),
    )
