"""What the folders of an archive say: which part a picture belongs to, and which class."""

from collections.abc import Sequence
from typing import NamedTuple

from normlab.errors import DatasetError
from normlab.training.datasets.readers.base import Split

SPLITS = {
    "train": Split.TRAINING,
    "training": Split.TRAINING,
    "val": Split.VALIDATION,
    "valid": Split.VALIDATION,
    "validation": Split.VALIDATION,
    "dev": Split.VALIDATION,
    "test": Split.TEST,
    "testing": Split.TEST,
    "publictest": Split.VALIDATION,
    "privatetest": Split.TEST,
}
"""What folders and columns are called, in lower case. The last two are Kaggle's, whose public test set was for trying
out (FER2013)."""


class Place(NamedTuple):
    """Where a file stands."""

    split: Split | None
    class_name: str | None
    """The topmost folder below outer ones and parts; None: it is in none."""


def places(paths: Sequence[str]) -> list[Place]:
    """The place of each file.

    Outer folders that all have in common are passed over. Then comes a level of ``train``, ``test`` …, if it is there,
    and the class: what is deeper belongs to it. ``class/train/1.png`` is understood as well.

    Raises:
        DatasetError: some files are in such a part and others are not.
    """
    folders = [path.split("/")[:-1] for path in paths]
    start = 0
    while _common(folders, start):
        start += 1
    if any(len(each) > start and each[start].lower() in SPLITS for each in folders):
        return [_in_part(path, each, start) for path, each in zip(paths, folders, strict=True)]
    if folders and all(len(each) > start + 1 and each[start + 1].lower() in SPLITS for each in folders):
        return [Place(SPLITS[each[start + 1].lower()], each[start]) for each in folders]
    return [Place(None, each[start] if len(each) > start else None) for each in folders]


def _common(folders: Sequence[Sequence[str]], level: int) -> bool:
    """Whether all have one folder at a level that is neither a part nor the class."""
    if not folders or len(folders[0]) <= level:
        return False
    first = folders[0][level]
    return first.lower() not in SPLITS and all(
        len(each) > level + 1 and each[level] == first for each in folders
    )


def _in_part(path: str, folders: Sequence[str], start: int) -> Place:
    split = SPLITS.get(folders[start].lower()) if len(folders) > start else None
    if split is None:
        raise DatasetError(
            f"{path} is in no part, while others are in folders such as train and test: put it into one of them."
        )
    return Place(split, folders[start + 1] if len(folders) > start + 1 else None)
