"""A zip or tar of pictures in folders named by their class, with or without parts and Hugging Face's tables.

Samples come in natural order of (file name, then folder) within each part, so that unique numbers as names bring back
the order that the pictures had before they were sorted into folders.
"""

import functools
from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from normlab.errors import DatasetError
from normlab.training.datasets.readers.archive_members import Archive, Member, refuse_archive
from normlab.training.datasets.readers.base import Chunk, Notice, ReadingOptions, Split
from normlab.training.datasets.readers.columns import split_of, times_of
from normlab.training.datasets.readers.folder_layout import Place, places
from normlab.training.datasets.readers.folder_metadata import Row, is_table, read_tables
from normlab.training.datasets.readers.image_files import MAX_EXAMPLES, is_image
from normlab.training.datasets.readers.natural_order import natural_key
from normlab.training.datasets.readers.uniform_pictures import UniformPictures

IMAGE_ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif")
"""Files that are called so and are no picture cannot be read; others that are none are passed over."""
MAX_FILE_BYTES = 256 << 20
"""Of one picture, which is held in memory as a whole: more than an uncompressed one of ``max_pixels`` in colour."""
_HEAD = 64
_LONG_HEAD = 1 << 16
"""What mostly holds a JPEG's header with its EXIF note."""
_ORDER = {None: 0, Split.TRAINING: 0, Split.VALIDATION: 1, Split.TEST: 2}


def open_members(archive: Archive, options: ReadingOptions) -> "FolderReader | None":
    """A reader where there is a picture in the archive. Raises ``DatasetError``."""
    if not any(is_image(archive.read(member, _HEAD)) for member in archive.members):
        return None
    return FolderReader(archive, options, rows=read_tables(archive, options))


class FolderReader:
    """Pictures in folders. All of their headers were looked at when it is made."""

    def __init__(
        self,
        archive: Archive,
        options: ReadingOptions,
        *,
        rows: Mapping[str, Row],
        kind: str = "folders",
        beside: Container[str] = (),
    ) -> None:
        """``rows`` has one for each picture, or none at all. Files ``beside`` the pictures are passed over."""
        self.format = kind
        self._archive = archive
        self._beside = beside
        self._options = options
        self._pictures = UniformPictures(options)
        self._others: list[str] = []
        self._rows = rows
        members = [member for member in archive.members if self._is_wanted(member)]
        placed = self._placed(members)
        self._classes = sorted({str(place.class_name) for place in placed}, key=natural_key)
        self._numbers = {name: number for number, name in enumerate(self._classes)}
        if len(self._classes) > options.limits.max_classes:
            raise DatasetError(
                f"There are {len(self._classes)} classes, more than {options.limits.max_classes} (max_classes): are "
                "the pictures in folders named by their class?"
            )
        self._samples = sorted(
            zip(members, placed, strict=True),
            key=lambda sample: (_ORDER[sample[1].split], *_in_order(sample[0].name)),
        )
        self._pictures.settle()

    def _is_wanted(self, member: Member) -> bool:
        """Whether it is a picture that can be read; archives in the archive are refused."""
        if is_table(member) or member.name in self._beside:
            return False
        head = self._archive.read(member, _HEAD)
        if not is_image(head):
            refuse_archive(self._archive.read(member, 512), member.name)
            if member.name.lower().endswith(IMAGE_ENDINGS):
                self._pictures.leave_out(member.name, "it is no picture" if member.size else "it is empty")
            else:
                self._others.append(member.name)
            return False
        if member.size > MAX_FILE_BYTES:
            self._pictures.leave_out(member.name, f"it has {member.size} bytes, more than {MAX_FILE_BYTES}")
            return False
        if not head.startswith(b"\x89PNG"):
            head = self._archive.read(member, _LONG_HEAD)
        return self._pictures.look(member.name, head, lambda: self._archive.read(member))

    def _placed(self, members: Sequence[Member]) -> list[Place]:
        found = places([member.name for member in members])
        if self._rows:
            return [self._by_table(member.name, place) for member, place in zip(members, found, strict=True)]
        for member, place in zip(members, found, strict=True):
            if place.class_name is None:
                raise DatasetError(
                    f"{member.name} is in no folder named by its class: put it into one, or add a metadata.csv with "
                    "the columns file_name and label."
                )
        return found

    def _by_table(self, name: str, place: Place) -> Place:
        row = self._row(name)
        split = place.split if row.split is None else split_of(row.split, f"the table's row of {name}")
        return Place(split, row.label)

    def _row(self, name: str) -> Row:
        if name not in self._rows:
            raise DatasetError(
                f"{name} is in no row of the table beside it (metadata.csv or .jsonl): add one."
            )
        return self._rows[name]

    @property
    def notices(self) -> list[Notice]:
        """What was met so far."""
        found = self._pictures.notices()
        if self._others:
            found.append(_about(self._others, "other_files", "info", "no pictures, and passed over"))
        empty = self._empty_classes()
        if empty:
            found.append(
                _about(empty, "empty_class", "warning", "folders with no picture that can be read in them")
            )
        return found

    def _empty_classes(self) -> list[str]:
        """Folders with an entry of their own, or with files, and no picture in or below them."""
        full = {parent for member, _ in self._samples for parent in _parents(member.name)}
        return sorted(set(self._archive.folders) - full, key=natural_key)

    def chunks(self) -> Iterator[Chunk]:
        """All pictures, once: those for training first, then those for validation and those to test."""
        try:
            start = 0
            while start < len(self._samples):
                split = self._samples[start][1].split
                some = [
                    sample
                    for sample in self._samples[start : start + self._pictures.at_once]
                    if sample[1].split == split
                ]
                start += len(some)
                chunk = self._chunk(some, split)
                if len(chunk.y):
                    yield chunk
        finally:
            self._archive.close()

    def _chunk(self, samples: Sequence[tuple[Member, Place]], split: Split | None) -> Chunk:
        x, read = self._pictures.decode(
            [member.name for member, _ in samples], [self._archive.read(member) for member, _ in samples]
        )
        kept = [samples[place] for place in read]
        names = [member.name for member, _ in kept]
        labels = np.array([self._numbers[str(place.class_name)] for _, place in kept], np.int32)
        groups = times = None
        if self._options.group_column is not None:
            groups = [str(self._grouped(name).group) for name in names]
        if self._options.time_column is not None:
            times = times_of([str(self._grouped(name).time) for name in names], names)
        return Chunk(x, labels, split, names, groups, times)

    def _grouped(self, name: str) -> Row:
        if not self._rows:
            raise DatasetError(
                "A group_column or time_column of pictures in folders needs a metadata.csv or .jsonl that has it."
            )
        return self._rows[name]

    def classes(self) -> Sequence[str]:
        """The folders' names, or the table's labels, in natural order."""
        return self._classes

    def extra(self) -> Mapping[str, Any]:
        """Nothing more."""
        return {}


def _in_order(path: str) -> tuple[str, str, str]:
    folder, _, name = path.rpartition("/")
    return natural_key(name)[0], _folder_key(folder), path


@functools.lru_cache(maxsize=256)
def _folder_key(folder: str) -> str:
    return natural_key(folder)[0]


def _parents(path: str) -> Iterator[str]:
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def _about(names: Sequence[str], code: str, severity: str, what: str) -> Notice:
    examples = tuple(names[:MAX_EXAMPLES])
    return Notice(code, severity, f"{len(names)}: {what}, such as {examples[0]}.", len(names), examples)
