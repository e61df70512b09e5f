"""Whether the rows of a file are pictures, a column for each pixel, or rows of a table.

The rule, where ``kind`` does not say it. Columns beside the label, the part and row numbers are pixels

- where at least half of them are called so: ``pixel1``, ``px_1``, or ``1x1`` for row and column;
- where there are 64 or more, a square or three squares, whose names are numbers or one word with numbers (``x1``), or
  have no names, and all numbers in the first rows are whole, from 0 to 255.

All other files are tables.
"""

import math
import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from normlab.spec.columns import Task
from normlab.spec.dataset_options import SampleKind
from normlab.training.datasets.readers.base import ReadingOptions
from normlab.training.datasets.readers.pixel_columns import LABEL_NAMES, ROW_NAMES, SPLIT_NAMES

LEAST_PIXELS = 64
"""8 by 8, as scikit-learn's digits: fewer columns without pixels' names are a table, whatever their number."""
_PIXEL = re.compile(r"(pixel|px)s?[ _.-]?\d+|\d+x\d+", re.IGNORECASE)
_NUMBERED = re.compile(r"(.*?)[ _.-]?\d+")


def are_pictures(
    names: Sequence[str] | None, sample: npt.NDArray[np.float64], options: ReadingOptions
) -> bool:
    """Whether a file holds pictures.

    ``names`` are None where it has none; ``sample`` is some rows, (rows, columns), NaN where a value is no number.
    """
    if options.kind is not None:
        return options.kind is SampleKind.PICTURES
    if options.task is Task.REGRESSION or options.category_columns or options.ignore_columns:
        return False
    if names is None:
        return any(_look_like_pixels(sample[:, columns]) for columns in (slice(1, None), slice(-1)))
    columns = [place for place, name in enumerate(names) if not _is_other(name, options)]
    called = sum(_PIXEL.fullmatch(names[place].strip()) is not None for place in columns)
    if columns and 2 * called >= len(columns):
        return True
    numbered = [_NUMBERED.fullmatch(names[place].strip()) for place in columns]
    words = {match[1] for match in numbered if match}
    if len(columns) - sum(match is not None for match in numbered) == 1:  # a label with a name of its own
        columns = [place for place, match in zip(columns, numbered, strict=True) if match]
    elif None in numbered:
        return False
    return len(words) == 1 and _look_like_pixels(sample[:, columns])


def _is_other(name: str, options: ReadingOptions) -> bool:
    named = {options.label_column, options.split_column, options.group_column, options.time_column}
    return name.strip() in named or name.strip().lower() in {*LABEL_NAMES, *SPLIT_NAMES, *ROW_NAMES}


def _look_like_pixels(values: npt.NDArray[np.float64]) -> bool:
    count = values.shape[1]
    squares = [count] if count % 3 else [count, count // 3]
    if count < LEAST_PIXELS or not any(math.isqrt(number) ** 2 == number for number in squares):
        return False
    numbers = values[~np.isnan(values)]
    whole = (numbers == np.floor(numbers)) & (numbers >= 0) & (numbers <= 255)
    return bool(2 * len(numbers) >= values.size and whole.all())
