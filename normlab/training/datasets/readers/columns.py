"""What the values of a column mean: parts and times."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from normlab.errors import DatasetError
from normlab.training.datasets.readers.base import Split
from normlab.training.datasets.readers.folder_layout import SPLITS


def split_of(value: str, where: str) -> Split:
    """The part that a value names. Raises ``DatasetError``, which says where."""
    name = value.strip().lower()
    split = SPLITS.get(name)
    if split is None:
        raise DatasetError(f"{where}: {value!r} names no part: write train, validation or test.")
    return split


def times_of(values: Sequence[str], origins: Sequence[str]) -> npt.NDArray[Any]:
    """Numbers, or dates as ISO 8601 has them. Raises ``DatasetError`` at the first that is neither."""
    for kind in (np.float64, "datetime64[us]"):
        try:
            times = np.array(values, dtype=kind)
        except ValueError:
            continue
        if not (np.isnan(times) if kind is np.float64 else np.isnat(times)).any():
            return times
    for value, origin in zip(values, origins, strict=True):
        try:
            np.datetime64(value)
        except ValueError:
            raise DatasetError(
                f"{origin}: {value!r} is no time: write a number or a date (2026-11-28)."
            ) from None
    raise DatasetError(
        f"Some times from {origins[0]} on are numbers and some are dates: write one of the two."
    )
