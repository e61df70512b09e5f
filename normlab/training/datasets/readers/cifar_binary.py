"""CIFAR-10's and -100's binary files: records of one label (two of CIFAR-100) and a red, green and blue plane.

Source of the format: https://www.cs.toronto.edu/~kriz/cifar.html, "Binary version".
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from normlab.errors import DatasetError
from normlab.spec.datasets import DATASETS, DatasetName
from normlab.training.datasets.readers.array_pairs import Numbered
from normlab.training.datasets.readers.base import Chunk, Notice, ReadingOptions, Split
from normlab.training.datasets.readers.bundles import Member, members
from normlab.training.datasets.readers.stored_arrays import StoredArray
from normlab.training.datasets.readers.unused_options import refuse_unused

_PIXELS = 3 * 32 * 32
_BATCH = re.compile(r"(data_batch_\d+|test_batch|train|test)\.bin")
_MOST_SNIFFED = 1 << 30


@dataclass(frozen=True)
class _Kind:
    title: str
    label_bytes: int
    largest: tuple[int, ...]
    """Of each label byte; the last is the class."""
    names_file: str

    @property
    def record(self) -> int:
        return self.label_bytes + _PIXELS

    @property
    def classes(self) -> int:
        return self.largest[-1] + 1


_CIFAR10 = _Kind("CIFAR-10", 1, (9,), "batches.meta.txt")
_CIFAR100 = _Kind("CIFAR-100", 2, (19, 99), "fine_label_names.txt")


def open_file(path: Path, options: ReadingOptions) -> "CifarReader | None":
    """Read the binary version, as its tar.gz, as a zip, or one batch; None: this is something else. See "
    "``Reader``."""
    given = members(path, options.limits)
    if len(given) == 1 and not given[0].name:
        kind = next((kind for kind in (_CIFAR10, _CIFAR100) if _looks_like(given[0], kind)), None)
        return None if kind is None else CifarReader(kind, given, None, options)
    batches = [member for member in given if _BATCH.fullmatch(member.base)]
    if not batches or any("batches-py" in member.name for member in given):
        return None
    kind = _CIFAR10 if any("batch" in member.base for member in batches) else _CIFAR100
    names = next((member for member in given if member.base == kind.names_file), None)
    if kind is _CIFAR100 and names is None and any(member.size % kind.record for member in batches):
        return None  # anybody's train.bin
    batches.sort(key=lambda member: (_split(member) is Split.TEST, member.base))
    return CifarReader(kind, batches, names, options)


class CifarReader:
    """Reads the batches in the order of their numbers, the test batch last."""

    format = "cifar_binary"

    def __init__(
        self, kind: _Kind, batches: Sequence[Member], names: Member | None, options: ReadingOptions
    ) -> None:
        """Look at sizes and names.

        Raises:
            DatasetError: a file does not consist of whole records, or has more than the limits allow; an option
                cannot be followed.
        """
        refuse_unused(options, self.format, turn=False, columns=False)
        self.notices: list[Notice] = []
        self._kind, self._batches = kind, batches
        for batch in batches:
            if batch.size % kind.record:
                raise DatasetError(
                    f"{batch.label} has {batch.size} bytes, no multiple of the {kind.record} of a record of "
                    f"{kind.title}: it is cut off or something else."
                )
        if (size := sum(batch.size for batch in batches)) > options.limits.max_decoded_bytes:
            raise DatasetError(
                f"The batches have {size} bytes; {options.limits.max_decoded_bytes} are allowed (max_decoded_bytes)."
            )
        self._names = _default_names(kind) if names is None else _read_names(names, kind)
        if kind is _CIFAR100:
            detail = "Each sample has a coarse label, too (20 superclasses): it was left out."
            self.notices.append(Notice("coarse_labels_ignored", "info", detail))

    def chunks(self) -> Iterator[Chunk]:
        """All samples; see ``Reader``."""
        for batch in self._batches:
            name = batch.base.removesuffix(".bin") or "record"
            records = StoredArray(
                batch.label,
                (batch.size // self._kind.record, self._kind.record),
                np.dtype(np.uint8),
                batch.open,
            )
            split = _split(batch) if batch.name else None
            for start, block in records.blocks():
                labels = block[:, : self._kind.label_bytes]
                wrong = np.argwhere(labels > np.array(self._kind.largest))
                if len(wrong):
                    place, byte = wrong[0].tolist()
                    raise DatasetError(
                        f"{batch.label}: the label of record {start + place} is {labels[place, byte]}; "
                        f"{self._kind.title} has 0 to {self._kind.largest[byte]}."
                    )
                planes = block[:, self._kind.label_bytes :].reshape(-1, 3, 32, 32)
                yield Chunk(
                    np.ascontiguousarray(planes.transpose(0, 2, 3, 1)),
                    labels[:, -1].astype(np.int32),
                    split,
                    Numbered(name, start, len(block)),
                )

    def classes(self) -> Sequence[str]:
        """The names of the classes, by label."""
        return self._names

    def extra(self) -> Mapping[str, Any]:
        """Nothing."""
        return {}


def _split(member: Member) -> Split:
    return Split.TEST if member.base.startswith("test") else Split.TRAINING


def _looks_like(member: Member, kind: _Kind) -> bool:
    """Whether the file has whole records whose labels all are in range: nothing else says so."""
    if not member.size or member.size % kind.record or member.size > _MOST_SNIFFED:
        return False
    with member.open() as stream:
        for start in range(0, member.size, kind.record):
            stream.seek(start)
            labels = stream.read(kind.label_bytes)
            if len(labels) < kind.label_bytes or any(
                a > b for a, b in zip(labels, kind.largest, strict=True)
            ):
                return False
    return True


def _read_names(member: Member, kind: _Kind) -> Sequence[str]:
    names = member.start(1 << 14).decode("utf-8", "replace").split()
    if len(names) != kind.classes:
        raise DatasetError(f"{member.name} has {len(names)} names; {kind.title} has {kind.classes} classes.")
    return names


def _default_names(kind: _Kind) -> Sequence[str]:
    return DATASETS[DatasetName.CIFAR10].classes if kind is _CIFAR10 else [str(label) for label in range(100)]
