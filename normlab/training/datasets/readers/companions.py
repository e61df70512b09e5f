"""Arrays that stand beside pixels and labels in an ``.npz``: names of classes, groups, times."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from normlab.errors import DatasetError
from normlab.training.datasets.readers.array_names import meaning, without_part
from normlab.training.datasets.readers.base import Chunk, ReadingOptions, Split
from normlab.training.datasets.readers.columns import times_of
from normlab.training.datasets.readers.stored_arrays import MOST_TEXT_BYTES, StoredArray

_NAMES = re.compile(r"(class|label|target|category)_?names?|classes|categories", re.IGNORECASE)


@dataclass(frozen=True)
class Columns:
    """One value for each sample of a part, where the person who brings the file named such arrays."""

    groups: StoredArray | None = None
    times: StoredArray | None = None

    def add_to(self, chunks: Iterator[Chunk], step: int) -> Iterator[Chunk]:
        """The chunks of the part, of ``step`` samples but for the last, with their groups and times.

        Raises:
            DatasetError: a time is none; an array ends too early.
        """
        groups, times = (
            None if array is None else _texts(array, step) for array in (self.groups, self.times)
        )
        for chunk in chunks:
            yield replace(
                chunk,
                groups=None if groups is None else next(groups),
                times=None if times is None else times_of(next(times), chunk.origins),
            )


def _texts(array: StoredArray, step: int) -> Iterator[Sequence[str]]:
    for _, block in array.blocks(step):
        values = block.reshape(len(block))
        yield (
            np.char.decode(values, "utf-8", "replace") if values.dtype.kind == "S" else values.astype(str)
        ).tolist()


def take_class_names(found: dict[str, StoredArray], max_classes: int) -> dict[int, str] | None:
    """Take the array of the classes' names out of the arrays that were found: the first is that of label 0.

    Raises:
        DatasetError: there are too many names, or they are too long.
    """
    for name, array in found.items():
        if _NAMES.fullmatch(name) and array.dtype.kind in "US" and len(array.shape) == 1:
            if array.shape[0] > max_classes:
                raise DatasetError(
                    f"{name} has {array.shape[0]} names; {max_classes} are allowed (max_classes)."
                )
            _check_type(array)
            del found[name]
            return dict(enumerate(text for block in _texts(array, array.step) for text in block))
    return None


def take_columns(found: dict[str, StoredArray], options: ReadingOptions) -> dict[Split | None, Columns]:
    """Take the arrays that ``group_column`` and ``time_column`` name, of each part.

    The array of a part is called by both: ``patient_train``.

    Raises:
        DatasetError: no array has this name.
    """
    groups, times = (
        _take(found, option, getattr(options, option)) for option in ("group_column", "time_column")
    )
    return {split: Columns(groups.get(split), times.get(split)) for split in groups.keys() | times.keys()}


def _take(found: dict[str, StoredArray], option: str, column: str | None) -> dict[Split | None, StoredArray]:
    if column is None:
        return {}
    taken = {
        meaning(name)[1]: array for name, array in found.items() if without_part(name) == without_part(column)
    }
    if not taken:
        raise DatasetError(
            f"{option} is {column}, and the file has no such array: it has {', '.join(found)}."
        )
    for array in taken.values():
        if len(array.shape) != 1 and not (len(array.shape) == 2 and array.shape[1] == 1):
            raise DatasetError(
                f"{array.name} has the shape {array.shape}; right is one value for each sample: (n,)."
            )
        _check_type(array)
        del found[array.name]
    return taken


def _check_type(array: StoredArray) -> None:
    if array.dtype.kind not in "iufMUS" or array.dtype.itemsize > MOST_TEXT_BYTES:
        raise DatasetError(
            f"{array.name} has values of type {array.dtype}: right are numbers, dates or short texts."
        )
