"""The constants of a table's preparation: which places are taken, and what categories are compared with."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from normlab.spec.layers.preparation import TableInputs

_Integers = npt.NDArray[np.int32]
_Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class TableConstants:
    """Of a table's inputs. A value is one of those that a column of categories has; all columns' are in one row."""

    numbers: _Integers
    """The columns of numbers."""
    indicators: _Integers
    """Of these, which have an input that says whether they are missing."""
    categories: _Integers
    """The columns of categories."""
    counts: _Floats
    """So many categories each of them has."""
    otherwise: _Floats
    """Which value of the column a missing or unknown one is; -1: none."""
    column_of_value: _Integers
    """For each value, which of the columns of categories has it."""
    values: _Floats
    """For each value, its number in its column."""

    @classmethod
    def of(cls, inputs: TableInputs) -> "TableConstants":
        """Those of a table."""
        columns = inputs.categories
        return cls(
            numbers=_integers(inputs.numbers),
            indicators=_integers(inputs.indicators),
            categories=_integers(item.index for item in columns),
            counts=_floats(item.categories for item in columns),
            otherwise=_floats(item.categories if item.missing else -1 for item in columns),
            column_of_value=_integers(
                number for number, item in enumerate(columns) for _ in range(item.values)
            ),
            values=_floats(value for item in columns for value in range(item.values)),
        )


def _integers(numbers: Any) -> _Integers:
    return np.array(list(numbers), np.int32)


def _floats(numbers: Any) -> _Floats:
    return np.array(list(numbers), np.float32)
