"""The classes of a dataset that people bring: how many, in which order, with which samples."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from normlab.errors import DatasetError
from normlab.training.datasets.readers.base import Notice
from normlab.training.datasets.readers.natural_order import natural_key

_EXAMPLES = 5


def check_classes(classes: Sequence[str], labels: NDArray[np.int32]) -> tuple[Notice, ...]:
    """See that a classifier can be trained; tell of classes without samples.

    Raises:
        DatasetError: all samples are of one class, or two classes have one name.
    """
    counts = np.bincount(labels, minlength=len(classes))
    if len(counts) > len(classes):
        raise ValueError("a reader gave labels beyond its classes")
    met = np.flatnonzero(counts)
    if len(met) < 2:
        raise DatasetError(
            f"All {len(labels)} samples are of one class ({classes[int(met[0])]}); a classifier needs two or more."
        )
    if len(set(classes)) < len(classes):
        twice = next(name for place, name in enumerate(classes) if name in classes[:place])
        raise DatasetError(f"Two classes have the name {twice!r}.")
    empty = [classes[place] for place in np.flatnonzero(counts == 0).tolist()]
    if not empty:
        return ()
    detail = "Classes without any sample: the network has outputs for them that never learn."
    return (Notice("empty_class", "warning", detail, len(empty), tuple(empty[:_EXAMPLES])),)


def in_natural_order(
    classes: Sequence[str], labels: NDArray[np.int32]
) -> tuple[list[str], NDArray[np.int32]]:
    """Sort names as people count (2 before 10) and renumber the labels."""
    order = sorted(range(len(classes)), key=lambda place: natural_key(classes[place]))
    places = np.empty(len(classes), np.int32)
    places[order] = np.arange(len(classes), dtype=np.int32)
    return [classes[place] for place in order], places[labels]
