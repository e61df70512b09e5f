"""STL-10's binary files: planes of 96 by 96 stored column by column, labels 1 to 10 in files of their own.

Source of the format: https://cs.stanford.edu/~acoates/stl10/.
"""

from pathlib import Path

import numpy as np

from normlab.errors import DatasetError
from normlab.training.datasets.readers.array_pairs import ArrayPair, ArrayPairReader
from normlab.training.datasets.readers.base import Notice, ReadingOptions, Split
from normlab.training.datasets.readers.bundles import Member, members
from normlab.training.datasets.readers.stored_arrays import StoredArray
from normlab.training.datasets.readers.unused_options import refuse_unused

_SIDE = 96
_SAMPLE_BYTES = 3 * _SIDE * _SIDE
_PARTS = ((Split.TRAINING, "train"), (Split.TEST, "test"))
_UINT8 = np.dtype(np.uint8)


def open_file(path: Path, options: ReadingOptions) -> ArrayPairReader | None:
    """Read the files as their tar.gz, or as a zip; None: this is something else. See ``Reader``."""
    by_name = {member.base: member for member in members(path, options.limits)}
    if not {"train_X.bin", "train_y.bin"} <= set(by_name):
        return None
    pairs = []
    for split, part in _PARTS:
        if f"{part}_X.bin" in by_name:
            if f"{part}_y.bin" not in by_name:
                raise DatasetError(f"{part}_X.bin has no {part}_y.bin with its labels beside it.")
            pairs.append(
                ArrayPair(split, _pixels(by_name[f"{part}_X.bin"]), _labels(by_name[f"{part}_y.bin"]))
            )
    notices = []
    if "unlabeled_X.bin" in by_name:
        count = by_name["unlabeled_X.bin"].size // _SAMPLE_BYTES
        notices.append(Notice("unlabelled_ignored", "info", "Pictures without labels were left out.", count))
    names = by_name.get("class_names.txt")
    refuse_unused(options, "stl10", turn=False, columns=False)
    return ArrayPairReader(
        "stl10", pairs, options, notices=notices, class_names=None if names is None else _names(names)
    )


def _pixels(member: Member) -> StoredArray:
    if member.size % _SAMPLE_BYTES:
        raise DatasetError(
            f"{member.name} has {member.size} bytes, no multiple of the {_SAMPLE_BYTES} of a picture: it is cut "
            "off or something else."
        )
    shape = (member.size // _SAMPLE_BYTES, _SIDE, _SIDE, 3)
    # Channels, then columns, then the places in a column.
    return StoredArray(
        member.base.removesuffix(".bin"),
        shape,
        _UINT8,
        member.open,
        (3, _SIDE, _SIDE),
        lambda block: block.transpose(0, 3, 2, 1),
    )


def _labels(member: Member) -> StoredArray:
    return StoredArray(member.base.removesuffix(".bin"), (member.size,), _UINT8, member.open)


def _names(member: Member) -> dict[int, str]:
    """One name a line, the first for label 1."""
    return dict(enumerate(member.start(1 << 12).decode("utf-8", "replace").split(), start=1))
