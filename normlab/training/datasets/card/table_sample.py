"""Some rows of a table, spread evenly over each part, for questions about whole columns."""

import numpy as np
import numpy.typing as npt

from normlab.training.datasets.card.parts import Numbers, Parts

MOST_ROWS = 20_000
"""More say the same: a share of 1 % is known to 0.1 points then."""
MOST_VALUES = 16_000_000
"""Of all columns together: 64 MB."""


class TableSample:
    """Rows for training and validation, and rows for test, as one array."""

    def __init__(self, parts: Parts, columns: int) -> None:
        most = max(2, min(MOST_ROWS, MOST_VALUES // columns))
        training = parts.in_training_array
        of_training = _spread(0, training, most - most // 3)
        of_test = _spread(training, parts.samples, most // 3)
        rows = np.concatenate([of_training, of_test])
        self.x: npt.NDArray[np.float32] = parts.take(rows)
        """(rows, columns), as they are stored."""
        self.y = parts.labels[rows]
        self.is_test = rows >= training

    def binned(self, column: int, most: int | None) -> tuple[Numbers, int]:
        """The bin of each row by its value in a column, and how many bins there are; missing values have their own.

        Up to ``most`` different values have a bin each; more are divided into so many of about as many rows.
        """
        values = self.x[:, column]
        present = ~np.isnan(values)
        distinct = np.unique(values[present])
        if most is None or len(distinct) <= most:
            bins = np.searchsorted(distinct, values)
        else:
            inner = np.linspace(0, 1, most + 1)[1:-1]
            edges = np.unique(np.quantile(values[present], inner, method="lower"))
            bins = np.searchsorted(edges, values, side="right")
        bins = np.where(present, bins, bins[present].max(initial=-1) + 1)
        return bins, int(bins.max(initial=-1)) + 1


def _spread(start: int, stop: int, most: int) -> Numbers:
    count = min(stop - start, most)
    return start + np.arange(count, dtype=np.int64) * (stop - start) // max(count, 1)
