"""Labels as people store them, brought to places in the classes.

Whole numbers of any type, names, a column (n, 1), or one-hot rows (n, k). The classes are the values met, in their
order, or the columns of one-hot rows.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from normlab.errors import DatasetError
from normlab.training.datasets.classes import in_natural_order
from normlab.training.datasets.readers.base import Notice
from normlab.training.datasets.readers.stored_arrays import MOST_TEXT_BYTES, StoredArray

_TEXT = "US"


class Labels:
    """Collects the labels of all parts; 4 bytes of memory for each."""

    def __init__(self, max_classes: int) -> None:
        self._max_classes = max_classes
        self._numbers: dict[int | str, int] = {}
        """Each value met, and its number in the order of meeting."""
        self._columns = 0
        self._parts: list[NDArray[np.int32]] = []

    def add(self, stored: StoredArray) -> None:
        """Read the labels of the next part.

        Raises:
            DatasetError: they are no labels of a classifier, or of more classes than allowed.
        """
        if stored.dtype.itemsize > MOST_TEXT_BYTES:
            raise DatasetError(
                f"{stored.name} has values of type {stored.dtype}: names of classes are not so long."
            )
        one_hot = len(stored.shape) == 2 and stored.shape[1] > 1
        if len(stored.shape) == 0 or len(stored.shape) > 2 or stored.sample_values == 0:
            raise DatasetError(
                f"The labels {stored.name} have the shape {stored.shape}; right is one for each sample: (n,), or "
                "one-hot rows (n, classes)."
            )
        if one_hot and stored.shape[1] > self._max_classes:
            raise DatasetError(
                f"{stored.name} has {stored.shape[1]} columns of classes; {self._max_classes} are allowed "
                "(max_classes)."
            )
        if self._parts and one_hot != bool(self._columns):
            raise DatasetError(
                f"Of {stored.name} and the labels before it one has one-hot rows and one has not."
            )
        if one_hot:
            if self._columns not in {0, stored.shape[1]}:
                raise DatasetError(
                    f"{stored.name} has {stored.shape[1]} columns of classes, the labels before it have "
                    f"{self._columns}."
                )
            self._columns = stored.shape[1]
            self._numbers.update((column, column) for column in range(self._columns))
        labels = np.empty(stored.shape[0], np.int32)
        for start, block in stored.blocks():
            values = _from_one_hot(block, stored.name, start) if one_hot else _flat(block, stored.name, start)
            distinct, places = np.unique(values, return_inverse=True)
            numbers = [self._number(value, stored.name) for value in distinct.tolist()]
            labels[start : start + len(block)] = np.array(numbers, np.int32)[places.reshape(-1)]
        self._parts.append(labels)

    def _number(self, value: Any, name: str) -> int:
        value = value.decode(errors="replace") if isinstance(value, bytes) else value
        number = self._numbers.setdefault(value, len(self._numbers))
        if number >= self._max_classes:
            raise DatasetError(
                f"{name} has more than {self._max_classes} different values (max_classes): are these the labels?"
            )
        return number

    def finish(
        self, names: Mapping[int, str] | None = None
    ) -> tuple[list[str], list[NDArray[np.int32]], list[Notice]]:
        """The classes, the labels of each part (places in the classes), and what is to be told.

        ``names`` are those that the file itself has for the values, all of them.

        Raises:
            DatasetError: a value has no name.
        """
        if any(isinstance(value, str) for value in self._numbers):
            classes, order = in_natural_order(
                [str(value) for value in self._numbers], np.arange(len(self._numbers), dtype=np.int32)
            )
            return classes, [order[part] for part in self._parts], []
        values = sorted(int(value) for value in self._numbers)
        if names is not None:
            if unnamed := [value for value in values if value not in names]:
                raise DatasetError(
                    f"The label {unnamed[0]} has no name: the file names {len(names)} classes."
                )
            values = sorted(names)  # also those of which there are no samples
        places = np.empty(len(self._numbers), np.int32)
        for place, value in enumerate(values):
            if value in self._numbers:
                places[self._numbers[value]] = place
        classes = [names[value] if names else str(value) for value in values]
        return classes, [places[part] for part in self._parts], self._notices(values)

    def _notices(self, values: list[int]) -> list[Notice]:
        count = sum(map(len, self._parts))
        if self._columns:
            detail = f"Labels are one-hot rows of {self._columns} columns; each became the place of its one."
            return [Notice("one_hot_labels", "info", detail, count)]
        if values and values != list(range(len(values))):
            gap = "do not start at 0" if values[0] != 0 else "leave values out"
            detail = (
                f"The labels {gap}: {len(values)} different ones from {values[0]} to {values[-1]}. They became 0 to "
                f"{len(values) - 1}; the classes are named by what stood in the file."
            )
            return [Notice("labels_renumbered", "warning", detail, count)]
        return []


def _flat(block: NDArray[Any], name: str, start: int) -> NDArray[Any]:
    """Labels (n,) or (n, 1) as whole numbers or names."""
    values = block.reshape(len(block))
    if values.dtype.kind in _TEXT or values.dtype.kind in "iub":
        if values.dtype.kind == "u" and values.size and values.max() > np.iinfo(np.int64).max:
            raise DatasetError(f"{name}: {values.max()} is no label.")
        return values.astype(np.int64) if values.dtype.kind in "iub" else values
    if values.dtype.kind != "f":
        raise DatasetError(f"{name} has values of type {values.dtype}; labels are whole numbers or names.")
    with np.errstate(invalid="ignore"):
        wrong = np.flatnonzero((values != np.floor(values)) | ~np.isfinite(values) | (np.abs(values) > 2**53))
    if len(wrong):
        place = int(wrong[0])
        raise DatasetError(
            f"The label {name}[{start + place}] is {values[place]}; labels are whole numbers or names (regression "
            "is not offered)."
        )
    return values.astype(np.int64)


def _from_one_hot(block: NDArray[Any], name: str, start: int) -> NDArray[np.int64]:
    """The place of the only one of each row."""
    if block.dtype.kind not in "iubf":
        raise DatasetError(f"{name} has values of type {block.dtype}; labels are whole numbers or names.")
    ones = block == 1
    wrong = np.flatnonzero((ones.sum(axis=1) != 1) | ((block != 0).sum(axis=1) != 1))
    if len(wrong):
        raise DatasetError(
            f"The label {name}[{start + int(wrong[0])}] is no one-hot row: one value must be 1 and all others 0. "
            "Samples with several labels cannot be learnt."
        )
    return np.asarray(ones.argmax(axis=1), np.int64)
