"""What the values of a column mean: parts and times."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from normlab.errors import DatasetError
from normlab.training.datasets.readers.base import Chunk, Split
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


def part_of_name(name: str) -> Split | None:
    """The part that a file's name says, such as ``fashion-mnist_test.csv`` or ``train-00000-of-00002.parquet``."""
    words = re.findall(r"[a-z]+", name.rsplit("/", 1)[-1].lower())
    return next((SPLITS[word] for word in words if word in SPLITS), None)


def by_part(chunk: Chunk, parts: Sequence[str]) -> Iterator[Chunk]:
    """A chunk of each part in it, by a text for each sample. Raises ``DatasetError`` with its origin."""
    named = {text: split_of(text, chunk.origins[parts.index(text)]) for text in dict.fromkeys(parts)}
    splits = [named[text] for text in parts]
    for split in dict.fromkeys(splits):
        rows = np.array([place for place, each in enumerate(splits) if each == split])
        yield Chunk(
            chunk.x[rows],
            chunk.y[rows],
            split,
            [chunk.origins[row] for row in rows],
            None if chunk.groups is None else [chunk.groups[row] for row in rows],
            None if chunk.times is None else chunk.times[rows],
        )
